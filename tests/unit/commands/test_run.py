"""The run looks ahead at data where one of its stages will ask for them, and only there."""

from __future__ import annotations

import itertools

import pytest

from agent.commands.run import SNAPSHOT, asks_for_data
from agent.errors import UsageError
from agent.pipeline.stages import JUDGING, RELEASING, select

STAGES = (*JUDGING, *RELEASING)
NAMES = [None, *(stage.name for stage in STAGES)]


@pytest.mark.parametrize(("first", "until"), list(itertools.product(NAMES, NAMES)))
def test_data_are_asked_for_where_their_stage_is_gone_through(first: str | None, until: str | None) -> None:
    try:
        stages = select(STAGES, first=first, until=until)
    except UsageError:
        return
    assert asks_for_data(first, until) is (SNAPSHOT in {stage.name for stage in stages})
