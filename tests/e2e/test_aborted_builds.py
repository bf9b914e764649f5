"""Builds that someone ends: they end in order, the ledger says so, what they began is stopped or left."""

from __future__ import annotations

import contextlib
import secrets
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from agent.cloud.embedded import EmbeddedCloud
from agent.config.loading import load
from agent.errors import ExitCode
from tests.e2e.agents import Agent
from tests.e2e.past import assert_consistent, attempts
from tests.e2e.world import World, stages, steered, summary_of, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.cloud.calls import CallRecord


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with EmbeddedCloud() as cloud:
        yield steered(cloud, tmp_path_factory.mktemp("repositories"))


def slow(world: World, stage: str) -> tuple[str, ...]:
    """Make a stage take a while; the words of a run of it, whose model no other run has made."""
    script = world.repository.folder / "prepare.py"
    if stage == "prepare":
        script.write_text(script.read_text() + f"time.sleep(2)  # {secrets.token_hex(4)}\n")
    slowed = {"train": told(sleep=2), "evaluate": told(model=f"0.9{secrets.randbelow(10**9):09} 2")}
    return ("run", "--json", *slowed.get(stage, ()))


CREATES = {
    "prepare": "sagemaker:CreateProcessingJob",
    "train": "sagemaker:CreateTrainingJob",
    "evaluate": "sagemaker:CreateProcessingJob",
}


def created(world: World, agent: Agent, stage: str) -> list[CallRecord]:
    """The jobs that were started since an agent began."""
    return world.answered(CREATES[stage], agent.since)


@pytest.mark.parametrize("stage", CREATES)
def test_an_aborted_build_leaves_its_job_to_the_next_one(world: World, stage: str) -> None:
    words = slow(world, stage)
    with Agent(world, *words, BUILD_TAG=f"aborted-in-{stage}") as agent:
        agent.await_answer(CREATES[stage])
        agent.tell(signal.SIGTERM)
        ended = summary_of(agent.end(exits=ExitCode.INTERRUPTED))
    assert (ended["result"], stages(ended)[stage]) == ("interrupted", "interrupted")
    (noted,) = attempts(world, stage, run=f"aborted-in-{stage}")
    assert (noted["status"], noted["exit_code"]) == ("interrupted", ExitCode.INTERRUPTED)
    before = len(created(world, agent, stage))
    assert stages(world.run(*words[2:], "--until", stage))[stage] == "done"
    assert len(created(world, agent, stage)) == before == 1


@pytest.mark.parametrize("stage", CREATES)
def test_an_aborted_build_of_a_pull_request_stops_its_job(world: World, stage: str) -> None:
    with Agent(world, *slow(world, stage), "--pr", "5") as agent:
        agent.await_answer(CREATES[stage])
        agent.tell(signal.SIGTERM)
        agent.end(exits=ExitCode.INTERRUPTED)
    stops = world.answered(CREATES[stage].replace("Create", "Stop"), agent.since)
    assert len(stops) == 1


@pytest.mark.parametrize(("words", "number"), [((), signal.SIGTERM), (("--dry-run",), signal.SIGINT)])
def test_an_aborted_build_does_not_read_a_file_to_its_end(
    world: World, words: tuple[str, ...], number: signal.Signals
) -> None:
    endless = world.repository.folder / "endless"
    with endless.open("wb") as file:
        file.truncate(1 << 43)
    source = next(iter(load(world.repository.configuration).configuration.data))
    settings = ("--set", f"data.{source}={{path: endless}}")
    try:
        with world.begin("run", "--until", "snapshot_data", *settings, *words) as process:
            try:
                assert process.stdout
                told = next(line for line in process.stdout if "looking at the data source" in line)
                assert source in told
                while not readers(endless):
                    assert process.poll() is None
                    time.sleep(0.02)
                process.send_signal(number)
                assert process.wait(60) == ExitCode.INTERRUPTED
            finally:
                process.kill()
        assert not readers(endless)
    finally:
        endless.unlink()


def readers(path: Path) -> list[Path]:
    """The processes that have a file open."""
    found = []
    for opened in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            found += [opened] if opened.readlink() == path else []
    return found


@pytest.fixture
def slow_endpoint(world: World) -> Iterator[None]:
    """An endpoint, and a new image for it whose containers take their time to serve."""
    file = world.repository.configuration
    serverless = "serverless: {memory_mb: 1024, max_concurrency: 5}"
    file.write_text(file.read_text().replace(serverless, "instance: {type: ml.m5.large, count: 1}", 1))
    world.run()
    serve: Path = world.repository.folder / "program/serve"
    original = serve.read_text()
    serve.write_text(original.replace("exec", "sleep 4\nexec"))
    yield
    serve.write_text(original)


def test_an_aborted_deployment_goes_on_and_is_awaited_by_the_next_build(world: World, slow_endpoint: None) -> None:
    world.run("--until", "release")
    with Agent(world, "run", "--json", BUILD_TAG="aborted-in-deploy") as agent:
        agent.await_answer("sagemaker:UpdateEndpoint")
        agent.tell(signal.SIGTERM)
        ended = summary_of(agent.end(exits=ExitCode.INTERRUPTED))
    assert stages(ended)["deploy"] == "interrupted"
    (noted,) = attempts(world, "deploy", run="aborted-in-deploy")
    assert noted["status"] == "interrupted"
    assert world.run()["result"] == "done"
    assert len(world.answered("sagemaker:UpdateEndpoint", agent.since)) == 1


def test_a_second_ctrl_c_ends_a_run_at_once(world: World) -> None:
    with Agent(world, "run", *told()) as agent:
        agent.hold("sagemaker:CreateTrainingJob", seconds=50)
        agent.insist(signal.SIGINT)
        agent.end(exits=ExitCode.INTERRUPTED)
        assert world.answered("sagemaker:CreateTrainingJob", agent.since) == [], "it waited for what was under way"


def test_the_ledger_makes_sense_after_all_that(world: World) -> None:
    world.run(*told())
    assert_consistent(world)
