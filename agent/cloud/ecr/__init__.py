"""ECR's image side: what docker and SageMaker push and pull, with every request authorised as AWS does."""
