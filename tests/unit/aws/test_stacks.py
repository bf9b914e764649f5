"""CloudFormation's answers, as AWS words them, read by the adapter."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import Stubber

from agent.aws.sessions import Clients, Credentials
from agent.aws.stacks import CloudFormationStacks
from agent.errors import AccessDeniedError
from agent.ports.stacks import Readiness, ResourceChange, StackRequest

ACCOUNT, REGION = "111111111111", "eu-central-1"
STACK = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/iris-tools/0"
CHANGE_SET = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:changeSet/modelyard/0"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Scripted:
    """Stacks whose CloudFormation answers from a list."""

    def __init__(self) -> None:
        keys = Credentials(access_key_id="AKIA0", secret_access_key="secret")
        clients = Clients(credentials=keys, region=REGION)
        self.stubber = Stubber(clients.client("cloudformation"))
        self.stubber.activate()
        self.stacks = CloudFormationStacks(clients, ACCOUNT)

    def answer(self, operation: str, answer: dict[str, Any], expected: dict[str, Any] | None = None) -> None:
        self.stubber.add_response(operation, answer, expected)

    def refuse(self, operation: str, code: str, message: str) -> None:
        self.stubber.add_client_error(operation, code, message, 400)


@pytest.fixture
def scripted() -> Scripted:
    return Scripted()


def request(**members: Any) -> StackRequest:
    return StackRequest(name="iris-tools", template="{}", parameters={"Project": "iris", "Ci": "x"}, **members)


def test_a_stack_that_is_not_there_is_none(scripted: Scripted) -> None:
    scripted.refuse("describe_stacks", "ValidationError", "Stack with id iris-tools does not exist")

    assert scripted.stacks.describe("iris-tools") is None


def test_a_stack_is_described_with_parameters_and_outputs(scripted: Scripted) -> None:
    stack = {
        "StackName": "iris-tools",
        "StackStatus": "CREATE_COMPLETE",
        "CreationTime": NOW,
        "Parameters": [{"ParameterKey": "Project", "ParameterValue": "iris"}],
        "Outputs": [{"OutputKey": "Bucket", "OutputValue": "a-bucket"}],
    }
    scripted.answer("describe_stacks", {"Stacks": [stack]})

    state = scripted.stacks.describe("iris-tools")

    assert state is not None
    assert (state.parameters, state.outputs) == ({"Project": "iris"}, {"Bucket": "a-bucket"})


def test_who_may_not_look_is_told_where(scripted: Scripted) -> None:
    scripted.refuse("describe_stacks", "AccessDenied", "User: x is not authorized")

    with pytest.raises(AccessDeniedError, match=f"cloudformation:DescribeStacks on iris-tools in account {ACCOUNT}"):
        scripted.stacks.describe("iris-tools")


@pytest.mark.parametrize(
    ("new", "parameter"),
    [
        (True, {"ParameterKey": "Ci", "ParameterValue": "x"}),
        (False, {"ParameterKey": "Ci", "UsePreviousValue": True}),
    ],
)
def test_an_existing_stack_keeps_what_is_its_own(scripted: Scripted, new: bool, parameter: dict[str, Any]) -> None:
    seen: list[dict[str, Any]] = []
    events = scripted.stubber.client.meta.events
    events.register("before-parameter-build.*", lambda params, **_: seen.append(params))
    scripted.answer("create_change_set", {"Id": CHANGE_SET, "StackId": STACK})

    scripted.stacks.propose(request(kept=frozenset({"Ci"})), new=new)

    assert parameter in seen[0]["Parameters"]
    assert {"ParameterKey": "Project", "ParameterValue": "iris"} in seen[0]["Parameters"]
    assert seen[0]["ChangeSetType"] == ("CREATE" if new else "UPDATE")


@pytest.mark.parametrize(
    "reason",
    [
        "The submitted information didn't contain changes. Submit different information to create a change set.",
        "No updates are to be performed.",
    ],
)
def test_a_change_set_without_changes_is_empty(scripted: Scripted, reason: str) -> None:
    scripted.answer("describe_change_set", {"Status": "FAILED", "StatusReason": reason})

    assert scripted.stacks.proposal(CHANGE_SET).readiness is Readiness.EMPTY


def test_a_change_set_that_failed_otherwise_is_refused_with_its_reason(scripted: Scripted) -> None:
    scripted.answer("describe_change_set", {"Status": "FAILED", "StatusReason": "Transform is unknown"})

    proposal = scripted.stacks.proposal(CHANGE_SET)

    assert (proposal.readiness, proposal.reason) == (Readiness.REFUSED, "Transform is unknown")


@pytest.mark.parametrize("status", ["CREATE_PENDING", "CREATE_IN_PROGRESS"])
def test_a_change_set_that_is_being_made_is_pending(scripted: Scripted, status: str) -> None:
    scripted.answer("describe_change_set", {"Status": status})

    assert scripted.stacks.proposal(CHANGE_SET).readiness is Readiness.PENDING


def test_changes_come_from_every_page(scripted: Scripted) -> None:
    pages = [("Key", "True", "t"), ("Bucket", "False", None)]
    for resource, replacement, token in pages:
        target = {"Attribute": "Properties", "Name": "Tags"}
        change = {
            "Action": "Modify",
            "LogicalResourceId": resource,
            "ResourceType": "AWS::Any::Thing",
            "Replacement": replacement,
            "Details": [{"Target": target}, {"Target": target}],
        }
        page = {"Status": "CREATE_COMPLETE", "Changes": [{"Type": "Resource", "ResourceChange": change}]}
        scripted.answer("describe_change_set", {**page, "NextToken": token} if token else page)

    proposal = scripted.stacks.proposal(CHANGE_SET)

    assert proposal.changes == tuple(
        ResourceChange(
            action="Modify",
            resource=resource,
            kind="AWS::Any::Thing",
            replaced=replacement == "True",
            properties=("Tags",),
        )
        for resource, replacement, _ in pages
    )


def test_events_are_those_of_the_last_operation_oldest_first(scripted: Scripted) -> None:
    newest_first = [
        ("Key", "key-1", "UPDATE_FAILED"),
        ("iris-tools", STACK, "UPDATE_IN_PROGRESS"),
        ("iris-tools", STACK, "CREATE_COMPLETE"),
        ("Key", "key-1", "CREATE_FAILED"),
    ]
    events = [
        {
            "StackId": STACK,
            "StackName": "iris-tools",
            "EventId": str(number),
            "LogicalResourceId": resource,
            "PhysicalResourceId": physical,
            "ResourceType": "AWS::Any::Thing",
            "ResourceStatus": status,
            "Timestamp": NOW,
        }
        for number, (resource, physical, status) in enumerate(newest_first)
    ]
    scripted.answer("describe_stack_events", {"StackEvents": events})

    happened = scripted.stacks.events("iris-tools")

    assert [event.status for event in happened] == ["UPDATE_IN_PROGRESS", "UPDATE_FAILED"]
