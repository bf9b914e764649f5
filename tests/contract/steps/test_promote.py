"""The step `promote`: what a release must have behind it, all of it asked before production is touched."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from agent.cloud.embedded import EmbeddedCloud
from agent.errors import InputMissingError, ModelyardError, UsageError, UserCodeFailedError
from agent.runner import plan_step, run_step
from pipeline_steps import promote
from tests.contract.steps.deploy_world import PROD, Running, World, new_world, pending

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with EmbeddedCloud() as cloud:
        yield new_world(cloud, tmp_path_factory.mktemp("repository"))


@pytest.fixture
def world(shared: World) -> Iterator[World]:
    yield shared
    shared.clear()


def proved(world: World, answer: str = "one") -> str:
    """A release that qa serves and has checked."""
    release = world.release(answer)
    world.deploy(release)
    world.check()
    return release


def refused(world: World, release: str, kind: type[ModelyardError], match: str) -> None:
    """The promotion is refused, and nothing was written to production before."""
    began = world.last_call()
    with pytest.raises(kind, match=match):
        world.promote(release)
    assert world.writes(began, PROD) == []
    assert world.environments.history("prod") == ()


def test_a_proved_release_goes_to_production_as_it_is(world: World) -> None:
    release, began = proved(world), world.last_call()
    result = world.promote(release, world.context(run="promotion-1"))
    assert world.answer("prod") == "one"
    assert (result.environment_name, result.release) == ("prod", release)
    (entry,) = world.environments.history("prod")
    assert (entry.action, entry.status, entry.run) == ("promote", "done", "promotion-1")
    model = world.sagemaker("prod").describe_model(ModelName=result.config)["PrimaryContainer"]
    assert model["Image"] == world.image.uri
    assert model["ModelDataUrl"] == world.release_of("qa").model.artifact
    made = {call.action for call in world.writes(began) if not call.action.startswith("s3:")}
    assert made == {"sagemaker:CreateModel", "sagemaker:CreateEndpointConfig", "sagemaker:CreateEndpoint"}


def test_a_release_that_is_in_production_is_not_promoted_again(world: World) -> None:
    release = proved(world)
    first = world.promote(release)
    began = world.last_call()
    again = run_step(promote.STEP, world.promotion(release), world.context())
    assert (again.recalled, again.result) == (True, first)
    assert world.writes(began) == []


def test_environments_come_in_order(world: World) -> None:
    release = world.release("one")
    refused(world, release, UsageError, f"has not been in qa.*modelyard promote {release} --to qa")
    world.deploy(release)
    refused(world, release, UsageError, "has not been checked")
    with pytest.raises(UsageError, match="has not been checked"):
        plan_step(promote.STEP, world.promotion(release), world.context())


def test_a_release_that_failed_its_check_stays_where_it_is(world: World) -> None:
    release = world.release("one")
    world.deploy(release)
    with pytest.raises(UserCodeFailedError):
        world.check(environment=world.environment(checks={"requests": [{"body": "x", "answer": "two"}]}))
    refused(world, release, UsageError, "did not pass its check")


def test_production_waits_for_approval(world: World) -> None:
    waiting = pending(world)
    release = proved(waiting)
    refused(world, release, InputMissingError, "UpdateModelPackage")
    world.sagemaker("tools").update_model_package(ModelPackageArn=waiting.package, ModelApprovalStatus="Approved")
    world.promote(release)
    assert world.answer("prod") == "one"


def test_a_rejected_model_does_not_go_to_production(world: World) -> None:
    waiting = pending(world)
    release = proved(waiting)
    world.sagemaker("tools").update_model_package(
        ModelPackageArn=waiting.package, ModelApprovalStatus="Rejected", ApprovalDescription="unfair to some"
    )
    refused(world, release, InputMissingError, "unfair to some")


def test_a_release_that_was_edited_is_refused(world: World) -> None:
    release = proved(world)
    key = f"ledger/releases/{release}.json"
    document = world.s3.get_object(Bucket=world.bucket, Key=key)["Body"].read()
    world.s3.put_object(Bucket=world.bucket, Key=key, Body=document + b" ")
    refused(world, release, InputMissingError, "is not as it was written: expected sha256 .*, found")


def test_an_artifact_that_was_replaced_is_refused(world: World) -> None:
    release = proved(world)
    artifact = world.release_of("qa").model.artifact.split("/", 3)[3]
    world.s3.put_object(Bucket=world.bucket, Key=artifact, Body=b"another model")
    refused(world, release, InputMissingError, "model artifact")


def test_a_data_manifest_that_was_edited_is_refused(world: World) -> None:
    release = proved(world)
    manifest = world.release_of("qa").data["evaluation"].manifest.split("/", 3)[3]
    world.s3.put_object(Bucket=world.bucket, Key=manifest, Body=b"[]")
    refused(world, release, InputMissingError, "data set evaluation")


def test_of_two_promotions_at_once_one_waits_for_the_other(world: World) -> None:
    releases = [proved(world, answer) for answer in ("one", "two")]
    contexts = [world.context(run=run) for run in ("left", "right")]
    both = [Running(partial(world.promote, release, ctx)) for release, ctx in zip(releases, contexts, strict=True)]
    assert {running.ended().release for running in both} == set(releases)
    first, second = world.environments.history("prod")
    assert (first.status, second.status, second.replaced) == ("done", "done", first.release)
    assert first.ended <= second.started
    assert world.described("prod")["EndpointConfigName"] == second.config
