"""Talks to a Jenkins controller: makes the jobs of a model repository, starts and follows builds, answers inputs."""
