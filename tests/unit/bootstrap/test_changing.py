"""How one stack is brought to what is asked of it, told by a CloudFormation that follows a script."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from agent.bootstrap.changing import Outcome, StackChange
from agent.bootstrap.orders import StackOrder, orders
from agent.bootstrap.template import Template
from agent.bootstrap.waiting import first_failure
from agent.errors import AccessDeniedError, CloudFailedError
from agent.ports.stacks import Proposal, Readiness, ResourceChange, StackEvent, StackPart, StackState
from tests.unit.bootstrap.test_parameters import configuration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.ports.stacks import StackRequest

ACCOUNT, REGION = "111111111111", "eu-central-1"
READY = Proposal(
    readiness=Readiness.READY, changes=(ResourceChange(action="Add", resource="Key", kind="AWS::KMS::Key"),)
)
PENDING = Proposal(readiness=Readiness.PENDING)
EMPTY = Proposal(readiness=Readiness.EMPTY)


def event(status: str, reason: str = "", resource: str = "Key") -> StackEvent:
    return StackEvent(resource=resource, kind="AWS::KMS::Key", status=status, reason=reason)


@dataclass
class ScriptedStacks:
    """Answers ``statuses`` and ``proposals`` one after the other, the last one for good; None is no stack."""

    statuses: list[str | None]
    proposals: list[Proposal] = field(default_factory=lambda: [READY])
    happened: Sequence[StackEvent] = ()
    account: str = ACCOUNT
    region: str = REGION
    asked: list[str] = field(default_factory=list)
    made_of: str = "Resources: {}"
    holds: Sequence[StackPart] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    kept: frozenset[str] = frozenset()

    def describe(self, name: str) -> StackState | None:
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        if status is None:
            return None
        return StackState(status=status, parameters=self.parameters, outputs={"Key": "a-key"})

    def template(self, name: str) -> str:
        return self.made_of

    def parts(self, name: str) -> Sequence[StackPart]:
        return self.holds

    def propose(self, request: StackRequest, *, new: bool) -> str:
        self.asked.append("create" if new else "update")
        self.kept = request.kept
        return "change-set"

    def proposal(self, change_set: str) -> Proposal:
        return self.proposals.pop(0) if len(self.proposals) > 1 else self.proposals[0]

    def carry_out(self, change_set: str) -> None:
        self.asked.append("carry out")

    def discard(self, change_set: str) -> None:
        self.asked.append("discard")

    def delete(self, name: str) -> None:
        self.asked.append("delete")

    def events(self, name: str) -> Sequence[StackEvent]:
        return self.happened


class InstantClock:
    """Time that passes only when someone waits."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    def check(self) -> None:
        """Nothing interrupts."""


