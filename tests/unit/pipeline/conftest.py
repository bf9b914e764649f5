"""A run whose surroundings are in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.artifacts import CommitInfo
from agent.pipeline.wiring import Wiring
from tests.unit.pipeline.surroundings import NOT_USED, context_in

if TYPE_CHECKING:
    from pathlib import Path

    from agent.context import Context


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return context_in(tmp_path)


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
