"""The step `rollback`: an environment goes back to what it had, and nothing is built for that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.cloud.embedded import EmbeddedCloud
from agent.errors import InputMissingError, UsageError
from agent.runner import plan_step, run_step
from pipeline_steps import rollback
from tests.contract.steps.deploy_world import QA, World, new_world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.config.environment import Environment
    from agent.runner import Outcome


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with EmbeddedCloud() as cloud:
        yield new_world(cloud, tmp_path_factory.mktemp("repository"))


@pytest.fixture
def world(shared: World) -> Iterator[World]:
    yield shared
    shared.clear()


def inputs(world: World, release: str | None = None, environment: Environment | None = None) -> rollback.Inputs:
    return rollback.Inputs(
        project=world.project,
        environment_name="qa",
        environment=environment or world.environment(),
        release=release,
    )


def back(world: World, release: str | None = None, *, run: str = "run") -> Outcome[rollback.Result]:
    return run_step(rollback.STEP, inputs(world, release), world.context(run=run))


def had(world: World, *answers: str) -> list[str]:
    """Releases that qa served one after the other."""
    releases = [world.release(answer) for answer in answers]
    for release in releases:
        world.deploy(release)
    return releases


def test_an_environment_goes_back_to_the_release_before(world: World) -> None:
    one, two = had(world, "one", "two")
    foreseen = [action.operation for action in plan_step(rollback.STEP, inputs(world), world.context())]
    assert foreseen == ["sagemaker:UpdateEndpoint"]
    began = world.last_call()
    result = back(world).result
    assert world.answer() == "one"
    assert (result.release, result.replaced) == (one, two)
    entry = world.environments.history("qa")[-1]
    assert (entry.action, entry.status, entry.release) == ("rollback", "done", one)
    assert [call.action for call in world.writes(began, QA)] == foreseen


def test_going_back_twice_goes_further_back(world: World) -> None:
    one, _, _ = had(world, "one", "two", "three")
    back(world)
    assert world.answer() == "two"
    assert back(world, run="another run").result.release == one
    assert world.answer() == "one"
    with pytest.raises(UsageError, match="no release before"):
        back(world, run="a third run")


def test_a_run_that_is_tried_again_goes_no_further_back(world: World) -> None:
    _, two, _ = had(world, "one", "two", "three")
    back(world)
    again = back(world)
    assert (again.recalled, again.result.release, world.answer()) == (True, two, "two")


def test_a_rollback_can_be_taken_back(world: World) -> None:
    _, two = had(world, "one", "two")
    back(world)
    back(world, two)
    assert world.answer() == "two"


def test_a_rollback_to_what_is_live_does_nothing(world: World) -> None:
    _, two = had(world, "one", "two")
    began = world.last_call()
    assert back(world, two).recalled
    assert world.writes(began) == []


def test_a_model_that_was_removed_is_made_again_from_its_artifact(world: World) -> None:
    environment = world.environment(keep=0)
    one, two = world.release("one"), world.release("two")
    for release in (one, two):
        world.deploy(release, environment)
    foreseen = [action.operation for action in plan_step(rollback.STEP, inputs(world), world.context())]
    assert foreseen[:3] == ["sagemaker:CreateModel", "sagemaker:CreateEndpointConfig", "sagemaker:UpdateEndpoint"]
    back(world)
    assert world.answer() == "one"


def test_only_what_was_live_can_be_gone_back_to(world: World) -> None:
    (one,) = had(world, "one")
    with pytest.raises(UsageError, match=f"never live in qa.*{one}"):
        back(world, world.release("two"))


def test_an_artifact_that_was_replaced_is_refused(world: World) -> None:
    had(world, "one")
    artifact = world.release_of("qa").model.artifact.split("/", 3)[3]
    had(world, "two")
    world.s3.put_object(Bucket=world.bucket, Key=artifact, Body=b"another model")
    began = world.last_call()
    with pytest.raises(InputMissingError, match="model artifact"):
        back(world)
    assert world.writes(began, QA) == []
    assert world.answer() == "two"
