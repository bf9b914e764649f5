"""A model that answers rows by its own serving code: SageMaker's batch transform, and the model that it asks.

Only the features are sent, as an endpoint gets them; answers come back in a file for each file of rows, in their order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.jobs.machines import cluster
from agent.jobs.served_model import served

if TYPE_CHECKING:
    from agent.artifacts import DataSet, Model
    from agent.config.network import JobNetwork
    from agent.config.section import Resources
    from agent.config.transform import BatchTransform
    from agent.jobs.order import Request

CSV = "text/csv"
_FEATURES = "$[1:]"
"""All columns but the first one, which is the label (developer guide, "Associate Prediction Results with Input")."""
_LONGEST_ANSWER = 3600
"""InvocationsTimeoutInSeconds (API reference, ``ModelClientConfig``)."""


@dataclass(frozen=True, kw_only=True)
class TransformJob:
    """A model with the rows that it is asked, and the prefix in S3 that its answers go to."""

    role: str
    model: Model
    data: DataSet
    answers: str
    settings: BatchTransform
    resources: Resources
    max_runtime: int
    kms_key: str | None
    network: JobNetwork | None = None
    tags: list[Request] = field(default_factory=list)


def model_request(name: str, job: TransformJob) -> Request:
    """CreateModel, as deployments make it."""
    return {"ModelName": name, **served(job.model, job.role, job.network), "Tags": job.tags}


def transform_request(name: str, job: TransformJob) -> Request:
    """CreateTransformJob; SageMaker sizes the volumes by itself."""
    output: Request = {"S3OutputPath": job.answers, "Accept": CSV, "AssembleWith": "Line"}
    if job.kms_key is not None:
        output["KmsKeyId"] = job.kms_key
    machines = cluster(job.resources, job.kms_key)
    del machines["VolumeSizeInGB"]
    return {
        "TransformJobName": name,
        "ModelName": name,
        "BatchStrategy": job.settings.strategy,
        "MaxPayloadInMB": job.settings.max_payload_mb,
        "MaxConcurrentTransforms": job.settings.max_concurrent,
        "ModelClientConfig": {"InvocationsTimeoutInSeconds": min(job.max_runtime, _LONGEST_ANSWER)},
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "ManifestFile", "S3Uri": job.data.manifest}},
            "ContentType": CSV,
            "SplitType": "Line",
        },
        "DataProcessing": {"InputFilter": _FEATURES},
        "TransformOutput": output,
        "TransformResources": machines,
        "Tags": job.tags,
    }
