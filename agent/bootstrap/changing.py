"""Brings one stack to what is asked of it, and tells why when CloudFormation could not."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from agent.bootstrap.difference import changed_parameters, differences, properties
from agent.bootstrap.template import Deployed
from agent.bootstrap.waiting import failure, progress, until, where
from agent.errors import CloudFailedError
from agent.ports.stacks import Readiness

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.bootstrap.difference import Difference
    from agent.bootstrap.orders import StackOrder
    from agent.errors import AccessDeniedError
    from agent.ports.reporter import Reporter
    from agent.ports.stacks import Proposal, ResourceChange, Stacks, StackState
    from agent.ports.time import Clock

_UNDER_REVIEW = "REVIEW_IN_PROGRESS"
_NEVER_MADE = "ROLLBACK_COMPLETE"
"""A creation that was undone: CloudFormation lets such a stack only be deleted."""
_GOOD = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"})
_SUCCESSFUL = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})


class Outcome(StrEnum):
    """What became of a stack."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, kw_only=True)
class Applied:
    """A stack that is as it was ordered, with its outputs."""

    order: StackOrder
    outcome: Outcome
    outputs: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What applying an order would change; ``outputs`` are those that the stack has now.

    ``parameters`` are those that change, as they are and as they would be, and ``inside`` says by logical id what
    changes in a resource. A stack whose creation failed before is created anew; CloudFormation cannot tell what with.
    """

    order: StackOrder
    new: bool
    changes: tuple[ResourceChange, ...]
    outputs: Mapping[str, str]
    parameters: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    inside: Mapping[str, tuple[Difference, ...]] = field(default_factory=dict)


class StackChange:
    """One order on its way; ``tools_outputs`` are the tools stack's, as far as it is known."""

    def __init__(
        self, order: StackOrder, tools_outputs: Mapping[str, str], *, stacks: Stacks, clock: Clock, report: Reporter
    ) -> None:
        self._order = order
        self._request = order.request(tools_outputs)
        self._stacks = stacks
        self._clock = clock
        self._report = report

    def apply(self) -> Applied:
        """Create or update the stack, unless it is as ordered, and wait until that is done.

        Raises AccessDeniedError and CloudFailedError with the first resource that failed.
        """
        state = self._settled()
        if state is not None and state.status == _NEVER_MADE:
            self._clear_away()
            state = None
        new = state is None or state.status == _UNDER_REVIEW
        change_set, proposal = self._propose(state, new=new)
        if proposal.readiness is Readiness.EMPTY:
            self._stacks.discard(change_set)
            return self._applied(Outcome.UNCHANGED, state)
        self._stacks.carry_out(change_set)
        after = self._settled(begun=state.status if state else _UNDER_REVIEW)
        if after is None or after.status not in _SUCCESSFUL:
            raise self._failure("could not be created" if new else "could not be updated", after)
        return self._applied(Outcome.CREATED if new else Outcome.UPDATED, after)

    def plan(self) -> Planned:
        """What :meth:`apply` would change; nothing is left behind."""
        state = self._settled()
        if state is not None and state.status == _NEVER_MADE:
            return Planned(order=self._order, new=True, changes=(), outputs={})
        new = state is None or state.status == _UNDER_REVIEW
        change_set, proposal = self._propose(state, new=new)
        self._stacks.discard(change_set)
        if state is None:
            self._stacks.delete(self._order.name)
        planned = Planned(order=self._order, new=new, changes=proposal.changes, outputs=state.outputs if state else {})
        return planned if new or state is None or not proposal.changes else self._inside(planned, state)

    def _inside(self, planned: Planned, state: StackState) -> Planned:
        """With what changes within the resources of a stack that is there."""
        wanted = {
            name: state.parameters.get(name, value) if name in self._request.kept else value
            for name, value in self._request.parameters.items()
        }
        deployed = Deployed(text=self._stacks.template(self._order.name))
        old = properties(self._order, deployed, state.parameters)
        new = properties(self._order, self._order.template, wanted)
        inside = {
            change.resource: differences(old.get(change.resource), new.get(change.resource))
            for change in planned.changes
            if old is not None and new is not None and change.action != "Remove"
        }
        return replace(planned, parameters=changed_parameters(state.parameters, wanted), inside=inside)

    def _applied(self, outcome: Outcome, state: StackState | None) -> Applied:
        return Applied(order=self._order, outcome=outcome, outputs=state.outputs if state else {})

    def _propose(self, state: StackState | None, *, new: bool) -> tuple[str, Proposal]:
        """A change set that CloudFormation has accepted, or found to be empty.

        A stack of an earlier version has nothing to keep of a parameter that its template did not know.
        """
        known = self._request.kept & set(state.parameters if state else ())
        change_set = self._stacks.propose(replace(self._request, kept=known), new=new)
        proposal = until(
            self._clock,
            lambda: self._stacks.proposal(change_set),
            lambda found: found.readiness is not Readiness.PENDING,
        )
        if proposal.readiness is Readiness.REFUSED:
            self._stacks.discard(change_set)
            raise CloudFailedError(
                f"{where(self._order)} cannot be changed: CloudFormation refused the change set: {proposal.reason}"
            )
        return change_set, proposal

    def _settled(self, begun: str = "") -> StackState | None:
        """The stack when nothing is under way any more; ``begun`` is the status that a change of ours must leave."""
        state = until(self._clock, self._look, lambda found: found is None or _is_settled(found.status, begun))
        if state is None or state.status in _GOOD | {_UNDER_REVIEW, _NEVER_MADE}:
            return state
        raise self._failure(
            f"is {state.status}: mend the cause, delete the stack or roll it back, and try again", state
        )

    def _look(self) -> StackState | None:
        state = self._stacks.describe(self._order.name)
        if state is not None and not _is_settled(state.status):
            happened = self._stacks.events(self._order.name)
            self._report.doing(f"{self._order.label}: {progress(happened) or state.status}")
        return state

    def _clear_away(self) -> None:
        """Delete what a failed creation left: an entry without resources."""
        self._stacks.delete(self._order.name)
        until(self._clock, lambda: self._stacks.describe(self._order.name), lambda found: found is None)

    def _failure(self, what: str, state: StackState | None) -> AccessDeniedError | CloudFailedError:
        return failure(self._order, what, self._stacks.events(self._order.name) if state else ())


def _is_settled(status: str, begun: str = "") -> bool:
    if status == _UNDER_REVIEW:
        return begun != _UNDER_REVIEW
    return not status.endswith("IN_PROGRESS")
