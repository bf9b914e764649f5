"""The Dockerfiles of the examples, built by modelyard and by `docker build` alone, with a small wheel for their own."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from agent.clock import SystemClock
from agent.images.builders import Builders
from agent.ports.images import BuildOrder
from tests.docker_registry import DockerRegistry, docker_registry
from tests.engine import build_image, python_image
from tests.fakes import KeptReport
from tests.sources import ROOT, sources
from tests.wheels import locked, make_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import DockerClient

DOCKERFILES = [path for path in sources() if path.parts[0] == "examples" and path.name == "Dockerfile"]
DIFFERENT = {(ROOT / path).read_text(): path for path in DOCKERFILES}
ASK = ["python3", "-c", "import seldom, shutil; print(seldom.VERSION, shutil.which('train'))"]
ANSWER = b"1.0 /opt/program/train\n"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerRegistry]:
    with docker_registry(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture(params=DIFFERENT.values(), ids=str)
def context(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of an example's build context that needs one wheel, which is on the shelf."""
    copy = shutil.copytree((ROOT / request.param).parent, tmp_path / "container")
    (copy / "requirements.txt").write_text(locked(make_wheel(tmp_path / "shelf", "seldom")))
    return copy


def test_modelyard_builds_it_with_wheels(
    engine: DockerClient,
    registry: DockerRegistry,
    context: Path,
    monkeypatch: pytest.MonkeyPatch,
    docker_host: str,
) -> None:
    for name, value in {
        "DOCKER_HOST": docker_host,
        "PIP_FIND_LINKS": str(context.parent / "shelf"),
        "PIP_NO_INDEX": "1",
        "MODELYARD_CACHE": str(context.parent / "cache"),
    }.items():
        monkeypatch.setenv(name, value)
    order = BuildOrder(
        builder="engine",
        folder=context.parent,
        context="container",
        dockerfile="container/Dockerfile",
        base_image=python_image(),
        requirements="container/requirements.txt",
        build_args={},
    )
    target = registry.target("example")
    digest = Builders(SystemClock()).build_and_push(order, target, tag="1", report=KeptReport())
    image = engine.images.pull(f"{target.uri}@{digest}")
    assert engine.containers.run(image, ASK, remove=True, network_disabled=True) == ANSWER


def test_docker_builds_it_alone(engine: DockerClient, context: Path) -> None:
    """Without a network the wheel lies where the Dockerfile's own default would find it."""
    shutil.copytree(context.parent / "shelf", context / "requirements.txt.wheels")
    arguments = {"BASE_IMAGE": python_image(), "PIP_NO_INDEX": "1"}
    image = build_image(engine, context, buildargs=arguments)
    assert engine.containers.run(image, ASK, remove=True, network_disabled=True) == ANSWER
