"""Versions in SageMaker's own registry: one for one model, whatever happens to the agent and to the service."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from agent.cloud.embedded import EmbeddedCloud
from agent.config.model import Registration
from agent.errors import TemporaryError
from agent.ports.registry import Approval
from agent.runner import run_step
from pipeline_steps import register
from tests.contract.steps.deploy_world import World, new_world
from tests.contract.steps.lost_agent import LostAgent, await_calls
from tests.unit.pipeline_steps.vouched import COMMIT, DATA, MODEL, PASSED, evaluation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.context import Context


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with EmbeddedCloud() as cloud:
        yield new_world(cloud, tmp_path_factory.mktemp("repository"))


@pytest.fixture
def world(shared: World) -> Iterator[World]:
    yield shared
    shared.cloud.clear_faults()


@pytest.fixture
def inputs(world: World, request: pytest.FixtureRequest) -> register.Inputs:
    """A model that no other test has."""
    name = hashlib.sha256(request.node.nodeid.encode()).hexdigest()
    model = MODEL.model_copy(
        update={"image": world.image, "artifact": f"s3://{world.bucket}/models/{name}/model.tar.gz", "sha256": name}
    )
    return register.Inputs(
        project=world.project,
        group=world.project,
        registration=Registration(),
        model=model,
        evaluation=evaluation(),
        verdicts=(PASSED,),
        data=DATA,
        hyperparameters={"trees": "150"},
        commit=COMMIT,
    )


def described(world: World, package: str) -> dict[str, Any]:
    return dict(world.sagemaker("tools").describe_model_package(ModelPackageName=package))


def versions(world: World) -> int:
    listed = world.sagemaker("tools").list_model_packages(ModelPackageGroupName=world.project, MaxResults=100)
    return len(listed["ModelPackageSummaryList"])


def forgetful(world: World, context: Context) -> Context:
    """The context of an agent whose ledger lacks the step's record."""
    for kept in list(world.ledger.objects.list(world.bucket, "ledger/steps/register/")):
        world.s3.delete_object(Bucket=world.bucket, Key=kept.key)
    return context


def test_a_version_says_where_it_comes_from(world: World, inputs: register.Inputs) -> None:
    outcome = run_step(register.STEP, inputs, world.context())
    found = described(world, outcome.result.package)
    assert found["CustomerMetadataProperties"] == register.properties(inputs, outcome.key)
    assert found["ModelApprovalStatus"] == "Approved"
    assert found["ModelPackageVersion"] == outcome.result.version
    (container,) = found["InferenceSpecification"]["Containers"]
    assert (container["Image"], container["ModelDataUrl"]) == (inputs.model.image.uri, inputs.model.artifact)
    assert found["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"] == inputs.evaluation.report


def test_an_unchanged_model_is_answered_from_the_ledger_without_a_write(world: World, inputs: register.Inputs) -> None:
    first, since = run_step(register.STEP, inputs, world.context()).result, world.last_call()
    later = inputs.model_copy(update={"commit": COMMIT.model_copy(update={"sha": "d" * 40})})
    outcome = run_step(register.STEP, later, world.context(run="later"))
    assert (outcome.recalled, outcome.result) == (True, first)
    assert world.writes(since) == []


def test_a_version_without_a_record_is_adopted_even_for_another_commit(world: World, inputs: register.Inputs) -> None:
    first, before = run_step(register.STEP, inputs, world.context()).result, versions(world)
    later = inputs.model_copy(update={"commit": COMMIT.model_copy(update={"sha": "d" * 40})})
    outcome = run_step(register.STEP, later, forgetful(world, world.context(run="later")))
    assert (outcome.recalled, outcome.result) == (False, first)
    assert versions(world) == before


def test_an_agent_that_is_killed_leaves_one_version(world: World, inputs: register.Inputs) -> None:
    """The record is held up, the version is there already."""
    since, before = world.last_call(), versions(world)
    world.cloud.fault("slow", operation="s3:PutObject", seconds=0, count=1)  # that the attempt begins
    world.cloud.fault("slow", operation="s3:PutObject", seconds=60)
    lost = LostAgent(world, "register", inputs, "lost")
    await_calls(world, lost, "sagemaker:CreateModelPackage", since, 1)
    lost.kill()
    world.cloud.clear_faults()
    outcome = run_step(register.STEP, inputs, world.context(run="again"))
    assert not outcome.recalled
    assert versions(world) == before + 1
    assert outcome.result.version == before + 1


@pytest.mark.parametrize("kind", ["throttling", "cut", "internal"])
@pytest.mark.parametrize(
    "operation",
    ["sagemaker:CreateModelPackage", "sagemaker:ListModelPackages", "sagemaker:DescribeModelPackageGroup"],
)
def test_a_bad_moment_of_the_service_is_waited_out(
    world: World, inputs: register.Inputs, kind: str, operation: str
) -> None:
    before = versions(world)
    world.cloud.fault(kind, operation=operation, count=2)
    run_step(register.STEP, inputs, world.context())
    assert versions(world) == before + 1


def test_a_service_that_stays_busy_ends_the_step_as_temporary(world: World, inputs: register.Inputs) -> None:
    before = versions(world)
    world.cloud.fault("throttling", operation="sagemaker:CreateModelPackage", count=100)
    with pytest.raises(TemporaryError, match=rf"CreateModelPackage on model package group {world.project} in account"):
        run_step(register.STEP, inputs, world.context(attempts=2))
    world.cloud.clear_faults()
    run_step(register.STEP, inputs, world.context())
    assert versions(world) == before + 1


def test_an_approval_from_outside_is_noticed(world: World, inputs: register.Inputs) -> None:
    manual = inputs.model_copy(update={"registration": Registration(approval="manual")})
    context = world.context()
    package = run_step(register.STEP, manual, context).result.package
    assert described(world, package)["ModelApprovalStatus"] == "PendingManualApproval"
    world.sagemaker("tools").update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
    seen = context.accounts.tools.registry.describe(package)
    assert seen is not None
    assert (seen.approval, seen.approved_by) == (
        Approval.APPROVED,
        "arn:aws:iam::111111111111:user/administrator",
    )


def test_two_agents_at_once_make_one_version(world: World, inputs: register.Inputs) -> None:
    """Neither sees the other's version before it creates its own: the client token makes them one."""
    before = versions(world)
    key = register.STEP.key(inputs)
    contexts = [replace(world.context(run=run), key=key) for run in ("one", "other")]
    request = register.package_request(inputs, key)
    assert len({context.accounts.tools.registry.create(request) for context in contexts}) == 1
    assert versions(world) == before + 1
