"""An agent is lost at each of its writes, right before it and right after: whatever was not done, the next one does.

Before a write, the next agent is on the same machine; after it, on another one each time, and finds what was done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent import registry
from agent.cloud.holds import Moment
from tests.faults.walking import COMMAND, Way, recorded, undisturbed, walked

if TYPE_CHECKING:
    from tests.faults.scene import Stage
    from tests.faults.writes import Write

pytestmark = pytest.mark.timeout(1200)
DECISIONS = {"approve", "override"}
"""Steps of no build: somebody says something, and it is one document (``tests/contract/steps/``)."""


@pytest.fixture(scope="module")
def usual(stage: Stage) -> Way:
    return undisturbed(stage)


@pytest.fixture(scope="module", params=list(Moment), ids=lambda moment: moment.value)
def way(request: pytest.FixtureRequest, stage: Stage, usual: Way) -> Way:
    moment: Moment = request.param
    return walked(stage, moment, forgets=moment is Moment.AFTER)


def test_all_writes_are_known(usual: Way) -> None:
    assert set(usual.writes) == set(recorded()), f"the writes are others by now; list them with: {COMMAND}"


def test_each_step_that_writes_is_on_the_way() -> None:
    """A stage that only some projects have is walked through, too."""
    writing = {name for name in registry.step_names() if registry.find_step(name).effect == "write"}
    assert writing - DECISIONS <= {write.stage for write in recorded()}


@pytest.mark.parametrize("write", recorded(), ids=lambda write: write.name)
def test_a_lost_write_is_made_up_for(way: Way, write: Write) -> None:
    assert write in way.killed


def test_the_releases_are_those_of_an_undisturbed_way(usual: Way, way: Way) -> None:
    assert way.releases == usual.releases


def test_nothing_is_asked_for_twice(usual: Way, way: Way) -> None:
    assert way.asked == usual.asked
