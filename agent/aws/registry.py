"""Model packages in SageMaker's registry, with one identity's permissions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from agent.aws.refusals import code, refusals
from agent.ports.registry import Approval, ModelVersion

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from agent.aws.sessions import Clients

_PAGE = 100


class SageMakerRegistry:
    """An :class:`agent.ports.registry.ModelRegistry` over boto3."""

    def __init__(self, clients: Clients, account_id: str) -> None:
        self._clients = clients
        self._account = account_id

    def create(self, request: Mapping[str, Any]) -> str:
        """``CreateModelPackage``."""
        group = str(request.get("ModelPackageGroupName", ""))
        with self._refusals("CreateModelPackage", f"model package group {group}"):
            return str(self._sagemaker.create_model_package(**request)["ModelPackageArn"])

    def describe(self, arn: str) -> ModelVersion | None:
        """``DescribeModelPackage``."""
        with self._refusals("DescribeModelPackage", arn):
            try:
                return _version(self._sagemaker.describe_model_package(ModelPackageName=arn))
            except ClientError as error:
                if _is_absent(error):
                    return None
                raise

    def versions(self, group: str) -> Iterator[ModelVersion]:
        """``ListModelPackages``, page by page."""
        with self._refusals("ListModelPackages", f"model package group {group}"):
            pages = self._sagemaker.get_paginator("list_model_packages").paginate(
                ModelPackageGroupName=group,
                SortBy="CreationTime",
                SortOrder="Descending",
                PaginationConfig={"PageSize": _PAGE},
            )
            for page in pages:
                yield from map(_version, page["ModelPackageSummaryList"])

    def group_exists(self, group: str) -> bool:
        """``DescribeModelPackageGroup``."""
        with self._refusals("DescribeModelPackageGroup", f"model package group {group}"):
            try:
                self._sagemaker.describe_model_package_group(ModelPackageGroupName=group)
            except ClientError as error:
                if _is_absent(error):
                    return False
                raise
        return True

    def create_group(self, group: str, description: str) -> None:
        """``CreateModelPackageGroup``."""
        with self._refusals("CreateModelPackageGroup", f"model package group {group}"):
            try:
                self._sagemaker.create_model_package_group(
                    ModelPackageGroupName=group, ModelPackageGroupDescription=description
                )
            except ClientError as error:
                if "already exists" not in str(error):
                    raise

    @property
    def _sagemaker(self) -> Any:
        return self._clients.client("sagemaker")

    def _refusals(self, operation: str, resource: str) -> AbstractContextManager[None]:
        return refusals(f"sagemaker:{operation}", resource, account=self._account, region=self._clients.region)


def _is_absent(error: ClientError) -> bool:
    """SageMaker has no code of its own for what does not exist; only its words tell."""
    return code(error) == "ResourceNotFound" or (code(error) == "ValidationException" and "not exist" in str(error))


def _version(answer: Mapping[str, Any]) -> ModelVersion:
    """A description or an entry of a listing, which lacks the metadata and who changed it."""
    approval = Approval(answer["ModelApprovalStatus"])
    changed_by = answer.get("LastModifiedBy") or (answer.get("CreatedBy") if approval is not Approval.PENDING else None)
    return ModelVersion(
        arn=answer["ModelPackageArn"],
        version=answer["ModelPackageVersion"],
        approval=approval,
        approval_description=answer.get("ApprovalDescription", ""),
        approved_by=((changed_by or {}).get("IamIdentity") or {}).get("Arn", ""),
        description=answer.get("ModelPackageDescription", ""),
        created=answer.get("CreationTime"),
        metadata=answer.get("CustomerMetadataProperties", {}),
    )
