"""Model packages: versions of a model group with their approval, and models packaged on their own.

Source: CreateModelPackage, UpdateModelPackage and ListModelPackages in the SageMaker API reference. What is not told
there: AWS lets ``CreateModel`` use a version whatever its approval status, so approval is what pipelines make of it.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from agent.cloud.errors import AwsError, validation_error
from agent.cloud.sagemaker.arn_or_name import arn_of, arn_or_named, kind_of, place_of
from agent.cloud.sagemaker.listing import page
from agent.cloud.sagemaker.model_package_content import completed, containers_of, created, updated
from agent.cloud.sagemaker.model_package_groups import GROUP, PACKAGE, ModelPackageGroup, user_context
from agent.cloud.sagemaker.model_package_requests import (
    created_resource,
    first_of_batch,
    listed_resource,
    package_conditions,
)
from agent.cloud.sagemaker.operation import Operation, without
from agent.cloud.store import Record
from agent.cloud.wire import without_nulls

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from agent.cloud.identity import Call
    from agent.cloud.platform import Platform
    from agent.cloud.sagemaker.model_package_groups import ModelPackageGroups
    from agent.cloud.sagemaker.operation import Members
    from agent.cloud.sagemaker.tags import Tags

STATE_CHANGE = "SageMaker Model Package State Change"
_SUMMARY = (
    "ModelPackageName",
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageArn",
    "ModelPackageDescription",
    "CreationTime",
    "ModelPackageStatus",
    "ModelApprovalStatus",
    "ModelLifeCycle",
    "ModelPackageRegistrationType",
)
_BATCH_SUMMARY = (
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageArn",
    "ModelPackageDescription",
    "CreationTime",
    "InferenceSpecification",
    "ModelPackageStatus",
    "ModelApprovalStatus",
    "ModelPackageRegistrationType",
)


class ModelPackage(Record):
    """A package; ``name`` is as ARNs write it: ``group/version`` for a version. ``content`` is in AWS's shape."""

    arn: str
    created: datetime
    created_by: dict[str, Any]
    modified: datetime | None = None
    modified_by: dict[str, Any] | None = None
    group: str | None = None
    token: str | None = None
    request: dict[str, Any]
    content: dict[str, Any]


