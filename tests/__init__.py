"""Named as a package so that it is the one that is meant: a dependency of the SageMaker SDK installs a `tests` too."""
