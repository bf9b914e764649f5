"""Tags of SageMaker resources, kept apart from them because every kind has them alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.cloud.errors import AwsError, could_not_find, validation_error
from agent.cloud.sagemaker.arn_or_name import place_of
from agent.cloud.sagemaker.listing import paged
from agent.cloud.sagemaker.operation import Operation
from agent.cloud.store import Record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.cloud.identity import Call
    from agent.cloud.platform import Platform
    from agent.cloud.sagemaker.operation import Members

_MOST = 50


class TagSet(Record):
    """The tags of one resource; the record's name is the resource's ARN."""

    tags: dict[str, str]


class Tags:
    """``AddTags``, ``ListTags`` and ``DeleteTags``, and what creation requests bring."""

    def __init__(self, platform: Platform) -> None:
        self._store = platform.store
        self._records = platform.store.collection("tags", TagSet)

    def operations(self) -> Mapping[str, Operation]:
        """What this room serves."""
        return {
            "AddTags": Operation(run=self.add, resource=_arn),
            "ListTags": Operation(run=self.list, resource=_arn),
            "DeleteTags": Operation(run=self.delete, resource=_arn),
        }

    async def resume(self) -> None:
        """Nothing runs here."""

    def of(self, arn: str) -> Mapping[str, str]:
        """The tags of a resource; empty for one without tags or one that does not exist."""
        record = self._find(arn)
        return dict(record.tags) if record else {}

    def of_if_arn(self, resource: str) -> Mapping[str, str]:
        """The tags of what a policy calls a resource; ``*`` and malformed ARNs have none."""
        return self.of(resource) if resource.count(":") >= 5 else {}

    def attach(self, arn: str, tags: Sequence[Mapping[str, str]] | None) -> None:
        """Add tags (``[{"Key": …, "Value": …}]``) to a resource, replacing values of known keys.

        Raises AwsError for keys that AWS keeps for itself, that come twice, or that are too many.
        """
        _check(tags or [])
        merged = {**self.of(arn), **{tag["Key"]: tag["Value"] for tag in tags or []}}
        if len(merged) > _MOST:
            message = f"Resource {arn} would have {len(merged)} tags; the limit is {_MOST}."
            raise AwsError("ResourceLimitExceeded", message)
        if merged:
            self._records.save(TagSet(**_place(arn), tags=merged))

    def drop(self, arn: str) -> None:
        """Forget the tags of a deleted resource."""
        record = self._find(arn)
        if record:
            self._records.delete(record)

    async def add(self, call: Call, request: Members) -> Members:
        """``AddTags``."""
        self._own(call, request)
        self.attach(request["ResourceArn"], request["Tags"])
        return {"Tags": _members(self.of(request["ResourceArn"]))}

    async def list(self, call: Call, request: Members) -> Members:
        """``ListTags``."""
        self._own(call, request)
        return paged(_members(self.of(request["ResourceArn"])), request, answer="Tags")

    async def delete(self, call: Call, request: Members) -> Members:
        """``DeleteTags``."""
        self._own(call, request)
        arn = request["ResourceArn"]
        left = {key: value for key, value in self.of(arn).items() if key not in request["TagKeys"]}
        self.drop(arn)
        if left:
            self._records.save(TagSet(**_place(arn), tags=left))
        return {}

    def _own(self, call: Call, request: Members) -> None:
        """Raise unless the caller's account has the resource here."""
        arn = request["ResourceArn"]
        account, region, _ = place_of(arn)
        if account != call.account:
            raise validation_error(f"Resource {arn} does not belong to the caller's account.")
        if region != call.region or not self._store.has(account, region, arn):
            raise could_not_find(arn)

    def _find(self, arn: str) -> TagSet | None:
        place = _place(arn)
        return self._records.get(place["account"], place["region"], place["name"])


def _arn(_call: Call, request: Members) -> str:
    return str(request.get("ResourceArn", "*"))


def _place(arn: str) -> dict[str, str]:
    parts = arn.split(":")
    return {"account": parts[4], "region": parts[3], "name": arn}


def _check(tags: Sequence[Mapping[str, str]]) -> None:
    keys = [tag["Key"] for tag in tags]
    if any(key.lower().startswith("aws:") for key in keys):
        raise validation_error("aws: prefixed tag key names are not allowed for external use.")
    if len(set(keys)) < len(keys):
        raise validation_error("Tag keys must be unique per resource; a key is given more than once.")


def _members(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
