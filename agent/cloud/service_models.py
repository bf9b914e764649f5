"""AWS's service models, each read once: SageMaker's alone takes 50 ms to parse and 20 MiB to keep."""

from __future__ import annotations

from functools import cache

from botocore.loaders import create_loader
from botocore.model import ServiceModel


@cache
def service_model(service: str) -> ServiceModel:
    """botocore's model of a service, such as ``sagemaker``."""
    return ServiceModel(create_loader().load_service_model(service, "service-2"), service)
