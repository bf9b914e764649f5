"""What makes a ``CreateModel`` request sensible beyond its shape: which containers, and what each may name.

Source: CreateModel and ContainerDefinition in the SageMaker API reference; the wording is AWS's where it is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.cloud.errors import validation_error
from agent.errors import UsageError
from agent.images.reference import parse_reference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.cloud.sagemaker.operation import Members

_MOST_ENVIRONMENT = 32 * 1024


def check(request: Members) -> None:
    """Raise ``ValidationException`` for a model that AWS would not create."""
    containers = definitions(request)
    for container in containers:
        _check_source(container)
    _check_hostnames(containers)
    _check_direct(request, containers)
    _check_environment(containers)
    if "ExecutionRoleArn" not in request:
        raise validation_error("ExecutionRoleArn is required to create a model.")


def definitions(request: Members) -> list[Members]:
    """The container definitions of a request, in order; raises unless there is one way to read it."""
    primary: Any = request.get("PrimaryContainer")
    several: Any = request.get("Containers")
    if primary is not None and several:
        raise validation_error("PrimaryContainer and Containers cannot both be specified.")
    if primary is None and not several:
        raise validation_error("Either PrimaryContainer or Containers must be specified.")
    return list(several or [primary])


def _check_source(container: Members) -> None:
    packaged = "ModelPackageName" in container
    of_its_own = [member for member in ("Image", "ModelDataUrl", "ModelDataSource") if member in container]
    if packaged == ("Image" in container) or (packaged and of_its_own):
        raise validation_error(
            "Specify one of either Image and Model Data URL or ModelPackageName in container definition."
        )
    if "ModelDataUrl" in container and "ModelDataSource" in container:
        raise validation_error("ModelDataUrl and ModelDataSource cannot both be specified in a container definition.")
    if "InferenceSpecificationName" in container and not packaged:
        raise validation_error("InferenceSpecificationName needs a ModelPackageName in the container definition.")
    if "Image" in container:
        _check_image(container)


def _check_image(container: Members) -> None:
    mode = (container.get("ImageConfig") or {}).get("RepositoryAccessMode", "Platform")
    try:
        in_ecr = parse_reference(container["Image"]).account is not None
    except UsageError:
        in_ecr = False
    if not in_ecr and mode == "Platform":
        raise validation_error(
            f'Using non-ECR image "{container["Image"]}" without Vpc repository access mode is not supported.'
        )


def _check_hostnames(containers: Sequence[Members]) -> None:
    """In a pipeline either every container has a name of its own or none has one."""
    names = [container["ContainerHostname"] for container in containers if "ContainerHostname" in container]
    if len(set(names)) < len(names):
        raise validation_error("Each ContainerHostname in Containers must be unique.")
    if len(containers) > 1 and names and len(names) < len(containers):
        raise validation_error("ContainerHostname must be specified for every container or for none.")


def _check_direct(request: Members, containers: Sequence[Members]) -> None:
    mode = (request.get("InferenceExecutionConfig") or {}).get("Mode")
    if mode == "Direct" and len(containers) < 2:
        raise validation_error("InferenceExecutionConfig Mode Direct needs at least two Containers.")
    if mode == "Direct" and any("ContainerHostname" not in container for container in containers):
        raise validation_error("InferenceExecutionConfig Mode Direct needs a ContainerHostname for every container.")


def _check_environment(containers: Sequence[Members]) -> None:
    entries = [entry for container in containers for entry in (container.get("Environment") or {}).items()]
    if sum(len(key.encode()) + len(value.encode()) for key, value in entries) > _MOST_ENVIRONMENT:
        raise validation_error("The environment variables of all containers together must not exceed 32 KB.")
