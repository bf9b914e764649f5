"""Builds that hold no agent while AWS works: visits with naps between them come to what one long wait comes to."""

from __future__ import annotations

import json
import secrets
import signal
import time
from datetime import UTC, datetime, timedelta
from itertools import cycle
from typing import TYPE_CHECKING, Any

import pytest

from agent.cloud.embedded import EmbeddedCloud
from agent.errors import ExitCode
from agent.ledger.leases import Lease
from tests.e2e.builds import Build
from tests.e2e.past import assert_consistent, attempts, history
from tests.e2e.world import WRITES, World, another_agent, steered, told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SLOW = ("sleep=3", "print=epoch 1")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with EmbeddedCloud() as cloud:
        yield steered(cloud, tmp_path_factory.mktemp("repositories"))


@pytest.fixture(scope="module")
def agents(world: World, tmp_path_factory: pytest.TempPathFactory) -> tuple[World, World]:
    return world, another_agent(world, tmp_path_factory.mktemp("agents"))


@pytest.fixture
def build(agents: tuple[World, World], tmp_path: Path) -> Build:
    return a_build(agents, tmp_path)


def tell(build: Build, *training: str) -> None:
    """Tell a build's training what to do."""
    build.settings += tuple(f"training.hyperparameters.{one}" for one in training)


def a_build(agents: tuple[World, World], folder: Path, **run: object) -> Build:
    """A build whose training is another one than any before."""
    number = secrets.token_hex(4)
    return Build(
        agents=cycle(agents),
        folder=folder,
        run={"id": f"build-{number}", "who": "models/main #7", "branch": "main", **run},
        settings=(f"training.hyperparameters.number=n{number}",),
    )


def prepared(agents: tuple[World, World], folder: Path) -> dict[str, Any]:
    """What everything before the training comes to, for all builds of the same sources."""
    build = a_build(agents, folder)
    for name in ("snapshot_data", "build_image", "prepare"):
        assert build.step(name)["status"] == "done"
    return build.results


