"""SageMaker's `train` and `serve` out of the three functions that a model is: `fit`, `load` and `predict`."""
