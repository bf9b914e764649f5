"""The step `build_image` with the builder `engine`, with no more than the permissions of the project's build server."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from agent.artifacts import CommitInfo
from agent.cloud.embedded import EmbeddedCloud
from agent.config.model import Image
from agent.errors import UserCodeFailedError
from agent.image_order import build_order
from agent.images.builders import Builders
from agent.runner import run_step
from pipeline_steps import build_image
from tests.contract.steps.deploy_world import Nap, World, new_world
from tests.docker.conftest import login, reached

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import DockerClient

    from agent.context import Context

IMAGE = Image(builder="engine", context="container", dockerfile="container/Dockerfile")
COMMIT = CommitInfo(sha="c" * 40, committed="2026-03-01T12:00:00Z")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with EmbeddedCloud() as cloud:
        yield new_world(cloud, tmp_path_factory.mktemp("shared"))


@pytest.fixture
def world(shared: World, tmp_path: Path, docker_host: str, monkeypatch: pytest.MonkeyPatch) -> World:
    """The project, with a model repository whose image nobody has built yet."""
    monkeypatch.setenv("DOCKER_HOST", docker_host)
    (tmp_path / "container").mkdir()
    (tmp_path / "container/Dockerfile").write_text('FROM scratch\nCOPY train /opt/program/\nCMD ["train"]\n')
    (tmp_path / "container/train").write_text(str(tmp_path))
    return replace(shared, folder=tmp_path)


def inputs(world: World) -> build_image.Inputs:
    sources = Builders(Nap()).source_digest(build_order(IMAGE, world.folder, COMMIT))
    return build_image.Inputs(project=world.project, image=IMAGE, sources=sources, commit=COMMIT)


def agent(world: World, run: str) -> Context:
    clock = Nap()
    return replace(world.context(run=run, clock=clock), builder=Builders(clock), folder=world.folder)


def test_an_image_is_built_pushed_and_found_by_its_digest(engine: DockerClient, world: World) -> None:
    outcome = run_step(build_image.STEP, inputs(world), agent(world, "one"))
    uri = outcome.result.image.uri
    image = engine.images.pull(reached(world.cloud, uri), auth_config=login(world.cloud, "tools").document())
    assert image.attrs["Config"]["Cmd"] == ["train"]
    assert image.attrs["Created"] == "2026-03-01T12:00:00Z"
    assert image.labels["org.opencontainers.image.revision"] == COMMIT.sha

    again = run_step(build_image.STEP, inputs(world), agent(world, "two"))
    assert (again.recalled, again.result) == (True, outcome.result)


def test_an_image_whose_build_was_forgotten_is_found_by_its_sources(world: World) -> None:
    first = build_image.run(inputs(world), agent(world, "lost"))
    (world.folder / "container/Dockerfile").touch()
    assert build_image.run(inputs(world), agent(world, "again")) == first


def test_two_agents_at_one_engine_make_one_image(world: World) -> None:
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda run: build_image.run(inputs(world), agent(world, run)), ("one", "other"))
    assert one == other


def test_a_failing_instruction_fails_the_step_as_the_user_s_own(world: World) -> None:
    (world.folder / "container/Dockerfile").write_text("FROM scratch\nCOPY absent /\n")
    with pytest.raises(UserCodeFailedError, match="container/Dockerfile:2: COPY absent /"):
        run_step(build_image.STEP, inputs(world), agent(world, "failing"))
