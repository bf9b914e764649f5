"""What a serving container finds, behind an endpoint or in a batch transform job.

Sources: "Use your own inference code with hosting services" and "… with batch transform" in the developer guide.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import PurePosixPath


@dataclass(frozen=True, kw_only=True)
class ServingModel:
    """One container of a model.

    ``has_data`` is False where the model has no artifact of its own: the image's ``/opt/ml/model`` is then seen.
    ``multi_model`` is the container's ``Mode`` ``MultiModel``.
    """

    region: str
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    has_data: bool = True
    multi_model: bool = False


@dataclass(frozen=True, kw_only=True)
class Batch:
    """How a transform job asks: payload in MB, requests at once (0: the container says), ``MultiRecord`` or not."""

    max_payload_mb: int = 6
    max_concurrent: int = 0
    strategy: str = "MultiRecord"


def serving_folders(model: ServingModel) -> tuple[str, ...]:
    """The folders under ``/opt/ml`` that exist before the container starts."""
    if not model.has_data:
        return ()
    return ("models",) if model.multi_model else ("model",)


def serving_environment(model: ServingModel, base: PurePosixPath, batch: Batch | None = None) -> Mapping[str, str]:
    """The container's variables; the runtime adds ``SAGEMAKER_BIND_TO_PORT``."""
    return {
        "AWS_REGION": model.region,
        "AWS_DEFAULT_REGION": model.region,
        "SM_MODEL_DIR": f"{base}/model",
        **({"SAGEMAKER_MULTI_MODEL": "true"} if model.multi_model else {}),
        **(_batch_variables(batch) if batch else {}),
        **model.environment,
    }


def _batch_variables(batch: Batch) -> dict[str, str]:
    return {
        "SAGEMAKER_BATCH": "true",
        "SAGEMAKER_BATCH_STRATEGY": batch.strategy,
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": str(batch.max_payload_mb),
        "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": str(batch.max_concurrent),
    }
