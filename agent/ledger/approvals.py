"""Approvals in the ledger: who said yes to a release in an environment, each in a document of its own run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from agent.ledger.ledger import RELEASES, numbered
from agent.ledger.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.ledger.ledger import Ledger


class Approved(Record):
    """An approval as the history of an environment quotes it; ``run`` is where it was given."""

    by: str
    reason: str
    at: datetime
    run: str


class Approval(Approved):
    """A person's yes to one release in one environment; ``review`` is the digest of the evidence that was shown."""

    environment: str
    release: str
    expires: datetime
    review: str = ""
    build_url: str = ""

    def quoted(self) -> Approved:
        """What a history says of it."""
        return Approved(by=self.by, reason=self.reason, at=self.at, run=self.run)


@dataclass(frozen=True, kw_only=True)
class Kept:
    """An approval in the ledger; ``after_release`` tells by S3's own clock whether the release was there before it."""

    approval: Approval
    after_release: bool


class Approvals:
    """The approvals of a project."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def of(self, environment: str, release: str) -> tuple[Kept, ...]:
        """All approvals of a release in an environment, newest first."""
        folder = _folder(environment, release)
        listed = [(folder + entry.key.rpartition(folder)[2], entry.modified) for entry in self._ledger.listed(folder)]
        if not listed:
            return ()
        made = max((entry.modified for entry in self._ledger.listed(f"{RELEASES}{release}.json")), default=None)
        found = [
            Kept(
                approval=self._ledger.expect(name, Approval),
                after_release=made is not None and made <= modified,
            )
            for name, modified in listed
        ]
        return tuple(sorted(found, key=lambda kept: kept.approval.at, reverse=True))

    def of_run(self, environment: str, release: str, run: str) -> Iterator[Approval]:
        """What one run has approved of it; more than one only where the first did not count any more."""
        number = 1
        while found := self._ledger.read(numbered(_stem(environment, release, run), number), Approval):
            yield found
            number += 1

    def add(self, approval: Approval) -> Approval:
        """Keep an approval beside what its run has approved before, and answer it; nothing is ever written over."""
        self._ledger.append(_stem(approval.environment, approval.release, approval.run), approval)
        return approval

    def uri(self, environment: str, release: str, run: str) -> str:
        """The S3 address of a run's approval."""
        return self._ledger.uri(numbered(_stem(environment, release, run), 1))


def _folder(environment: str, release: str) -> str:
    return f"approvals/{environment}/{release}/"


def _stem(environment: str, release: str, run: str) -> str:
    return f"{_folder(environment, release)}{run}"
