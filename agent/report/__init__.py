"""What a build came to, for people and for Jenkins: one value, and page, comment, JUnit and check made of it."""
