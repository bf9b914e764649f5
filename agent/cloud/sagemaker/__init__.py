"""SageMaker's control plane and runtime, executed rather than pretended."""
