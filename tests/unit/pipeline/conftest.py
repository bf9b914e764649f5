"""A run whose surroundings are in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest
from tests.fakes import FakeClock, MemoryObjects, KeptReport

from agent.artifacts import CommitInfo
from agent.context import Context, RunInfo
from agent.ledger.ledger import Ledger
from agent.pipeline.wiring import Wiring

if TYPE_CHECKING:
    from pathlib import Path

NOT_USED = cast("Any", None)


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return Context(
        accounts=NOT_USED,
        ledger=Ledger(MemoryObjects(), "bucket"),
        builder=NOT_USED,
        clock=FakeClock(),
        report=KeptReport(),
        run=RunInfo(id="run-1", who="somebody"),
        folder=tmp_path,
    )


@pytest.fixture
def wiring(context: Context) -> Wiring:
    return Wiring(
        configuration=NOT_USED,
        folder=context.folder,
        commit=CommitInfo(sha=""),
        run=context.run,
        builder=NOT_USED,
        champion_of=lambda _environment: None,
    )
