"""What the platform's administrators make once for a project, in every account: readable templates and their apply."""
