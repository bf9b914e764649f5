"""The configuration of a model repository: from modelyard.yaml to a typed model, with every error located."""