class ModelPackages:
    """The model packages of every account."""

    def __init__(self, platform: Platform, tags: Tags, groups: ModelPackageGroups) -> None:
        self._platform = platform
        self._tags = tags
        self._groups = groups
        self.records = platform.store.collection(PACKAGE, ModelPackage)
        groups.has_packages = lambda group: any(self.versions(group))

    def operations(self) -> Mapping[str, Operation]:
        """What this room serves."""
        policy = self._groups.policy_for
        package = arn_or_named(PACKAGE, "ModelPackageName")
        return {
            "CreateModelPackage": Operation(
                run=self.create, resource=created_resource, conditions=package_conditions, policy=policy
            ),
            "DescribeModelPackage": Operation(run=self.describe, resource=package, policy=policy),
            "BatchDescribeModelPackage": Operation(run=self.batch_describe, resource=first_of_batch, policy=policy),
            "ListModelPackages": Operation(run=self.list, resource=listed_resource, policy=policy),
            "UpdateModelPackage": Operation(
                run=self.update,
                resource=arn_or_named(PACKAGE, "ModelPackageArn"),
                conditions=package_conditions,
                policy=policy,
            ),
            "DeleteModelPackage": Operation(run=self.delete, resource=package, policy=policy),
        }

    async def resume(self) -> None:
        """Nothing runs here."""

    async def create(self, call: Call, request: Members) -> Members:
        """``CreateModelPackage``; a ``ClientToken`` that was used already answers the package that it made."""
        if "ModelPackageName" in request and "ModelPackageGroupName" in request:
            raise validation_error(
                "Both ModelPackageName and ModelPackageGroupName are provided in the input. "
                "Cannot determine which one to use."
            )
        if "ModelPackageGroupName" in request:
            return self._create_version(call, request)
        if "ModelPackageName" in request:
            return self._create_unversioned(call, request)
        raise validation_error("Missing ARN.")

    def _create_version(self, call: Call, request: Members) -> Members:
        group = self._groups.find(arn_of(call, GROUP, request["ModelPackageGroupName"]))
        earlier = _made_with(request.get("ClientToken"), self.versions(group))
        if earlier is not None:
            return _same(earlier, request)
        version = group.last_version + 1
        content = created(request, self._cloned(call, request), version=version)
        content["ModelPackageGroupName"] = group.request["ModelPackageGroupName"]
        arn = f"{group.arn.replace(GROUP, PACKAGE, 1)}/{version}"
        self._groups.records.save(group.model_copy(update={"last_version": version}))
        return self._save_new(call, request, arn, content, group.name)

    def _create_unversioned(self, call: Call, request: Members) -> Members:
        arn = call.arn(PACKAGE, request["ModelPackageName"])
        existing = self.records.get(*place_of(arn))
        if existing is not None:
            if _made_with(request.get("ClientToken"), [existing]):
                return _same(existing, request)
            raise validation_error(f"Model Package already exists: {arn}")
        answer = self._save_new(call, request, arn, created(request, self._cloned(call, request)), None)
        self._tags.attach(arn, request.get("Tags"))
        return answer

    def _save_new(self, call: Call, request: Members, arn: str, content: Members, group: str | None) -> Members:
        account, region, name = place_of(arn)
        package = self.records.save(
            ModelPackage(
                account=account,
                region=region,
                name=name,
                arn=arn,
                created=self._platform.clock.now(),
                created_by=user_context(call.caller),
                group=group,
                token=request.get("ClientToken"),
                request=without(request, "ClientToken"),
                content=content,
            )
        )
        self._announce(package)
        return {"ModelPackageArn": arn}

    def _cloned(self, call: Call, request: Members) -> Members | None:
        """The content of the package that ``SourceUri`` names as the one to clone, if it names one."""
        source = request.get("SourceUri", "")
        if "InferenceSpecification" in request or not source.startswith("arn:") or kind_of(source) != PACKAGE:
            return None
        call.require("sagemaker:DescribeModelPackage", source, policy=self._groups.policy_for(source))
        return self.find(source).content

    async def describe(self, call: Call, request: Members) -> Members:
        """``DescribeModelPackage``."""
        document = described(self.find(arn_of(call, PACKAGE, request["ModelPackageName"])))
        if request.get("IncludedData") == "MetadataOnly" and "ModelCard" in document:
            document["ModelCard"] = without(document["ModelCard"], "ModelCardContent")
        return document

    async def batch_describe(self, call: Call, request: Members) -> Members:
        """``BatchDescribeModelPackage``; what is absent has an entry in the map of errors."""
        found: Members = {}
        errors: Members = {}
        for arn in request["ModelPackageArnList"]:
            call.require("sagemaker:BatchDescribeModelPackage", arn, policy=self._groups.policy_for(arn))
            try:
                document = described(self.find(arn))
            except AwsError as error:
                errors[arn] = {"ErrorCode": error.code, "ErrorResponse": error.message}
            else:
                found[arn] = {member: document.get(member) for member in _BATCH_SUMMARY}
        return {"ModelPackageSummaries": found, "BatchDescribeModelPackageErrorMap": errors}

    async def list(self, call: Call, request: Members) -> Members:
        """``ListModelPackages``; without a group and a type, those that are not versions of a group."""
        approval = request.get("ModelApprovalStatus")
        documents = (described(package) for package in self._of_type(call, request))
        summaries = [
            {member: document.get(member) for member in _SUMMARY}
            for document in documents
            if approval in {None, document.get("ModelApprovalStatus")}
        ]
        return page(
            summaries,
            request,
            answer="ModelPackageSummaryList",
            name="ModelPackageName",
            default_order="Ascending",
        )

    def _of_type(self, call: Call, request: Members) -> Iterator[ModelPackage]:
        if "ModelPackageGroupName" in request:
            return self.versions(self._groups.find(arn_of(call, GROUP, request["ModelPackageGroupName"])))
        wanted = {"Versioned": {True}, "Both": {True, False}}.get(request.get("ModelPackageType", ""), {False})
        packages = self.records.of(call.account, call.region)
        return (package for package in packages if (package.group is not None) in wanted)

    async def update(self, call: Call, request: Members) -> Members:
        """``UpdateModelPackage``."""
        package = self.find(request["ModelPackageArn"])
        if package.group is None:
            raise validation_error(f"ModelPackage {package.arn} is not versioned; only versions can be updated.")
        changed = self.records.save(
            package.model_copy(
                update={
                    "content": updated(package.content, request),
                    "modified": self._platform.clock.now(),
                    "modified_by": user_context(call.caller),
                }
            )
        )
        if changed.content["ModelApprovalStatus"] != package.content["ModelApprovalStatus"]:
            self._announce(changed)
        return {"ModelPackageArn": package.arn}

    def _announce(self, package: ModelPackage) -> None:
        """Publish the state of a package. Source: "SageMaker model package state change" of the developer guide."""
        self._platform.events.publish(
            package.account, package.region, STATE_CHANGE, without_nulls(described(package)), [package.arn]
        )

    async def delete(self, call: Call, request: Members) -> Members:
        """``DeleteModelPackage``; models that were made of it stay."""
        package = self.find(arn_of(call, PACKAGE, request["ModelPackageName"]))
        self.records.delete(package)
        self._tags.drop(package.arn)
        return {}

    def find(self, arn: str) -> ModelPackage:
        """The package of that ARN; raises ``ValidationException`` when there is none."""
        package = self.records.get(*place_of(arn)) if kind_of(arn) == PACKAGE else None
        if package is None:
            raise validation_error(f"ModelPackage {arn} does not exist.")
        return package

    def versions(self, group: ModelPackageGroup) -> Iterator[ModelPackage]:
        """The versions of a group that were not deleted."""
        packages = self.records.of(group.account, group.region)
        return (package for package in packages if package.group == group.name)

    def containers_for(self, call: Call, package: str, specification: str | None) -> Sequence[Members]:
        """The container definitions that ``CreateModel`` takes from a package, of any account that shares it.

        ``specification`` names one of the package's additional inference specifications. Raises AccessDeniedException
        unless the caller's policies and, across accounts, the group's policy allow ``sagemaker:CreateModel`` on it.
        """
        arn = arn_of(call, PACKAGE, package)
        if place_of(arn).account != call.account:
            call.require("sagemaker:CreateModel", arn, policy=self._groups.policy_for(arn))
        return containers_of(self.find(arn).content, specification)

    def documents(self, account: str, region: str) -> Iterator[Members]:
        """Every package as ``Search`` sees it."""
        return (described(package) for package in self.records.of(account, region))


def described(package: ModelPackage) -> Members:
    """A package as DescribeModelPackage answers it."""
    name = package.content.get("ModelPackageGroupName") or package.request.get("ModelPackageName")
    changed = {} if package.modified is None else {"LastModifiedTime": package.modified}
    return (
        completed(package.content)
        | changed
        | {
            "ModelPackageName": name,
            "ModelPackageArn": package.arn,
            "CreationTime": package.created,
            "CreatedBy": package.created_by,
            "LastModifiedBy": package.modified_by,
        }
    )


def _made_with(token: str | None, packages: Iterator[ModelPackage] | Sequence[ModelPackage]) -> ModelPackage | None:
    """The package that was made by a request with that ClientToken."""
    return next((package for package in packages if token and package.token == token), None)


def _same(package: ModelPackage, request: Members) -> Members:
    """The answer to a repeated request; the token of a different one is refused."""
    if without(request, "ClientToken") != package.request:
        raise AwsError("ConflictException", f"The ClientToken was already used to create {package.arn} differently.")
    return {"ModelPackageArn": package.arn}