@pytest.fixture(scope="module")
def quick(agents: tuple[World, World], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return prepared(agents, tmp_path_factory.mktemp("quick"))


@pytest.fixture
def ready(build: Build, quick: dict[str, Any]) -> Build:
    """A build that comes to its training next."""
    build.results |= quick
    return build


# --- jobs ----------------------------------------------------------------------------------------------------------


def test_a_training_over_visits_is_the_training_of_one_long_wait(world: World, ready: Build) -> None:
    tell(ready, *SLOW)
    since = world.last_call()
    first = ready.visit("train")
    assert (first["status"], first["exit_code"], first["result"]) == ("waiting", 0, {})
    assert 10 <= first["pause"] <= 20, "ten seconds, spread by a fifth; more where the job took long to start"
    assert first["progress"].startswith("training job steered-train-")
    assert len(json.dumps(first["state"])) < 1000
    answer = ready.step("train")
    assert (answer["status"], answer["recalled"], answer["key"]) == ("done", False, first["key"])
    again = ready.visit("train", wait_seconds=None, state={})
    assert (again["key"], again["result"], again["recalled"]) == (answer["key"], answer["result"], True)
    assert len(world.answered("sagemaker:CreateTrainingJob", since)) == 1
    assert ready.told("epoch 1") == 1
    (attempt,) = attempts(world, "train", run=ready.run["id"])
    assert attempt["status"] == "done"
    assert _time(attempt["ended"]) - _time(attempt["started"]) > timedelta(seconds=3)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_a_visit_may_wait_a_while_itself(world: World, ready: Build) -> None:
    tell(ready, "sleep=2")
    since = world.last_call()
    assert ready.visit("train", wait_seconds=120)["status"] == "done"
    assert len(world.answered("sagemaker:CreateTrainingJob", since)) == 1


def await_end(world: World, waiting: dict[str, Any]) -> None:
    """Return once the training job that a visit waits for is over."""
    name = waiting["progress"].split()[2].rstrip(":")
    sagemaker = world.cloud.client("sagemaker")
    while sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobStatus"] == "InProgress":
        time.sleep(0.2)


def test_a_training_that_fails_during_a_nap_is_explained_by_the_next_visit(world: World, ready: Build) -> None:
    tell(ready, "sleep=1", "print=the loss grows", "fail=it is not a number")
    since = world.last_call()
    await_end(world, ready.visit("train"))
    answer = ready.visit("train", exits=ExitCode.USER_CODE_FAILED)
    assert (answer["status"], answer["exit_code"]) == ("failed", ExitCode.USER_CODE_FAILED)
    assert "it is not a number" in answer["error"]
    assert "the loss grows" in answer["error"]
    assert ready.told("the loss grows") == 1
    assert len(world.answered("sagemaker:CreateTrainingJob", since)) == 1
    (attempt,) = attempts(world, "train", run=ready.run["id"])
    assert attempt["status"] == "failed"


def test_whoever_tries_again_after_a_failure_gets_another_job(world: World, ready: Build) -> None:
    tell(ready, "sleep=1", "fail=it is not a number")
    since = world.last_call()
    await_end(world, ready.visit("train"))
    ready.visit("train", exits=ExitCode.USER_CODE_FAILED)
    assert ready.visit("train")["status"] == "waiting"
    assert len(world.answered("sagemaker:CreateTrainingJob", since)) == 2


def test_an_agent_that_is_lost_in_the_middle_of_a_visit_is_made_up_for(world: World, ready: Build) -> None:
    tell(ready, *SLOW)
    with ready.begin("train", world, wait_seconds=60) as agent:
        agent.await_answer("sagemaker:CreateTrainingJob")
        agent.lose()
    (before,) = attempts(world, "train", run=ready.run["id"])
    assert ready.step("train")["status"] == "done"
    assert len(world.answered("sagemaker:CreateTrainingJob", agent.since)) == 1
    (after,) = attempts(world, "train", run=ready.run["id"])
    assert (before["status"], after["status"], after["started"]) == ("running", "done", before["started"])


def test_an_agent_that_is_lost_in_a_later_visit_is_made_up_for(world: World, ready: Build) -> None:
    tell(ready, "sleep=12", "print=epoch 1")
    since = world.last_call()
    ready.visit("train", wait_seconds=1)
    with ready.begin("train", world, wait_seconds=60) as agent:
        agent.await_answer("sagemaker:DescribeTrainingJob")
        agent.lose()
    assert ready.step("train")["status"] == "done"
    assert len(world.answered("sagemaker:CreateTrainingJob", since)) == 1
    assert ready.told("epoch 1") == 1


def test_evaluations_side_by_side_are_visited_together(world: World, ready: Build) -> None:
    ready.settings += ("evaluation.max_runtime=9m",)
    tell(ready, "model=0.9 2")
    ready.step("train")
    since = world.last_call()
    first = ready.visit("evaluate")
    assert first["status"] == "waiting"
    assert "processing job steered-evaluate-" in first["progress"]
    assert ready.step("evaluate")["status"] == "done"
    assert len(world.answered("sagemaker:CreateProcessingJob", since)) == 1


def test_a_state_of_another_build_is_of_no_matter_to_a_first_visit(world: World, ready: Build) -> None:
    assert ready.step("train", state={"the end of training job x": {"at": 3}})["status"] == "done"


# --- interrupted ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pull_request", [5, None], ids=["pull-request", "branch"])
def test_an_aborted_build_stops_its_job_or_leaves_it(
    world: World, agents: tuple[World, World], quick: dict[str, Any], tmp_path: Path, pull_request: int | None
) -> None:
    build = a_build(agents, tmp_path, pull_request=pull_request)
    build.results |= quick
    tell(build, f"sleep={60 if pull_request else 8}")
    since = world.last_call()
    build.visit("train")
    answer = build.visit("train", exits=ExitCode.INTERRUPTED, interrupted=True)
    assert (answer["status"], answer["exit_code"], answer["error"]) == ("interrupted", 130, "the build was aborted")
    (attempt,) = attempts(world, "train", run=build.run["id"])
    assert (attempt["status"], attempt["exit_code"]) == ("interrupted", 130)
    assert len(world.answered("sagemaker:StopTrainingJob", since)) == (pull_request is not None)
    if pull_request is None:
        another = Build(agents=cycle(agents), folder=tmp_path, run={"id": "another", "branch": "main"})
        another.settings, another.results = build.settings, build.results
        assert another.step("train")["status"] == "done"
    assert len(world.answered("sagemaker:CreateTrainingJob", since)) == 1


def test_a_signal_in_the_middle_of_a_visit_ends_it_as_ever(
    world: World, agents: tuple[World, World], quick: dict[str, Any], tmp_path: Path
) -> None:
    build = a_build(agents, tmp_path, pull_request=5)
    build.results |= quick
    tell(build, "sleep=60")
    build.visit("train")
    with build.begin("train", world, wait_seconds=60) as agent:
        agent.await_answer("sagemaker:DescribeTrainingJob")
        agent.tell(signal.SIGTERM)
        agent.end(exits=ExitCode.INTERRUPTED)
    assert len(world.answered("sagemaker:StopTrainingJob", agent.since)) == 1


def test_where_nothing_is_under_way_nothing_is_written(world: World, ready: Build) -> None:
    since = world.last_call()
    assert ready.visit("train", exits=ExitCode.INTERRUPTED, interrupted=True)["status"] == "interrupted"
    written = [call.action for call in world.calls_since(since) if call.action.partition(":")[2].startswith(WRITES)]
    assert written == []


# --- deployments ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def slow(agents: tuple[World, World]) -> None:
    """Environments whose updates go on until the cloud's time is let pass."""
    for agent in agents:
        file = agent.repository.configuration
        serverless = "serverless: {memory_mb: 1024, max_concurrency: 5}"
        canary = "strategy: {kind: canary, percent: 50, interval: 5m}"
        instances = f"instance: {{type: ml.m5.large, count: 2}}\n      {canary}"
        file.write_text(file.read_text().replace(serverless, instances))


def hastened(world: World, build: Build, name: str, **changes: object) -> dict[str, Any]:
    """A step to its end, with a cloud whose time passes between visits."""
    return build.step(name, between=lambda: world.cloud.advance(300), **changes)


def released(world: World, build: Build) -> str:
    """Everything up to a release."""
    settings = [word for setting in build.settings for word in ("--set", setting)]
    return str(world.run("--until", "release", *settings)["release"])


def lease(world: World, environment: str = "qa") -> Lease:
    return world.ledger.expect(f"environments/{environment}/lock.json", Lease)


def test_a_deployment_over_visits_is_one_deployment(world: World, build: Build, slow: None) -> None:
    release = released(world, build)
    since = world.last_call()
    assert build.visit("deploy")["status"] == "waiting"
    held = lease(world)
    assert not held.released
    assert held.expires - datetime.now(UTC) > timedelta(minutes=9)
    answer = hastened(world, build, "deploy")
    assert (answer["status"], answer["recalled"], answer["result"]["release"]) == ("done", False, release)
    assert lease(world).released
    assert world.live("qa") == release
    assert len(world.answered("sagemaker:CreateEndpoint", since)) == 1
    assert [entry["status"] for entry in history(world, "qa")] == ["done"]
    assert build.step("check_endpoint")["status"] == "done"


@pytest.fixture
def live(world: World, slow: None) -> None:
    """An endpoint, whose next deployment is an update."""
    if not history(world, "qa"):
        world.run(*told())


def test_an_agent_that_is_lost_in_the_middle_of_a_deployment_is_made_up_for(
    world: World, build: Build, live: None
) -> None:
    release = released(world, build)
    with build.begin("deploy", world, wait_seconds=60) as agent:
        agent.hold_after("sagemaker:UpdateEndpoint")
        agent.lose()
    assert not lease(world).released
    assert hastened(world, build, "deploy")["status"] == "done"
    assert len(world.answered("sagemaker:UpdateEndpoint", agent.since)) == 1
    assert world.live("qa") == release
    assert history(world, "qa")[-1]["status"] == "done"


def test_an_aborted_deployment_gives_the_lease_back_and_the_next_build_awaits_it(
    world: World, build: Build, agents: tuple[World, World], tmp_path: Path, live: None
) -> None:
    release = released(world, build)
    since = world.last_call()
    build.visit("deploy")
    assert build.visit("deploy", exits=ExitCode.INTERRUPTED, interrupted=True)["status"] == "interrupted"
    assert lease(world).released
    assert history(world, "qa")[-1]["status"] == "interrupted"
    another = Build(agents=cycle(agents), folder=tmp_path, run={"id": "another", "branch": "main"})
    another.settings, another.results = build.settings, build.results
    assert hastened(world, another, "deploy")["status"] == "done"
    assert len(world.answered("sagemaker:UpdateEndpoint", since)) == 1
    assert world.live("qa") == release


def test_a_promotion_over_visits_is_one_deployment(world: World, build: Build, slow: None) -> None:
    release = released(world, build)
    for name in ("deploy", "check_endpoint"):
        hastened(world, build, name)
    since = world.last_call()
    inputs = {"release": release, "environment_name": "prod"}
    assert build.visit("promote", inputs=inputs)["status"] == "waiting"
    assert not lease(world, "prod").released
    assert hastened(world, build, "promote", inputs=inputs)["result"]["release"] == release
    assert world.live("prod") == release
    assert len(world.answered("sagemaker:CreateEndpoint", since)) == 1


def test_the_ledger_makes_sense_after_all_that(world: World, slow: None) -> None:
    assert_consistent(world)
