"""Runs in the ledger: what each one did, and which was the last of a branch."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from agent.ledger.records import Record

if TYPE_CHECKING:
    from agent.ledger.ledger import Ledger

_NOT_IN_KEYS = re.compile(r"[^A-Za-z0-9._-]+")


class StageOfRun(Record):
    """What became of one stage."""

    stage: str = ""
    step: str
    status: str
    seconds: float = 0.0
    key: str = ""
    error: str = ""


class RunRecord(Record):
    """One run that did something, or was refused; a run that found everything done leaves no record."""

    id: str
    who: str
    build_url: str = ""
    branch: str = ""
    pull_request: int | None = None
    tag: str = ""
    reason: str = ""
    origin: str = ""
    commit: str = ""
    result: str
    error: str = ""
    release: str | None = None
    started: datetime
    ended: datetime
    stages: Sequence[StageOfRun]
    results: Mapping[str, Mapping[str, Any]] = {}


def keep_run(ledger: Ledger, record: RunRecord, *, last: bool = True) -> None:
    """Keep a run's record, and make it the ``last`` one of its branch, tag or pull request."""
    ledger.put(f"runs/{_safe(record.id)}.json", record)
    if last:
        ledger.put(_last(record), record)


def last_runs(ledger: Ledger) -> list[RunRecord]:
    """The last run of every branch, tag and pull request, the latest first."""
    found = [ledger.expect(name, RunRecord) for name in ledger.names("last-runs/")]
    return sorted(found, key=lambda record: record.ended, reverse=True)


def _last(record: RunRecord) -> str:
    if record.pull_request is not None:
        name = f"pull-{record.pull_request}"
    else:
        name = f"tag-{_safe(record.tag)}" if record.tag else f"branch-{_safe(record.branch) or 'none'}"
    return f"last-runs/{name}.json"


def _safe(name: str) -> str:
    return _NOT_IN_KEYS.sub("-", name).strip("-")
