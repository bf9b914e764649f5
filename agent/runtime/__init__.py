"""Runs a container under SageMaker's contract: `/opt/ml`, `train` and `serve`, exit codes and time-outs."""
