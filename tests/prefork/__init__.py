"""Commands that begin at once: a process that has imported everything forks for each of them.

What runs is an ordinary process all the same: with its own arguments, environment, files, signals and exit code.
"""
