"""The main job as its users run it, where every image has an operating system and every container is a real one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from agent.cloud.embedded import EmbeddedCloud
from agent.data.download import MIRROR
from tests.docker_registry import docker_registry
from tests.e2e.world import World, settle
from tests.engine import python_image

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import DockerClient

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def world(docker_host: str, shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The abalone example in a cloud that runs containers only; its build server reaches UCI's file in a mirror."""
    monkeypatch.setenv("DOCKER_HOST", docker_host)
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    shutil.copy(shared_data / "abalone.csv", mirror / "abalone.data")
    with EmbeddedCloud(runtime="docker") as cloud:
        settled = settle(cloud, "abalone-byo", tmp_path)
        yield replace(settled, environ={**settled.environ, MIRROR: str(mirror)})


@pytest.fixture
def base(engine: DockerClient, tmp_path: Path) -> Iterator[str]:
    """A base image where an agent without an engine can fetch it, by digest."""
    with docker_registry(tmp_path / "registry") as registry:
        name = f"{registry.address}/base/python"
        engine.images.get(python_image()).tag(name, "1")
        lines = engine.images.push(name, "1", stream=True, decode=True)
        told = [line["aux"]["Digest"] for line in lines if "aux" in line]
        engine.images.remove(f"{name}:1", noprune=True)
        yield f"{name}@{told[0]}"


def test_the_demo_builds_its_image_with_the_engine_and_goes_to_production_and_back(
    docker_host: str, tmp_path: Path
) -> None:
    demo = subprocess.run(
        [sys.executable, "-m", "agent.cli", "demo", "--runtime", "docker", "--base-image", python_image()],
        env={**os.environ, "DOCKER_HOST": docker_host, "MODELYARD_CLOUD": str(tmp_path / "cloud")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert demo.returncode == 0, demo.stderr
    assert "Refused: the model does not pass its gates." in demo.stderr
    assert "$ modelyard rollback prod" in demo.stderr
    assert "All of it worked" in demo.stderr


def test_an_image_that_was_built_without_an_engine_runs_in_one_as_well(world: World, base: str) -> None:
    world.repository.change("Containers", builder="layers", base_image=base)
    ran = world.run("--set", 'image.python="3.11"')
    assert ran["result"] == "done", ran["error"]
    assert {stage["status"] for stage in ran["stages"]} == {"done", "recalled"}  # the audit writes nothing
    assert world.live("qa") == ran["release"]
    reasons = {verdict["gate"]: verdict["reason"] for verdict in ran["results"]["gate"]["verdicts"]}
    assert re.match(r"none of 1\d\d packages in image .* may not be used, by licence;", reasons["usable-by-anybody"])
    assert reasons["known-base"] == "1 base image named by digest (gate `known-base`)"
