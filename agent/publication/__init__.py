"""What `modelyard publish` reads, writes and answers: the report of a build goes to where people look."""
