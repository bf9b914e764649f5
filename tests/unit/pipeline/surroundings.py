"""A context whose surroundings are in memory, for steps that touch no account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from agent.context import Context, RunInfo
from agent.ledger.ledger import Ledger
from tests.fakes import FakeClock, KeptReport, MemoryObjects

if TYPE_CHECKING:
    from pathlib import Path

NOT_USED = cast("Any", None)


def context_in(folder: Path) -> Context:
    return Context(
        accounts=NOT_USED,
        ledger=Ledger(MemoryObjects(), "bucket"),
        builder=NOT_USED,
        clock=FakeClock(),
        report=KeptReport(),
        run=RunInfo(id="run-1", who="somebody"),
        folder=folder,
    )
