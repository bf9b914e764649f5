"""The pipeline as Jenkins runs it: a process for each step, on whichever agent is free, values handed on in files."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass, field
from itertools import cycle
from typing import TYPE_CHECKING, Any

import pytest

from agent.cloud.embedded import EmbeddedCloud
from agent.config import builds
from agent.config.loading import load
from agent.errors import ExitCode
from agent.pipeline.stages import course
from tests.e2e.agents import Agent
from tests.e2e.past import assert_consistent
from tests.e2e.world import World, another_agent, steered

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with EmbeddedCloud() as cloud:
        yield steered(cloud, tmp_path_factory.mktemp("repositories"))


@dataclass(kw_only=True)
class Build:
    """One build: what its steps answered so far, and the agents that take turns."""

    agents: Iterator[World]
    folder: Path
    settings: tuple[str, ...] = ()
    results: dict[str, Any] = field(default_factory=dict)

    def step(self, name: str, *, exits: int = 0, **changes: object) -> dict[str, Any]:
        """Run a step, and hand its result on; what its result file says."""
        request, result = self.folder / f"{name}.request.json", self.folder / f"{name}.result.json"
        run = {
            "id": "jenkins-models-main-7",
            "who": "models/main #7",
            "build_url": "http://jenkins/7/",
            "branch": "main",
        }
        document = {"contract": 1, "step": name, "run": run, "settings": self.settings, "results": self.results}
        request.write_text(json.dumps({**document, **changes}))
        self.ended = next(self.agents).modelyard(
            "step", name, "--request", str(request), "--result", str(result), exits=exits
        )
        answer: dict[str, Any] = json.loads(result.read_text())
        if exits == 0:
            self.results[name] = answer["result"]
        return answer


@pytest.fixture(scope="module")
def agents(world: World, tmp_path_factory: pytest.TempPathFactory) -> tuple[World, World]:
    """Two agents, each with a working copy of its own."""
    return world, another_agent(world, tmp_path_factory.mktemp("agents"))


@pytest.fixture
def build(agents: tuple[World, World], tmp_path: Path) -> Build:
    return Build(agents=cycle(agents), folder=tmp_path)


@pytest.fixture(scope="module")
def first(agents: tuple[World, World], tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What all steps of the first build answered."""
    build = Build(agents=cycle(agents), folder=tmp_path_factory.mktemp("build"))
    configuration = load(agents[0].repository.configuration).configuration
    return {stage.name: build.step(stage.name) for stage in course(configuration, builds.Build(branch="main"))}


def test_steps_on_two_agents_come_from_data_to_a_checked_endpoint(
    world: World, first: dict[str, dict[str, Any]]
) -> None:
    assert {answer["status"] for answer in first.values()} == {"done"}
    assert not any(answer["recalled"] for answer in first.values())
    assert world.live("qa") == first["release"]["result"]["release"]
    assert_consistent(world)


def test_a_run_finds_everything_done_that_steps_did(world: World, first: dict[str, dict[str, Any]]) -> None:
    summary = world.run()
    assert summary["release"] == first["release"]["result"]["release"]
    assert not any(stage["wrote"] for stage in summary["stages"])


@pytest.mark.usefixtures("first")
def test_a_step_that_was_done_before_says_so_in_the_log(build: Build) -> None:
    assert build.step("train")["recalled"]
    assert build.ended.stderr.endswith("done before; nothing is left to do\n")


def test_the_release_says_which_build_made_it(world: World, first: dict[str, dict[str, Any]]) -> None:
    release = first["release"]["result"]["release"]
    manifest = json.loads(world.modelyard("releases", release, "--json").stdout)["manifest"]
    assert (manifest["run"], manifest["who"], manifest["build_url"]) == (
        "jenkins-models-main-7", "models/main #7", "http://jenkins/7/",
    )  # fmt: skip


def test_a_refused_gate_is_a_result(build: Build, first: dict[str, dict[str, Any]]) -> None:
    build.settings = ("training.hyperparameters.model=0.5",)
    for name in ("snapshot_data", "build_image", "prepare", "train", "evaluate"):
        build.step(name)
    answer = build.step("gate")
    assert (answer["status"], answer["exit_code"]) == ("refused", 0)
    assert "0.8" in answer["error"]
    refused = build.step("register", exits=ExitCode.USAGE)
    assert (refused["status"], refused["result"]) == ("failed", {})


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"contract": 2}, "contract"),
        ({"contract": None}, "contract"),
        ({"hyperparameters": {"model": "0.9"}}, "hyperparameters: Extra inputs are not permitted"),
        ({"step": "deploy"}, "is a request for the step deploy, not train"),
        ({"results": {"training": {}}}, "there is no step 'training'"),
        ({"results": {"prepare": {"data": 1}}}, "result of prepare does not fit: data:"),
        ({"inputs": {"max_runtime": "long"}}, "inputs of train do not fit: max_runtime:"),
        ({"inputs": {"trees": 3}}, "inputs of train do not fit: trees: Extra inputs are not permitted"),
        ({"settings": ["training.trees=3"]}, "training.trees"),
    ],
    ids=("contract", "no-contract", "field", "step", "unknown-step", "result", "input", "unknown-input", "setting"),
)
def test_a_request_that_is_wrong_is_told_where(
    build: Build, first: dict[str, dict[str, Any]], changes: dict[str, object], told: str
) -> None:
    answer = build.step("train", exits=ExitCode.USAGE, **changes)
    assert told in answer["error"]
    assert told in build.ended.stderr
    assert (answer["contract"], answer["status"], answer["exit_code"]) == (1, "failed", ExitCode.USAGE)


def test_the_result_file_tells_why_a_program_failed(build: Build, first: dict[str, dict[str, Any]]) -> None:
    build.settings = ("training.hyperparameters.fail=the loss is not a number",)
    answer = build.step("train", exits=ExitCode.USER_CODE_FAILED)
    assert (answer["status"], answer["exit_code"]) == ("failed", ExitCode.USER_CODE_FAILED)
    assert "the loss is not a number" in answer["error"]


def test_the_result_file_tells_of_an_abort_and_the_job_is_left(
    world: World, first: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    request, result = tmp_path / "request.json", tmp_path / "result.json"
    result.write_text("of an earlier step")
    request.write_text(json.dumps({"contract": 1, "settings": ["training.hyperparameters.sleep=3"]}))
    with Agent(world, "step", "train", "--request", str(request), "--result", str(result)) as agent:
        agent.await_answer("sagemaker:CreateTrainingJob")
        assert not result.exists()
        agent.tell(signal.SIGTERM)
        agent.end(exits=ExitCode.INTERRUPTED)
    answer = json.loads(result.read_text())
    assert (answer["status"], answer["exit_code"]) == ("interrupted", ExitCode.INTERRUPTED)
    assert world.answered("sagemaker:StopTrainingJob", agent.since) == []


def test_a_step_before_its_time_says_where_to_begin(build: Build, first: dict[str, dict[str, Any]]) -> None:
    build.settings = ("training.hyperparameters.model=0.99",)
    answer = build.step("evaluate", exits=ExitCode.USAGE)
    assert "the step train is not done for what is configured now" in answer["error"]