class Listener:
    """Remembers what is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def doing(self, what: str) -> None:
        self.told.append(what)

    def fact(self, text: str) -> None:
        self.told.append(text)

    def warn(self, text: str) -> None:
        self.told.append(text)

    def log(self, line: str) -> None:
        self.told.append(line)


def change(stacks: ScriptedStacks, clock: InstantClock | None = None, report: Listener | None = None) -> StackChange:
    order = StackOrder(
        label="tools",
        name="iris-tools",
        account=ACCOUNT,
        region=REGION,
        template=Template.TOOLS,
        parameters={},
        tags={},
    )
    return StackChange(order, {}, stacks=stacks, clock=clock or InstantClock(), report=report or Listener())


def test_a_stack_that_is_not_there_is_created() -> None:
    stacks = ScriptedStacks([None, "REVIEW_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_COMPLETE"])

    done = change(stacks).apply()

    assert (done.outcome, done.outputs) == (Outcome.CREATED, {"Key": "a-key"})
    assert stacks.asked == ["create", "carry out"]


def test_a_stack_that_only_a_plan_has_left_is_created() -> None:
    stacks = ScriptedStacks(["REVIEW_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_COMPLETE"])

    assert change(stacks).apply().outcome is Outcome.CREATED
    assert stacks.asked == ["create", "carry out"]


def test_a_stack_that_differs_is_updated() -> None:
    stacks = ScriptedStacks(["CREATE_COMPLETE", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"])

    assert change(stacks).apply().outcome is Outcome.UPDATED
    assert stacks.asked == ["update", "carry out"]


def test_a_stack_that_is_as_ordered_is_left_alone() -> None:
    stacks = ScriptedStacks(["UPDATE_COMPLETE"], proposals=[PENDING, EMPTY])

    assert change(stacks).apply().outcome is Outcome.UNCHANGED
    assert stacks.asked == ["update", "discard"]


def test_a_stack_of_an_earlier_version_keeps_what_its_template_knew() -> None:
    stacks = ScriptedStacks(["CREATE_COMPLETE"], [EMPTY], parameters={"CiPrincipal": "arn:aws:iam::1:user/x"})
    order = replace(orders(configuration())[0], name="iris-tools")

    StackChange(order, {}, stacks=stacks, clock=InstantClock(), report=Listener()).apply()

    assert "CiService" in order.kept
    assert stacks.kept == {"CiPrincipal"}


def test_what_someone_else_is_doing_is_waited_for() -> None:
    stacks = ScriptedStacks(["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE"], [EMPTY])
    clock = InstantClock()

    assert change(stacks, clock).apply().outcome is Outcome.UNCHANGED
    assert len(clock.waits) == 2


def test_waits_grow_and_stay_short() -> None:
    stacks = ScriptedStacks([None, *["CREATE_IN_PROGRESS"] * 30, "CREATE_COMPLETE"])
    clock = InstantClock()

    change(stacks, clock).apply()

    assert clock.waits == sorted(clock.waits)
    assert clock.waits[-1] == 5


def test_the_resource_that_is_being_made_is_told() -> None:
    stacks = ScriptedStacks([None, "CREATE_IN_PROGRESS", "CREATE_COMPLETE"], happened=[event("CREATE_IN_PROGRESS")])
    report = Listener()

    change(stacks, report=report).apply()

    assert report.told == ["tools: Key CREATE_IN_PROGRESS"]


def test_what_a_failed_creation_left_is_deleted_first() -> None:
    stacks = ScriptedStacks(["ROLLBACK_COMPLETE", "DELETE_IN_PROGRESS", None, "CREATE_COMPLETE"])

    assert change(stacks).apply().outcome is Outcome.CREATED
    assert stacks.asked == ["delete", "create", "carry out"]


@pytest.mark.parametrize(
    ("statuses", "words"),
    [
        ([None, "ROLLBACK_COMPLETE"], "could not be created"),
        (["CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"], "could not be updated"),
    ],
)
def test_a_change_that_was_undone_is_a_failure_with_its_cause(statuses: list[str | None], words: str) -> None:
    stacks = ScriptedStacks(statuses, happened=[event("CREATE_FAILED", "no such thing")])

    with pytest.raises(CloudFailedError) as failure:
        change(stacks).apply()

    line = Template.TOOLS.place("Key")
    assert str(failure.value) == (
        f"the stack iris-tools in account {ACCOUNT}, {REGION} {words}: {line} (Key, AWS::KMS::Key): no such thing"
    )


def test_a_missing_permission_is_told_as_one() -> None:
    reason = "User: arn:aws:iam::111111111111:user/x is not authorized to perform: kms:CreateKey"
    stacks = ScriptedStacks([None, "ROLLBACK_COMPLETE"], happened=[event("CREATE_FAILED", reason)])

    with pytest.raises(AccessDeniedError, match="kms:CreateKey"):
        change(stacks).apply()


def test_a_stack_that_is_stuck_is_told_and_not_touched() -> None:
    stacks = ScriptedStacks(["UPDATE_ROLLBACK_FAILED"], happened=[event("UPDATE_FAILED", "the key is gone")])

    with pytest.raises(CloudFailedError, match=r"is UPDATE_ROLLBACK_FAILED: mend the cause.*the key is gone"):
        change(stacks).apply()

    assert stacks.asked == []


def test_a_change_set_that_is_refused_is_told_and_removed() -> None:
    refused = Proposal(readiness=Readiness.REFUSED, reason="Template error: no Resources")
    stacks = ScriptedStacks(["CREATE_COMPLETE"], proposals=[refused])

    with pytest.raises(CloudFailedError, match="refused the change set: Template error: no Resources"):
        change(stacks).apply()

    assert stacks.asked == ["update", "discard"]


def test_a_plan_of_a_new_stack_leaves_no_trace() -> None:
    stacks = ScriptedStacks([None])

    planned = change(stacks).plan()

    assert planned.new
    assert [line.resource for line in planned.changes] == ["Key"]
    assert stacks.asked == ["create", "discard", "delete"]


def test_a_plan_of_a_stack_leaves_the_stack() -> None:
    stacks = ScriptedStacks(["CREATE_COMPLETE"])

    assert not change(stacks).plan().new
    assert stacks.asked == ["update", "discard"]


def test_the_first_failure_is_the_cause_and_not_what_was_cancelled_for_it() -> None:
    happened = [
        event("CREATE_IN_PROGRESS"),
        event("CREATE_FAILED", "Resource creation cancelled", resource="Bucket"),
        event("CREATE_FAILED", "the cause"),
        event("CREATE_FAILED", "a later one", resource="Bucket"),
    ]

    found = first_failure(happened)

    assert found is not None
    assert found.reason == "the cause"


def test_without_a_failure_there_is_no_cause() -> None:
    assert first_failure([event("CREATE_COMPLETE")]) is None
