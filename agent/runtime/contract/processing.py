"""What a processing container finds under ``/opt/ml``.

Sources: "Build your own processing container" and "How Amazon SageMaker Processing configures input and output for
your processing container" in the developer guide.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from agent.errors import UsageError
from agent.runtime.contract.cluster import resource_config

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.runtime.contract.cluster import Cluster

_OPT_ML = PurePosixPath("/opt/ml")
_CONFIG_MEMBERS = (
    "ProcessingJobName",
    "AppSpecification",
    "Environment",
    "ProcessingInputs",
    "ProcessingOutputConfig",
    "ProcessingResources",
    "NetworkConfig",
    "RoleArn",
    "StoppingCondition",
    "ExperimentConfig",
)


@dataclass(frozen=True, kw_only=True)
class ProcessingJob:
    """A processing job as one of its containers knows it; ``request`` is CreateProcessingJob's."""

    arn: str
    region: str
    request: Mapping[str, Any]
    cluster: Cluster


def processing_folders(job: ProcessingJob) -> tuple[str, ...]:
    """The folders under ``/opt/ml`` that exist before the container starts: its inputs and its outputs."""
    inputs = job.request.get("ProcessingInputs") or ()
    outputs = (job.request.get("ProcessingOutputConfig") or {}).get("Outputs") or ()
    sides = [*(entry.get("S3Input") for entry in inputs), *(entry.get("S3Output") for entry in outputs)]
    places = [str(below_opt_ml(side["LocalPath"])) for side in sides if side]
    return ("config", "output", "processing", *places)


def processing_files(job: ProcessingJob) -> Mapping[str, str]:
    """The files under ``/opt/ml`` by relative path."""
    request = {name: job.request[name] for name in _CONFIG_MEMBERS if name in job.request}
    return {
        "config/processingjobconfig.json": json.dumps({"ProcessingJobArn": job.arn, **request}),
        "config/resourceconfig.json": json.dumps(resource_config(job.cluster)),
    }


def processing_environment(job: ProcessingJob) -> Mapping[str, str]:
    """The container's variables: the region's and the request's own."""
    given: Mapping[str, str] = job.request.get("Environment") or {}
    return {"AWS_REGION": job.region, "AWS_DEFAULT_REGION": job.region, **given}


def processing_command(job: ProcessingJob) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """The entrypoint that replaces the image's (None: the image's own), and the arguments."""
    application = job.request["AppSpecification"]
    entrypoint = application.get("ContainerEntrypoint")
    return (tuple(entrypoint) if entrypoint else None), tuple(application.get("ContainerArguments") or ())


def below_opt_ml(local_path: str) -> PurePosixPath:
    """A request's ``LocalPath`` relative to ``/opt/ml``; :class:`agent.errors.UsageError` for any other place."""
    path = PurePosixPath(local_path)
    if not path.is_relative_to(_OPT_ML) or ".." in path.parts:
        raise UsageError(f"LocalPath {local_path!r} must begin with /opt/ml/processing/")
    return path.relative_to(_OPT_ML)


def host_path(opt_ml: Path, local_path: str) -> Path:
    """Where a request's ``LocalPath`` is on the host."""
    return opt_ml / below_opt_ml(local_path)
