"""Looks for secrets in everything that the test suite produced, and fails the run where it finds one.

Known are the secrets that the suite's clouds gave out and that its tests made up; patterns find others. What is looked
through: files (also inside archives and images), what commands and tests said, arguments of processes, and the
environment of users' containers. ``allowed.py`` lists the files that may hold secrets.
"""
