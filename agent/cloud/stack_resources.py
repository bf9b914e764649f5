"""SageMaker's and Application Auto Scaling's resources in CloudFormation stacks, made by their own operations.

So a stack needs the same permissions and meets the same checks as whoever calls the operations.
Source: CloudFormation template reference, ``AWS::SageMaker::*`` and ``AWS::ApplicationAutoScaling::*``.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from agent.cloud.errors import AwsError
from agent.cloud.identity import Call
from agent.cloud.service_models import service_model
from agent.cloud.stack_kinds import KINDS, Kind, Members

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from botocore.model import Shape

    from agent.cloud.clock import Clock
    from agent.cloud.identity import Caller, Identity
    from agent.cloud.service import JsonService

_POLL_SECONDS = 1.0
"""On the cloud's clock, between two looks at a resource that takes its time."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """A resource of a stack: its physical id (what ``Ref`` gives) and its attributes (``Fn::GetAtt``)."""

    physical_id: str
    attributes: Mapping[str, str]


class StackResource:
    """One resource type, served by one of our services."""

    def __init__(self, kind: Kind, service: JsonService, identity: Identity, clock: Clock) -> None:
        self.kind = kind
        self._service = service
        self._identity = identity
        self._clock = clock
        self._model = service_model(kind.service)

    async def create(self, caller: Caller, name: str, properties: Members) -> Made:
        """Make the resource and wait until it is ready; raises AwsError."""
        kind = self.kind
        full = {**properties, **({kind.name: name} if kind.name else kind.identify("", properties))}
        answer = await self._call(caller, kind.create, full)
        await self._set_policy(caller, {}, full)
        return await self._made(caller, kind.physical_id(answer, full), full)

    async def update(self, caller: Caller, physical_id: str, old: Members, new: Members) -> Made:
        """Change the resource in place and wait until it is ready; raises AwsError."""
        full = {**new, **self.kind.identify(physical_id, new)}
        if self.kind.update and _without_tags(old) != _without_tags(new):
            await self._call(caller, self.kind.update, full)
        await self._set_policy(caller, old, full)
        await self._set_tags(caller, physical_id, old, new)
        return await self._made(caller, physical_id, full)

    async def delete(self, caller: Caller, physical_id: str, properties: Members) -> None:
        """Delete the resource and wait until it is gone; one that is gone already is no error."""
        named = self.kind.identify(physical_id, properties)
        try:
            await self._call(caller, self.kind.delete, named)
            while self.kind.progress is not None:
                await self._call(caller, self.kind.describe, named)
                await self._clock.sleep(_POLL_SECONDS)
        except AwsError as error:
            if not _is_absence(error):
                raise

    async def _made(self, caller: Caller, physical_id: str, properties: Members) -> Made:
        described: Members = {"": physical_id}
        if any(self.kind.attributes.values()):
            described |= await self._ready(caller, self.kind.identify(physical_id, properties), properties)
        attributes = {name: _attribute(described.get(member)) for name, member in self.kind.attributes.items()}
        return Made(physical_id=physical_id, attributes=attributes)

    async def _ready(self, caller: Caller, named: Members, properties: Members) -> Members:
        described = await self._call(caller, self.kind.describe, named)
        progress = self.kind.progress
        if progress is None:
            return described
        while described[progress.member] in progress.under_way:
            await self._clock.sleep(_POLL_SECONDS)
            described = await self._call(caller, self.kind.describe, named)
        # A change that failed may have been taken back, which leaves the resource good but as it was before.
        if described[progress.member] != progress.good or described[progress.asked] != properties[progress.asked]:
            reason = described.get("FailureReason") or f"{progress.member} is {described[progress.member]}"
            raise AwsError("NotStabilized", str(reason))
        return described

    async def _set_policy(self, caller: Caller, old: Members, new: Members) -> None:
        policy = self.kind.policy
        if policy is None or old.get(policy.name) == new.get(policy.name):
            return
        named = {self.kind.name or "": new[self.kind.name or ""]}
        document = new.get(policy.name)
        if document is None:
            await self._call(caller, policy.delete, named)
        else:
            text = document if isinstance(document, str) else json.dumps(document)
            await self._call(caller, policy.put, {**named, policy.member: text})

    async def _set_tags(self, caller: Caller, arn: str, old: Members, new: Members) -> None:
        if self.kind.service != "sagemaker":
            return
        kept = {tag["Key"] for tag in new.get("Tags") or []}
        gone = [tag["Key"] for tag in old.get("Tags") or [] if tag["Key"] not in kept]
        if gone:
            await self._call(caller, "DeleteTags", {"ResourceArn": arn, "TagKeys": gone})
        if new.get("Tags") and new.get("Tags") != old.get("Tags"):
            await self._call(caller, "AddTags", {"ResourceArn": arn, "Tags": new["Tags"]})

    async def _call(self, caller: Caller, operation: str, request: Members) -> Members:
        call = Call(
            caller=caller,
            service=self.kind.service,
            operation=operation,
            request_id=str(uuid.uuid4()),
            identity=self._identity,
        )
        shape = self._model.operation_model(operation).input_shape
        return await self._service.handle(call, _typed(shape, request))


def stack_resources(
    sagemaker: JsonService, autoscaling: JsonService, identity: Identity, clock: Clock
) -> dict[str, StackResource]:
    """The resource types of both services by name."""
    services = {"sagemaker": sagemaker, "application-autoscaling": autoscaling}
    return {name: StackResource(kind, services[kind.service], identity, clock) for name, kind in KINDS.items()}


def _attribute(value: Any) -> str:
    """What ``Fn::GetAtt`` gives is text."""
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _typed(shape: Shape, value: Any) -> Any:
    """A template's value as the operation wants it: templates write numbers and truth as strings, too."""
    if shape.type_name == "structure":
        return {name: _typed(member, value[name]) for name, member in shape.members.items() if name in value}
    if shape.type_name == "list":
        return [_typed(shape.member, item) for item in value]
    if shape.type_name == "map":
        return {str(key): _typed(shape.value, item) for key, item in value.items()}
    return _SCALARS.get(shape.type_name, _text)(value)


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (int, float)) else value


_SCALARS: Mapping[str, Callable[[Any], Any]] = {
    "boolean": lambda value: str(value).lower() == "true",
    "double": float,
    "float": float,
    "integer": int,
    "long": int,
}


def _is_absence(error: AwsError) -> bool:
    return error.code in {"ResourceNotFound", "ObjectNotFoundException"} or "not find" in error.message


def _without_tags(properties: Members) -> Members:
    return {name: value for name, value in properties.items() if name != "Tags"}
