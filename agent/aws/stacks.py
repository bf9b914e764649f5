"""CloudFormation with one identity's permissions: every change is a change set first, so that it can be shown."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from agent.aws.refusals import code, refusals
from agent.ports.stacks import Proposal, Readiness, ResourceChange, StackEvent, StackPart, StackRequest, StackState

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from agent.aws.sessions import Clients

_BEGINNINGS = frozenset({"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS"})
_READINESS = {
    "CREATE_PENDING": Readiness.PENDING,
    "CREATE_IN_PROGRESS": Readiness.PENDING,
    "CREATE_COMPLETE": Readiness.READY,
}
_EMPTY = ("didn't contain changes", "No updates are to be performed")


class CloudFormationStacks:
    """A :class:`agent.ports.stacks.Stacks` over boto3."""

    def __init__(self, clients: Clients, account: str) -> None:
        self.account = account
        self.region = clients.region
        self._clients = clients

    def describe(self, name: str) -> StackState | None:
        """``DescribeStacks``."""
        with self._refusals("DescribeStacks", name):
            try:
                stack = self._client.describe_stacks(StackName=name)["Stacks"][0]
            except ClientError as error:
                if _is_absence(error):
                    return None
                raise
        return StackState(
            status=stack["StackStatus"],
            parameters={entry["ParameterKey"]: entry["ParameterValue"] for entry in stack.get("Parameters", ())},
            outputs={entry["OutputKey"]: entry["OutputValue"] for entry in stack.get("Outputs", ())},
        )

    def template(self, name: str) -> str:
        """``GetTemplate``."""
        with self._refusals("GetTemplate", name):
            body = self._client.get_template(StackName=name, TemplateStage="Original")["TemplateBody"]
        return body if isinstance(body, str) else json.dumps(body)

    def parts(self, name: str) -> Sequence[StackPart]:
        """``ListStackResources``, all pages of it."""
        with self._refusals("ListStackResources", name):
            pages = list(self._pages("list_stack_resources", StackName=name))
        return [
            StackPart(
                resource=entry["LogicalResourceId"],
                kind=entry["ResourceType"],
                physical_id=entry.get("PhysicalResourceId", ""),
            )
            for page in pages
            for entry in page["StackResourceSummaries"]
            if entry["ResourceStatus"] != "DELETE_COMPLETE"
        ]

    def propose(self, request: StackRequest, *, new: bool) -> str:
        """``CreateChangeSet``."""
        parameters: list[dict[str, Any]] = [
            {"ParameterKey": name, "ParameterValue": value}
            for name, value in request.parameters.items()
            if new or name not in request.kept
        ]
        if not new:
            parameters += [{"ParameterKey": name, "UsePreviousValue": True} for name in sorted(request.kept)]
        with self._refusals("CreateChangeSet", request.name):
            answer = self._client.create_change_set(
                StackName=request.name,
                ChangeSetName=f"modelyard-{uuid.uuid4()}",
                ChangeSetType="CREATE" if new else "UPDATE",
                TemplateBody=request.template,
                Parameters=parameters,
                Tags=[{"Key": key, "Value": value} for key, value in request.tags.items()],
                Capabilities=["CAPABILITY_NAMED_IAM"],
            )
        return str(answer["Id"])

    def proposal(self, change_set: str) -> Proposal:
        """``DescribeChangeSet``, all pages of it."""
        with self._refusals("DescribeChangeSet", change_set):
            pages = list(self._pages("describe_change_set", ChangeSetName=change_set))
        reason = str(pages[0].get("StatusReason") or "")
        readiness = _READINESS.get(pages[0]["Status"], Readiness.REFUSED)
        if readiness is Readiness.REFUSED and any(words in reason for words in _EMPTY):
            readiness = Readiness.EMPTY
        changes = tuple(_change(change["ResourceChange"]) for page in pages for change in page.get("Changes", ()))
        return Proposal(readiness=readiness, changes=changes, reason=reason)

    def carry_out(self, change_set: str) -> None:
        """``ExecuteChangeSet``."""
        with self._refusals("ExecuteChangeSet", change_set):
            self._client.execute_change_set(ChangeSetName=change_set)

    def discard(self, change_set: str) -> None:
        """``DeleteChangeSet``."""
        with self._refusals("DeleteChangeSet", change_set):
            self._client.delete_change_set(ChangeSetName=change_set)

    def delete(self, name: str) -> None:
        """``DeleteStack``."""
        with self._refusals("DeleteStack", name):
            self._client.delete_stack(StackName=name)

    def events(self, name: str) -> Sequence[StackEvent]:
        """``DescribeStackEvents``, page by page until the operation's first one."""
        found: list[StackEvent] = []
        with self._refusals("DescribeStackEvents", name):
            for page in self._pages("describe_stack_events", StackName=name):
                for event in page["StackEvents"]:
                    found.append(_event(event))
                    if event.get("PhysicalResourceId") == event["StackId"] and event["ResourceStatus"] in _BEGINNINGS:
                        return found[::-1]
        return found[::-1]

    def _pages(self, operation: str, **request: Any) -> Iterator[Mapping[str, Any]]:
        yield from self._client.get_paginator(operation).paginate(**request)

    @property
    def _client(self) -> Any:
        return self._clients.client("cloudformation")

    def _refusals(self, operation: str, resource: str) -> AbstractContextManager[None]:
        return refusals(f"cloudformation:{operation}", resource, account=self.account, region=self.region)


def _is_absence(error: ClientError) -> bool:
    """CloudFormation has no code of its own for a stack that does not exist."""
    return code(error) == "ValidationError" and "does not exist" in str(error)


def _change(change: Mapping[str, Any]) -> ResourceChange:
    targets = [detail.get("Target", {}) for detail in change.get("Details", ())]
    return ResourceChange(
        action=change["Action"],
        resource=change["LogicalResourceId"],
        kind=change["ResourceType"],
        replaced=change.get("Replacement") == "True",
        perhaps=change.get("Replacement") == "Conditional",
        retained=str(change.get("PolicyAction", "")).endswith("Retain"),
        properties=tuple(sorted({target["Name"] for target in targets if target.get("Name")})),
    )


def _event(event: Mapping[str, Any]) -> StackEvent:
    return StackEvent(
        resource=event["LogicalResourceId"],
        kind=event["ResourceType"],
        status=event["ResourceStatus"],
        reason=event.get("ResourceStatusReason", ""),
    )
