"""What AWS and programs do to a run on a bad day: it is borne, or the run ends with its reason and its own code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.cloud.embedded import EmbeddedCloud
from agent.errors import ExitCode
from tests.e2e.past import assert_consistent, attempts, releases
from tests.e2e.world import World, forget, steered, told

if TYPE_CHECKING:
    from collections.abc import Iterator

STRUCK = (
    "s3:GetObject", "s3:PutObject", "s3:ListBucket", "sts:AssumeRole", "ecr:BatchGetImage", "ecr:GetAuthorizationToken",
    "ecr:HEAD", "ecr:POST", "ecr:PATCH", "ecr:PUT", "sagemaker:CreateProcessingJob", "sagemaker:DescribeProcessingJob",
    "sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob", "sagemaker:ListModelPackages",
    "sagemaker:CreateModelPackage", "sagemaker:CreateModel", "sagemaker:CreateEndpointConfig", "sagemaker:*Endpoint",
    "sagemaker:InvokeEndpoint", "logs:*", "application-autoscaling:*",
)  # fmt: skip
ONCE = (
    "sagemaker:CreateTrainingJob", "sagemaker:CreateModelPackage", "sagemaker:CreateModel",
    "sagemaker:CreateEndpointConfig",
)  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with EmbeddedCloud() as cloud:
        yield steered(cloud, tmp_path_factory.mktemp("repositories"))


@pytest.fixture(autouse=True)
def fine_weather(world: World) -> Iterator[None]:
    yield
    world.cloud.clear_faults()


# --- AWS is busy, broken or away -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["throttling", "internal", "cut"])
def test_a_run_bears_every_operation_failing(world: World, kind: str) -> None:
    (world.repository.folder / f"program/{kind}").write_text(f"an image to be pushed in spite of {kind}")
    words, before, since = told(), set(releases(world)), world.last_call()
    for operation in STRUCK:
        # A push is tried again as a whole, so that its requests share one budget.
        world.cloud.fault(kind, operation=operation, count=1 if operation.startswith("ecr:") else 2)
    summary = world.run(*words)
    assert (summary["result"], world.live("qa")) == ("done", summary["release"])
    assert {operation: len(world.answered(operation, since)) for operation in ONCE} == dict.fromkeys(ONCE, 1)
    world.cloud.clear_faults()
    forget(world)
    assert world.run(*words)["release"] == summary["release"]
    assert set(releases(world)) - before == {summary["release"]}


@pytest.mark.parametrize(
    ("operation", "resource"),
    [
        ("sts:AssumeRole", "role/steered-pipeline"),
        ("s3:PutObject", "s3://steered-111111111111-us-east-1/ledger/"),
        ("sagemaker:CreateModelPackage", "steered"),
        ("sagemaker:UpdateEndpoint", "steered-qa"),
    ],
)
def test_a_service_that_stays_busy_is_a_temporary_failure(world: World, operation: str, resource: str) -> None:
    world.run()  # so that there is an endpoint to update
    words = told()
    world.cloud.fault("throttling", operation=operation, count=100_000)
    summary = world.run(*words, exits=ExitCode.TEMPORARY)
    account = "222222222222" if "Endpoint" in operation else "111111111111"
    for name in (operation, resource, account, "try again later"):
        assert name in summary["error"]
    world.cloud.clear_faults()
    assert world.run(*words)["result"] == "done"


# --- the user's program fails --------------------------------------------------------------------------------------


def test_what_the_program_said_stands_on_the_console(world: World) -> None:
    words = told(fail="the loss is not a number", print="epoch 1 of 2")
    failed = world.modelyard("run", *words, exits=ExitCode.USER_CODE_FAILED)
    assert "the loss is not a number" in failed.stderr
    assert "epoch 1 of 2" in failed.stderr
    assert attempts(world, "train")


def test_a_failure_starts_another_attempt_the_next_time(world: World) -> None:
    words = ("--until", "train", *told(fail="never"))
    first, second = (world.run(*words, exits=ExitCode.USER_CODE_FAILED)["error"] for _ in range(2))
    assert "-a2 " not in first
    assert "-a2 " in second


def test_the_ledger_makes_sense_after_all_that(world: World) -> None:
    world.run(*told())
    assert_consistent(world)
