"""Nothing is done twice and nothing is lost: an agent is killed in the middle of everything, and another goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from agent.cloud.embedded import EmbeddedCloud
from tests.e2e.agents import Agent
from tests.e2e.past import assert_consistent, attempts, history, releases
from tests.e2e.world import World, stages, steered, told

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with EmbeddedCloud() as cloud:
        yield steered(cloud, tmp_path_factory.mktemp("repositories"))


@pytest.fixture
def other() -> tuple[str, ...]:
    """What makes a run's training another one than any before."""
    return told()


# --- until there is a release -------------------------------------------------------------------------------------


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


def test_a_preparation_is_adopted(world: World) -> None:
    script = world.repository.folder / "prepare.py"
    script.write_text(script.read_text().replace("SECONDS = 0.0", "SECONDS = 2.0"))
    words = ("run", "--until", "prepare")
    with Agent(world, *words) as agent:
        agent.await_answer("sagemaker:CreateProcessingJob")
        agent.lose()
    assert stages(world.run(*words[1:]))["prepare"] == "done"
    assert len(world.answered("sagemaker:CreateProcessingJob", agent.since)) == 1


def test_a_training_that_was_just_being_asked_for_is_started_once(world: World, other: tuple[str, ...]) -> None:
    words = ("run", "--until", "train", *other)
    with Agent(world, *words) as agent:
        agent.hold("sagemaker:CreateTrainingJob")
        agent.lose()
    assert stages(world.run(*words[1:]))["train"] == "done"
    assert len(world.answered("sagemaker:CreateTrainingJob", agent.since)) == 1


def test_a_training_is_adopted(world: World, other: tuple[str, ...]) -> None:
    words = ("run", "--until", "train", *other, "--set", "training.hyperparameters.sleep=2")
    with Agent(world, *words) as agent:
        agent.await_answer("sagemaker:CreateTrainingJob")
        agent.lose()
    assert stages(world.run(*words[1:]))["train"] == "done"
    assert len(world.answered("sagemaker:CreateTrainingJob", agent.since)) == 1


def test_an_evaluation_is_adopted(world: World, other: tuple[str, ...]) -> None:
    slow = ("--set", "training.hyperparameters.model=0.9 2")
    world.run("--until", "train", *other, *slow)
    words = ("run", "--until", "evaluate", *other, *slow)
    with Agent(world, *words) as agent:
        agent.await_answer("sagemaker:CreateProcessingJob")
        agent.lose()
    assert stages(world.run(*words[1:]))["evaluate"] == "done"
    assert len(world.answered("sagemaker:CreateProcessingJob", agent.since)) == 1
    assert world.answered("sagemaker:CreateTrainingJob", agent.since) == []


def packages(world: World) -> int:
    """How many versions the project has in the model registry."""
    listed = world.cloud.client("sagemaker").list_model_packages(ModelPackageGroupName="steered", MaxResults=100)
    return len(listed["ModelPackageSummaryList"])


@pytest.mark.parametrize("answered", [False, True], ids=["asked", "answered"])
def test_a_model_is_registered_once(world: World, other: tuple[str, ...], *, answered: bool) -> None:
    before = packages(world)
    words = ("run", "--until", "register", *other)
    with Agent(world, *words) as agent:
        (agent.hold_after if answered else agent.hold)("sagemaker:CreateModelPackage")
        agent.lose()
    assert stages(world.run(*words[1:]))["register"] == "done"
    assert packages(world) == before + 1


@pytest.mark.parametrize("written", ["/draft.json", "/ledger/releases/"], ids=["draft", "release"])
def test_a_release_is_written_once(world: World, other: tuple[str, ...], written: str) -> None:
    world.run("--until", "register", *other)
    before = set(releases(world))
    words = ("run", "--from", "release", "--until", "release", *other)
    with Agent(world, *words) as agent:
        world.cloud.fault("slow", operation="s3:PutObject", seconds=1.5, count=1000)
        agent.await_answer("s3:PutObject", written)
        agent.lose()
    summary = world.run(*words[1:])
    assert set(releases(world)) - before == {summary["release"]}


# --- and from there to production ---------------------------------------------------------------------------------


def lose_and_go_on(world: World, operation: str, *words: str) -> Agent:
    """Lose an agent once an operation of its was answered, and let another one do the same work."""
    with Agent(world, *words) as agent:
        agent.hold_after(operation)
        agent.lose()
    world.modelyard(*words)
    return agent


@pytest.fixture(scope="module")
def created(world: World) -> Agent:
    """The first deployment, whose agent was lost while the endpoint was being created."""
    return lose_and_go_on(world, "sagemaker:CreateEndpoint", "run")


@pytest.fixture(scope="module")
def updated(world: World, created: Agent) -> Agent:
    """The second one, whose agent was lost while the endpoint was being updated."""
    return lose_and_go_on(world, "sagemaker:UpdateEndpoint", "run", "--set", "training.hyperparameters.model=0.95")


def last(world: World, environment: str) -> dict[str, Any]:
    """The last deployment."""
    return history(world, environment)[-1]


def test_an_endpoint_that_is_being_created_is_awaited(world: World, created: Agent) -> None:
    assert len(world.answered("sagemaker:CreateEndpoint", created.since)) == 1
    assert len(world.answered("sagemaker:CreateTrainingJob", created.since)) == 1
    assert [(entry["number"], entry["status"]) for entry in history(world, "qa")][:1] == [(1, "done")]


def test_an_update_of_an_endpoint_is_awaited(world: World, updated: Agent) -> None:
    assert len(world.answered("sagemaker:UpdateEndpoint", updated.since)) == 1
    assert world.live("qa") == last(world, "qa")["release"]
    assert [(entry["number"], entry["status"]) for entry in history(world, "qa")] == [(1, "done"), (2, "done")]


def test_a_promotion_goes_on(world: World, updated: Agent) -> None:
    release = world.live("qa")
    promotion = lose_and_go_on(world, "sagemaker:CreateEndpoint", "promote", release, "--to", "prod")
    assert len(world.answered("sagemaker:CreateEndpoint", promotion.since)) == 1
    assert [(entry["number"], entry["release"]) for entry in history(world, "prod")] == [(1, release)]
    assert world.live("prod") == release


def test_an_agent_that_is_lost_between_two_endpoint_writes_leaves_nothing_half(world: World, updated: Agent) -> None:
    words = ("run", "--set", "training.hyperparameters.model=0.96")
    with Agent(world, *words) as agent:
        agent.hold_after("sagemaker:CreateModel")
        agent.lose()
    summary = world.run(*words[1:])
    assert world.live("qa") == summary["release"]
    for operation in ("CreateModel", "CreateEndpointConfig", "UpdateEndpoint"):
        assert len(world.answered(f"sagemaker:{operation}", agent.since)) == 1


def test_a_lost_attempt_says_running_and_the_next_one_done(world: World, updated: Agent) -> None:
    assert {one["status"] for one in attempts(world, "deploy")} == {"running", "done"}


def test_the_ledger_makes_sense_after_all_that(world: World, updated: Agent) -> None:
    assert_consistent(world)
