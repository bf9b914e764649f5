"""AWS is busy or short of machines: a run bears it, or ends as temporary and goes on later."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.faults.playing import play
from tests.faults.weather import CASES

if TYPE_CHECKING:
    from tests.faults.case import Case
    from tests.faults.scene import Stage


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_ends_as_it_should_and_is_made_up_for(stage: Stage, case: Case) -> None:
    play(case, stage)
