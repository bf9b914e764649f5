"""Ends one stack: first what hangs on it that CloudFormation does not know, then the stack, then what it keeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from agent.bootstrap.waiting import failure, progress, until

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.aws.users import Users
    from agent.bootstrap.survey import Survey
    from agent.ports.endpoints import Endpoints
    from agent.ports.kept import Kept, KeptThings
    from agent.ports.reporter import Reporter
    from agent.ports.stacks import Stacks, StackState
    from agent.ports.time import Clock

_FAILED = "DELETE_FAILED"
_USER, _POLICY = "AWS::IAM::User", "AWS::IAM::ManagedPolicy"


class End(StrEnum):
    """What became of a stack."""

    REMOVED = "removed"
    ABSENT = "was not there"


@dataclass(frozen=True, kw_only=True)
class Extent:
    """How much is to go: ``endpoints`` that still serve, and what is kept (``data``), keys after ``key_days``."""

    endpoints: bool = False
    data: bool = False
    key_days: int = 30


@dataclass(frozen=True, kw_only=True)
class Removed:
    """A stack that is not there any more; ``kept`` says what became of what it had kept."""

    survey: Survey
    end: End
    kept: Mapping[Kept, str] = field(default_factory=dict)


class StackRemoval:
    """One stack on its way out."""

    def __init__(self, survey: Survey, *, stacks: Stacks, users: Users, clock: Clock, report: Reporter) -> None:
        self._survey = survey
        self._order = survey.order
        self._stacks = stacks
        self._users = users
        self._clock = clock
        self._report = report

    def remove(self, extent: Extent, *, kept: KeptThings, endpoints: Endpoints) -> Removed:
        """End all that ``extent`` says; whatever is gone already is left alone.

        Raises AccessDeniedError and CloudFailedError with the first resource that could not be deleted.
        """
        for endpoint in self._survey.endpoints if extent.endpoints else ():
            self._end_endpoint(endpoint, endpoints)
        end = self._end_stack()
        told: dict[Kept, str] = {}
        for each in self._survey.stays if extent.data else ():
            self._report.doing(f"{self._order.label}: {each.kind} {each.name}")
            told[each] = kept.remove(each, key_days=extent.key_days)
            self._report.fact(f"{self._order.label}: {each.kind} {each.name} {told[each]}")
        return Removed(survey=self._survey, end=end, kept=told)

    def _end_endpoint(self, name: str, endpoints: Endpoints) -> None:
        self._report.doing(f"{self._order.label}: endpoint {name}")
        endpoints.delete(name)
        until(self._clock, lambda: endpoints.describe(name), lambda found: found is None)
        self._report.fact(f"{self._order.label}: endpoint {name} was removed")

    def _end_stack(self) -> End:
        state = until(self._clock, self._look, lambda found: found is None or not _is_busy(found.status))
        if state is None:
            return End.ABSENT
        for part in self._survey.goes:
            self._let_go(part.kind, part.physical_id)
        self._stacks.delete(self._order.name)
        after = until(self._clock, self._look, lambda found: found is None or found.status == _FAILED)
        if after is not None:
            raise failure(self._order, "could not be deleted", self._stacks.events(self._order.name))
        self._report.fact(f"{self._order.label}: {self._order.name} in account {self._order.account} was removed")
        return End.REMOVED

    def _let_go(self, kind: str, physical_id: str) -> None:
        """IAM deletes no user with access keys, and no policy that somebody has whom the stack does not know."""
        if kind == _USER:
            for key in self._users.access_keys(physical_id):
                self._users.delete_access_key(physical_id, key)
                self._report.fact(f"{self._order.label}: access key {key} of {physical_id} was removed")
        if kind == _POLICY:
            ours = {part.physical_id for part in self._survey.goes}
            for holder in self._users.detach(physical_id, but=ours):
                self._report.fact(f"{self._order.label}: {physical_id} was taken from {holder}")

    def _look(self) -> StackState | None:
        state = self._stacks.describe(self._order.name)
        if state is not None and _is_busy(state.status):
            happened = self._stacks.events(self._order.name)
            self._report.doing(f"{self._order.label}: {progress(happened) or state.status}")
        return state


def _is_busy(status: str) -> bool:
    return status.endswith("IN_PROGRESS") and status != "REVIEW_IN_PROGRESS"
