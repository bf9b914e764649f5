"""Groovy and Python meet: mlPipeline, under real CPS and sandboxed, runs the real steps on a bootstrapped cloud."""

from __future__ import annotations

import doctest
import re
from typing import TYPE_CHECKING

import pytest

from agent.cloud.embedded import EmbeddedCloud
from tests.docker.agent_image import agent_image
from tests.e2e.world import World, settle
from tests.groovy.maven import failures, run_tests
from tests.sources import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MEETING = "PipelineMeeting"
PAGE = ROOT / "docs" / "first-promotion.md"
"""What it shows of builds is what these builds say."""


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The example, where somebody else than its author has to approve what goes to production."""
    with EmbeddedCloud() as cloud:
        settled = settle(cloud, "tumour-byo", tmp_path_factory.mktemp("repositories"))
        configuration = settled.repository.configuration
        needed = "    production: true\n    approval: {approvers: [grace, joan], four_eyes: true}\n"
        configuration.write_text(configuration.read_text().replace("    production: true\n", needed))
        settled.repository.commit("Production needs an approval")
        yield settled


def on_the_node(_request: pytest.FixtureRequest) -> tuple[str, dict[str, str]]:
    return "", {}


def in_containers(request: pytest.FixtureRequest) -> tuple[str, dict[str, str]]:
    place = f"mode: 'docker', network: 'host', image: '{agent_image()}'"
    return place, {"DOCKER_HOST": request.getfixturevalue("docker_host")}


@pytest.mark.requires("java", "mvn")
@pytest.mark.timeout(900)
@pytest.mark.parametrize("where", [on_the_node, in_containers])
def test_the_pipeline_runs_the_real_steps(
    world: World,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    where: Callable[[pytest.FixtureRequest], tuple[str, dict[str, str]]],
) -> None:
    place, environ = where(request)
    model = str(world.repository.folder)
    reports = run_tests(tmp_path, {**world.environ, **environ}, test=MEETING, model=model, place=place)
    failed = failures(reports / f"TEST-meetings.{MEETING}.xml")
    assert not failed, "\n\n".join(failed)
    assert not (wrong := different_from_shown(tmp_path / "consoles")), "\n\n".join(wrong)


def different_from_shown(consoles: Path) -> list[str]:
    """What the page shows of the builds, and they did not say; ``...`` stands for anything."""
    shown = re.findall(r"^```text build (\d+)\n(.*?)^```$", PAGE.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    assert len(shown) > 3
    said = {number: (consoles / f"{number}.txt").read_text("utf-8") for number, _ in shown}
    same = doctest.OutputChecker().check_output
    return [
        f"build {number} said\n{said[number]}\nand the page shows\n{text}"
        for number, text in shown
        if not same(f"...{text}...", f"{said[number]}\n", doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    ]
