"""Groovy and Python meet: mlPipeline, under real CPS and sandboxed, runs the real steps on a bootstrapped cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.cloud.embedded import EmbeddedCloud
from tests.e2e.world import World, settle
from tests.groovy.maven import failures, run_tests

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MEETING = "PipelineMeeting"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with EmbeddedCloud() as cloud:
        yield settle(cloud, "tumour-byo", tmp_path_factory.mktemp("repositories"))


@pytest.mark.requires("java", "mvn")
@pytest.mark.timeout(900)
def test_the_pipeline_runs_the_real_steps(world: World, tmp_path: Path) -> None:
    reports = run_tests(tmp_path, world.environ, test=MEETING, model=str(world.repository.folder))
    failed = failures(reports / f"TEST-meetings.{MEETING}.xml")
    assert not failed, "\n\n".join(failed)
