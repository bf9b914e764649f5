"""The handler that multi-model-server loads: it multiplies by what the model says."""

import json
from pathlib import Path

from sagemaker_inference.default_handler_service import DefaultHandlerService
from sagemaker_inference.default_inference_handler import DefaultInferenceHandler
from sagemaker_inference.transformer import Transformer


class Handler(DefaultInferenceHandler):
    def default_model_fn(self, model_dir, context=None):
        return json.loads(Path(model_dir, "factor.json").read_text())["factor"]

    def default_predict_fn(self, data, model, context=None):
        return data * model


_service = DefaultHandlerService(transformer=Transformer(default_inference_handler=Handler()))


def handle(data, context):
    return _service.handle(data, context)
