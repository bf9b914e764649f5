"""What `tests/faults` does not see of agents that are lost: what of a push arrives twice, and a lost attempt's end.

There an agent is lost at each write, and another one of the same build goes on; here it is one of another build.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.cloud.embedded import EmbeddedCloud
from tests.e2e.agents import Agent
from tests.e2e.past import assert_consistent, attempts, history
from tests.e2e.world import World, stages, steered

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with EmbeddedCloud() as cloud:
        yield steered(cloud, tmp_path_factory.mktemp("repositories"))


def test_a_push_goes_on_where_it_was(world: World) -> None:
    (world.repository.folder / "program/another").write_text("another image")
    words = ("run", "--until", "build_image")
    with Agent(world, *words) as agent:
        agent.hold("ecr:PATCH", seconds=5)
        agent.await_answer("ecr:PUT", "/blobs/uploads/")  # the image's other blob, which travels beside the first
        agent.lose()
    since = world.last_call()
    assert stages(world.run(*words[1:]))["build_image"] == "done"
    assert len(world.answered("ecr:PATCH", since)) == 1, "the blob that had arrived is not sent again"
    assert len(world.answered("ecr:PUT", agent.since, "/manifests/")) == 1


def test_another_build_awaits_the_deployment_of_one_that_was_lost(world: World) -> None:
    with Agent(world, "run") as agent:
        agent.hold_after("sagemaker:CreateEndpoint")
        agent.lose()
    release = world.run()["release"]
    assert len(world.answered("sagemaker:CreateEndpoint", agent.since)) == 1
    assert [(entry["number"], entry["release"], entry["status"]) for entry in history(world, "qa")] == [
        (1, release, "done")
    ]
    assert {one["status"] for one in attempts(world, "deploy")} == {"running", "done"}
    assert world.live("qa") == release
    assert_consistent(world)
