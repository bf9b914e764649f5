"""A pull request's endpoint gets on after a fault, and nothing of it is left once its time is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.faults.playing import play_beside
from tests.faults.previews import CASES
from tests.faults.pull_request import BUILD, with_pull_requests

if TYPE_CHECKING:
    from tests.faults.case import Case
    from tests.faults.scene import Scene, Stage


@pytest.fixture(scope="module")
def scene(stage: Stage) -> Scene:
    """A project with a pull request whose model has been evaluated."""
    made = stage.fresh(with_pull_requests)
    ended = made.run(*BUILD, "--until", "gate")
    assert ended.code == 0, ended
    return made


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_ends_as_it_should_and_is_made_up_for(scene: Scene, case: Case) -> None:
    play_beside(case, scene)
