"""What is in a model package, and how requests change it: plain functions of documents in AWS's shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.cloud.errors import validation_error
from agent.cloud.sagemaker.operation import without

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.cloud.sagemaker.operation import Members

_MOST_PROPERTIES = 50
_MOST_SPECIFICATIONS = 15
_REPLACED = (
    "ModelApprovalStatus",
    "ApprovalDescription",
    "ModelPackageRegistrationType",
    "InferenceSpecification",
    "SourceUri",
    "ModelLifeCycle",
)
_OF_VERSIONS_ONLY = ("ModelApprovalStatus", "CustomerMetadataProperties")
_OF_CONTAINERS_IN_MODELS = ("ContainerHostname", "Environment", "Image", "ModelDataSource", "ModelDataUrl")


def created(request: Members, cloned: Members | None, version: int | None = None) -> Members:
    """The content of a new package: ``version`` of a group, or on its own; raises ``ValidationException``.

    ``cloned`` is the content of the package that it is a copy of.
    """
    content = without(request, "ModelPackageName", "ModelPackageGroupName", "Tags", "ClientToken")
    if cloned is not None:
        content = {"InferenceSpecification": cloned.get("InferenceSpecification"), **content}
    _check_specifications(content)
    if version is None:
        _check_unversioned(request)
        return content
    if "Tags" in request:
        raise validation_error("Tags cannot be supplied with ModelPackageGroupName: a version has the group's tags.")
    approval = content.get("ModelApprovalStatus", "PendingManualApproval")
    return {**content, "ModelApprovalStatus": approval, "ModelPackageVersion": version}


def _check_unversioned(request: Members) -> None:
    """Raise for what only versions of a group may have, and for what every other package must."""
    for member in _OF_VERSIONS_ONLY:
        if member in request:
            raise validation_error(f"{member} is not applicable to model packages without a ModelPackageGroupName.")
    specification = request.get("InferenceSpecification") or {}
    required = ("SupportedContentTypes", "SupportedRealtimeInferenceInstanceTypes", "SupportedTransformInstanceTypes")
    missing = [member for member in required if member not in specification]
    if missing:
        raise validation_error(f"InferenceSpecification of an unversioned model package needs {', '.join(missing)}.")
    if any("Environment" in container for container in specification["Containers"]):
        raise validation_error(
            "1 validation errors detected:Environment variable map cannot be specified when using non-versioned "
            "ModelPackages"
        )


def _check_specifications(content: Members) -> None:
    if "SourceAlgorithmSpecification" in content:
        algorithm = content["SourceAlgorithmSpecification"]["SourceAlgorithms"][0]["AlgorithmName"]
        raise validation_error(f"Algorithm {algorithm} does not exist.")
    if not content.get("InferenceSpecification"):
        raise validation_error("Either InferenceSpecification or SourceAlgorithmSpecification must be specified.")
    for specification in (content["InferenceSpecification"], *content.get("AdditionalInferenceSpecifications", [])):
        if any("Image" not in container for container in specification["Containers"]):
            raise validation_error("Every container of an inference specification needs an Image.")
    _check_additional(content.get("AdditionalInferenceSpecifications", []))


def _check_additional(specifications: Sequence[Members]) -> None:
    names = [specification["Name"] for specification in specifications]
    if len(set(names)) < len(names):
        raise validation_error("The names of additional inference specifications must be unique.")
    if len(names) > _MOST_SPECIFICATIONS:
        raise validation_error(
            f"The total number of additional inference specifications can not exceed {_MOST_SPECIFICATIONS}."
        )


def updated(content: Members, request: Members) -> Members:
    """The content of a version after ``UpdateModelPackage``; raises ``ValidationException``."""
    replaced = {member: request[member] for member in _REPLACED if member in request}
    changed = {
        **content,
        **replaced,
        "CustomerMetadataProperties": _properties(content, request),
        "AdditionalInferenceSpecifications": [
            *(content.get("AdditionalInferenceSpecifications") or []),
            *request.get("AdditionalInferenceSpecificationsToAdd", []),
        ],
        "ModelCard": {**(content.get("ModelCard") or {}), **request.get("ModelCard", {})},
    }
    result = {member: value for member, value in changed.items() if value not in ({}, [])}
    _check_specifications(result)
    return result


def _properties(content: Members, request: Members) -> Members:
    removed = set(request.get("CustomerMetadataPropertiesToRemove", []))
    kept = {
        key: value for key, value in (content.get("CustomerMetadataProperties") or {}).items() if key not in removed
    }
    properties = {**kept, **request.get("CustomerMetadataProperties", {})}
    if len(properties) > _MOST_PROPERTIES:
        raise validation_error(f"A model package can have at most {_MOST_PROPERTIES} customer metadata properties.")
    return properties


def completed(content: Members) -> Members:
    """The content as it is described: the status, and the digests of images that are named by digest."""
    return {
        **content,
        "InferenceSpecification": _with_digests(content["InferenceSpecification"]),
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
        "CertifyForMarketplace": content.get("CertifyForMarketplace", False),
    }


def _with_digests(specification: Members) -> Members:
    return {**specification, "Containers": [_with_digest(container) for container in specification["Containers"]]}


def _with_digest(container: Members) -> Members:
    digest = container["Image"].partition("@")[2]
    return {"ImageDigest": digest, **container} if digest else container


def containers_of(content: Members, specification: str | None) -> list[Members]:
    """The containers of a package as ``CreateModel`` would be given them; raises ``ValidationException``."""
    chosen = content["InferenceSpecification"]
    if specification is not None:
        additional = content.get("AdditionalInferenceSpecifications", [])
        found = [candidate for candidate in additional if candidate["Name"] == specification]
        if not found:
            raise validation_error(f"Could not find inference specification {specification} in the model package.")
        chosen = found[0]
    return [
        {member: container[member] for member in _OF_CONTAINERS_IN_MODELS if member in container}
        for container in chosen["Containers"]
    ]
