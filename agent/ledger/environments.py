"""What became of every environment: its deployments in order, and which releases it has proved."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from agent.ledger.approvals import Approved
from agent.ledger.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.ledger.ledger import Ledger


class Deployment(Record):
    """One change of an environment, written once when it has ended.

    ``config`` names the model and the endpoint configuration that it brought; ``settings`` is the sha256 over all that
    was asked for; ``alarms`` are those that it left, ``removed`` the older configurations that it took away;
    ``approval`` is the one that allowed it, where the environment needs one.
    """

    number: int = 0
    environment: str
    release: str
    action: Literal["deploy", "promote", "rollback"]
    status: Literal["done", "failed", "interrupted"]
    reason: str = ""
    run: str
    who: str
    build_url: str = ""
    endpoint: str
    config: str
    settings: str
    alarms: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    replaced: str | None = None
    approval: Approved | None = None
    started: datetime
    ended: datetime


class RatedInterval(Record):
    """Where a metric lies, by what is known of it."""

    low: float
    high: float
    level: float


class RatedMetric(Record):
    """A metric of what an endpoint answered, and what the model's ``own`` evaluation said of it on the same data set.

    ``limited`` says whether the environment's check limits it.
    """

    value: float
    interval: RatedInterval | None = None
    own: float | None = None
    limited: bool = False

    @property
    def differs(self) -> bool:
        """Whether the model's own evaluation found a value outside the interval."""
        if self.interval is None or self.own is None:
            return False
        return not self.interval.low <= self.own <= self.interval.high


class Checked(Record):
    """What the last check of a release in an environment came to; ``deployment`` is the one that it followed."""

    environment: str
    release: str
    deployment: int
    key: str
    passed: bool
    requests: int = 0
    rows: int = 0
    metric: str | None = None
    value: float | None = None
    evaluated: int = 0
    metrics: Mapping[str, RatedMetric] = {}
    measurements: str = ""
    load: int = 0
    error_rate: float | None = None
    p50_ms: float | None = None
    p99_ms: float | None = None
    first_ms: float | None = None
    cost: float | None = None
    missed: tuple[str, ...] = ()
    run: str
    ended: datetime


class Environments:
    """The environments of a project, as its ledger knows them."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def newest_first(self, environment: str) -> Iterator[Deployment]:
        """Everything that was tried in an environment, read one by one."""
        for name in reversed(self._ledger.names(_history(environment))):
            yield self._ledger.expect(name, Deployment)

    def history(self, environment: str) -> tuple[Deployment, ...]:
        """Everything that was tried in an environment, oldest first."""
        return tuple(reversed(tuple(self.newest_first(environment))))

    def current(self, environment: str) -> Deployment | None:
        """What the environment serves as far as the ledger knows: its last deployment that was done."""
        return next((one for one in self.newest_first(environment) if one.status == "done"), None)

    def add(self, deployment: Deployment) -> Deployment:
        """Keep a deployment under the next free number, and answer it with that."""
        names = self._ledger.names(_history(deployment.environment))
        number = _number(names[-1]) + 1 if names else 1
        while True:
            entry = deployment.model_copy(update={"number": number})
            name = f"{_history(entry.environment)}{number:06}.json"
            # A put whose answer was lost is tried again and finds itself there.
            if self._ledger.create(name, entry) or self._ledger.read(name, Deployment) == entry:
                return entry
            number += 1

    def checked(self, environment: str, release: str) -> Checked | None:
        """The last check of a release in an environment, or None."""
        return self._ledger.read(_check(environment, release), Checked)

    def keep_check(self, check: Checked) -> None:
        """Remember what a check came to, instead of an earlier one of the same release."""
        self._ledger.put(_check(check.environment, check.release), check)


def _history(environment: str) -> str:
    return f"environments/{environment}/history/"


def _check(environment: str, release: str) -> str:
    return f"environments/{environment}/checked/{release}.json"


def _number(name: str) -> int:
    return int(name.rpartition("/")[2].removesuffix(".json"))
