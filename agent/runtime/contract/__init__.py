"""SageMaker's contract with its containers, as pure functions: which files and variables each kind of job finds."""
