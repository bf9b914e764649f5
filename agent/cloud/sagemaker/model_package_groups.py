"""Model package groups: the named series that model versions belong to, with the policy that shares them.

Source: CreateModelPackageGroup and PutModelPackageGroupPolicy in the SageMaker API reference, and "Cross-account
discoverability" and "Deploy a model version from a different account" in its developer guide.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from agent.cloud.errors import AwsError, validation_error
from agent.cloud.identity import ResourcePolicy
from agent.cloud.sagemaker.arn_or_name import arn_of, arn_or_named, kind_of, place_of
from agent.cloud.sagemaker.listing import page
from agent.cloud.sagemaker.operation import Operation, named, request_tags, without
from agent.cloud.store import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from agent.cloud.identity import Call, Caller
    from agent.cloud.platform import Platform
    from agent.cloud.sagemaker.operation import Members
    from agent.cloud.sagemaker.tags import Tags

GROUP = "model-package-group"
PACKAGE = "model-package"


class ModelPackageGroup(Record):
    """A group; ``name`` is as ARNs write it, the request keeps it as it was given.

    ``last_version`` only grows, so that the number of a deleted version never comes back.
    """

    arn: str
    created: datetime
    created_by: dict[str, Any]
    request: dict[str, Any]
    policy: str | None = None
    last_version: int = 0


class ModelPackageGroups:
    """The model package groups of every account."""

    def __init__(self, platform: Platform, tags: Tags) -> None:
        self._platform = platform
        self._tags = tags
        self.records = platform.store.collection(GROUP, ModelPackageGroup)
        self.has_packages: Callable[[ModelPackageGroup], bool] = lambda _group: False

    def operations(self) -> Mapping[str, Operation]:
        """What this room serves."""
        own = named(GROUP, "ModelPackageGroupName")
        any_account = arn_or_named(GROUP, "ModelPackageGroupName")
        return {
            "CreateModelPackageGroup": Operation(run=self.create, resource=own, conditions=request_tags),
            "DescribeModelPackageGroup": Operation(run=self.describe, resource=any_account, policy=self.policy_for),
            "DeleteModelPackageGroup": Operation(run=self.delete, resource=any_account, policy=self.policy_for),
            "ListModelPackageGroups": Operation(run=self.list),
            "PutModelPackageGroupPolicy": Operation(run=self.put_policy, resource=own),
            "GetModelPackageGroupPolicy": Operation(run=self.get_policy, resource=own),
            "DeleteModelPackageGroupPolicy": Operation(run=self.delete_policy, resource=own),
        }

    async def resume(self) -> None:
        """Nothing runs here."""

    async def create(self, call: Call, request: Members) -> Members:
        """``CreateModelPackageGroup``."""
        arn = call.arn(GROUP, request["ModelPackageGroupName"])
        if self.records.get(*place_of(arn)):
            raise validation_error(f"Model Package Group already exists: {arn}")
        account, region, name = place_of(arn)
        self._tags.attach(arn, request.get("Tags"))
        self.records.save(
            ModelPackageGroup(
                account=account,
                region=region,
                name=name,
                arn=arn,
                created=self._platform.clock.now(),
                created_by=user_context(call.caller),
                request=without(request, "Tags"),
            )
        )
        return {"ModelPackageGroupArn": arn}

    async def describe(self, call: Call, request: Members) -> Members:
        """``DescribeModelPackageGroup``."""
        return described(self.named(call, request))

    async def delete(self, call: Call, request: Members) -> Members:
        """``DeleteModelPackageGroup``; a group that still has versions stays."""
        group = self.named(call, request)
        if self.has_packages(group):
            message = f"Model Package Group {group.arn} cannot be deleted: it still contains model packages."
            raise AwsError("ConflictException", message)
        self.records.delete(group)
        self._tags.drop(group.arn)
        return {}

    async def list(self, call: Call, request: Members) -> Members:
        """``ListModelPackageGroups``; no group is discoverable from another account without Resource Access Manager."""
        shared = request.get("CrossAccountFilterOption") == "CrossAccount"
        groups = [] if shared else self.records.of(call.account, call.region)
        summaries = [without(described(group), "CreatedBy") for group in groups]
        return page(
            summaries,
            request,
            answer="ModelPackageGroupSummaryList",
            name="ModelPackageGroupName",
            default_order="Ascending",
        )

    async def put_policy(self, call: Call, request: Members) -> Members:
        """``PutModelPackageGroupPolicy``."""
        group = self.named(call, request)
        _check_policy(request["ResourcePolicy"])
        self.records.save(group.model_copy(update={"policy": request["ResourcePolicy"]}))
        return {"ModelPackageGroupArn": group.arn}

    async def get_policy(self, call: Call, request: Members) -> Members:
        """``GetModelPackageGroupPolicy``."""
        return {"ResourcePolicy": self._with_policy(call, request).policy}

    async def delete_policy(self, call: Call, request: Members) -> Members:
        """``DeleteModelPackageGroupPolicy``."""
        self.records.save(self._with_policy(call, request).model_copy(update={"policy": None}))
        return {}

    def _with_policy(self, call: Call, request: Members) -> ModelPackageGroup:
        group = self.named(call, request)
        if group.policy is None:
            raise validation_error(f"Cannot find resource policy for: {group.arn}")
        return group

    def named(self, call: Call, request: Members) -> ModelPackageGroup:
        """The group of the request's ModelPackageGroupName; raises ``ValidationException`` when there is none."""
        return self.find(arn_of(call, GROUP, request["ModelPackageGroupName"]))

    def find(self, arn: str) -> ModelPackageGroup:
        """The group of that ARN; raises ``ValidationException`` when there is none."""
        group = self.records.get(*place_of(arn)) if kind_of(arn) == GROUP else None
        if group is None:
            raise validation_error(f"ModelPackageGroup {arn} does not exist.")
        return group

    def policy_for(self, arn: str) -> ResourcePolicy | None:
        """The policy of the group that an ARN names or that its model package belongs to; None for ``*``."""
        if not arn.startswith("arn:"):
            return None
        account, region, name = place_of(arn)
        group = self.records.get(account, region, name.partition("/")[0])
        return ResourcePolicy(document=group.policy if group else None, owner=account)

    def documents(self, account: str, region: str) -> Iterator[Members]:
        """Every group as ``Search`` sees it."""
        return (described(group) for group in self.records.of(account, region))


def described(group: ModelPackageGroup) -> Members:
    """A group as DescribeModelPackageGroup answers it."""
    return {
        **group.request,
        "ModelPackageGroupArn": group.arn,
        "ModelPackageGroupStatus": "Completed",
        "CreationTime": group.created,
        "CreatedBy": group.created_by,
    }


def user_context(caller: Caller) -> Members:
    """SageMaker's record of who created or changed something (``UserContext``)."""
    return {"IamIdentity": {"Arn": caller.arn}}


def _check_policy(text: str) -> None:
    """Raise ``ValidationException`` for what is no policy of a resource."""
    try:
        statements = json.loads(text)["Statement"]
        complete = all(
            {"Effect", "Principal", "Action", "Resource"} <= statement.keys()
            for statement in ([statements] if isinstance(statements, dict) else statements)
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        complete = False
    if not complete:
        raise validation_error(
            "Invalid resource policy: it must be a JSON document whose statements have Effect, Principal, Action and "
            "Resource."
        )
