"""The main job as its users run it, where every image has an operating system and every container is a real one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from agent.cloud.embedded import EmbeddedCloud
from tests.e2e.world import World, settle
from tests.engine import python_image

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def world(docker_host: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The tumour example, its image built by the engine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", docker_host)
        with EmbeddedCloud(runtime="docker") as cloud:
            world = settle(cloud, "tumour-byo", tmp_path_factory.mktemp("repositories"))
            world.repository.change("Containers", builder="engine", base_image=python_image())
            yield world


@pytest.fixture(scope="module")
def first(world: World) -> dict[str, Any]:
    """The first run: from nothing to qa."""
    return world.run()


def test_it_goes_from_data_to_a_checked_endpoint(world: World, first: dict[str, Any]) -> None:
    assert first["result"] == "done"
    assert {stage["status"] for stage in first["stages"]} == {"done"}
    assert world.live("qa") == first["release"]


def test_it_is_promoted_in_containers_too(world: World, first: dict[str, Any]) -> None:
    world.cloud.set_clock_rate(20)
    world.modelyard("promote", first["release"][:12], "--to", "prod")
    world.cloud.set_clock_rate(1)
    assert world.live("prod") == first["release"]
