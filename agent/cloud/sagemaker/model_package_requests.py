"""On what requests about model packages are authorised, and under which condition keys.

Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon SageMaker".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.cloud.sagemaker.arn_or_name import arn_of, place_of
from agent.cloud.sagemaker.model_package_groups import GROUP, PACKAGE
from agent.cloud.sagemaker.operation import request_tags

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.cloud.identity import Call
    from agent.cloud.sagemaker.operation import Members


def created_resource(call: Call, request: Members) -> str:
    """A new version has no number yet: permission is needed on all versions of its group."""
    if "ModelPackageGroupName" in request:
        return _versions_of(arn_of(call, GROUP, request["ModelPackageGroupName"]))
    return call.arn(PACKAGE, request.get("ModelPackageName", ""))


def listed_resource(call: Call, request: Members) -> str:
    """``*``, but for the versions of another account's group, whose policy has to allow it."""
    arn = arn_of(call, GROUP, request.get("ModelPackageGroupName", ""))
    return "*" if place_of(arn).account == call.account else _versions_of(arn)


def _versions_of(group_arn: str) -> str:
    return f"{group_arn.replace(GROUP, PACKAGE, 1)}/*"


def first_of_batch(_call: Call, request: Members) -> str:
    """The first ARN; the operation asks for the others itself."""
    arns = request.get("ModelPackageArnList") or [""]
    return arns[0] if arns[0].count(":") >= 5 else "*"


def package_conditions(request: Members) -> Mapping[str, Any]:
    """The condition keys of a request that creates or updates a package."""
    removed = request.get("CustomerMetadataPropertiesToRemove")
    properties = request.get("CustomerMetadataProperties") or {}
    return (
        dict(request_tags(request))
        | (
            {"sagemaker:ModelApprovalStatus": request["ModelApprovalStatus"]}
            if "ModelApprovalStatus" in request
            else {}
        )
        | ({"sagemaker:CustomerMetadataPropertiesToRemove": removed} if removed else {})
        | {f"sagemaker:CustomerMetadataProperties/{key}": value for key, value in properties.items()}
    )
