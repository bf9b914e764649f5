"""The step `train` on a cloud that really trains: one job for one content, whatever happens on the way."""

from __future__ import annotations

import hashlib
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from agent import naming
from agent.cloud.embedded import EmbeddedCloud
from agent.config.model import Spot
from agent.errors import (
    AccessDeniedError,
    CloudFailedError,
    InputMissingError,
    InterruptedRunError,
    TemporaryError,
    UserCodeFailedError,
)
from agent.ledger.records import Attempt
from agent.ports.jobs import JobKind, JobStatus
from agent.runner import plan_step, recall, run_step
from pipeline_steps import train
from tests.contract.provision import create_role
from tests.contract.steps.hurried_clock import HurriedClock
from tests.contract.steps.job_world import RESOURCES, JobWorld, new_world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.context import Context

CREATE = "sagemaker:CreateTrainingJob"
PULL_ONLY = [{"Effect": "Allow", "Action": ["ecr:*", "logs:*"], "Resource": "*"}]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobWorld]:
    with EmbeddedCloud() as cloud:
        yield new_world(cloud, tmp_path_factory.mktemp("repository"))


@pytest.fixture(autouse=True)
def calm(world: JobWorld) -> Iterator[None]:
    yield
    world.cloud.clear_faults()


def inputs(world: JobWorld, orders: dict[str, str], **members: Any) -> train.Inputs:
    """A training that does what it is told; equal orders are equal work."""
    return train.Inputs(
        **{
            "project": world.project,
            "bucket": world.bucket,
            "role": world.role,
            "image": world.image,
            "channels": {"training": world.data_set("training", {"iris.csv": "1,2\n"}, "text/csv")},
            "hyperparameters": orders,
            "resources": RESOURCES,
            "max_runtime": 600,
            **members,
        }
    )


def with_key(wanted: train.Inputs, context: Context) -> Context:
    """The context in which the runner runs the step."""
    return replace(context, key=train.STEP.key(wanted))


def name_of(wanted: train.Inputs) -> str:
    """The name of the first attempt."""
    return naming.job(wanted.project, "train", train.STEP.key(wanted))


@contextmanager
def in_thread(wanted: train.Inputs, context: Context) -> Iterator[Future[train.Result]]:
    """Another build that trains while the block watches; it has ended after the block."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(lambda: run_step(train.STEP, wanted, context).result)


def interrupt(context: Context) -> None:
    """Tell a run to end, as SIGTERM does."""
    assert isinstance(context.clock, HurriedClock)
    context.clock.interrupt.set()


def attempt_in_ledger(wanted: train.Inputs, context: Context, run: str) -> str:
    """What the ledger says about a run's attempt."""
    name = f"steps/train/{train.STEP.key(wanted)}/attempts/{run}.json"
    return context.ledger.expect(name, Attempt).status


def told(context: Context, kind: str) -> str:
    return "\n".join(context.report.of(kind))  # type: ignore[attr-defined]


def test_training_answers_the_model_by_digest(world: JobWorld) -> None:
    context = world.context()
    result = run_step(
        train.STEP,
        inputs(world, {"print": "score=0.5"}, metric_definitions={"score": "score=([0-9.]+)"}),
        context,
    ).result
    artifact = result.model.artifact.removeprefix(f"s3://{world.bucket}/")
    body = world.account.objects.read(world.bucket, artifact)
    assert artifact == f"models/{result.model.job}/output/model.tar.gz"
    assert body is not None
    assert result.model.sha256 == hashlib.sha256(body.body).hexdigest()
    assert result.metrics == {"score": 0.5}
    assert result.billable_seconds is not None
    assert result.billable_seconds >= 1  # by the second, and a machine that is busy takes more than one
    (use,) = result.jobs
    assert (use.job, use.instance_type, use.instance_count) == (result.model.job, "ml.m5.large", 1)
    assert (use.billable_seconds, use.started is None) == (result.billable_seconds, False)
    assert use.seconds is not None
    assert told(context, "log") == "score=0.5"


def test_the_lines_of_further_machines_say_whose_they_are(world: JobWorld) -> None:
    wanted, context = (
        inputs(world, {"print": "hello"}, resources=RESOURCES.model_copy(update={"instance_count": 2})),
        world.context(),
    )
    run_step(train.STEP, wanted, context)
    assert sorted(told(context, "log").splitlines()) == ["[algo-2] hello", "hello"]


def test_a_plan_names_the_job_and_starts_none(world: JobWorld) -> None:
    wanted = inputs(world, {"print": "planned"})
    before = world.last_call()
    (action,) = plan_step(train.STEP, wanted, world.context())
    assert action.operation == CREATE
    assert action.resource.endswith(f":training-job/{action.request['TrainingJobName']}")
    assert world.calls(CREATE, before) == 0


def test_nothing_is_planned_where_a_job_would_be_adopted(world: JobWorld) -> None:
    wanted, context = inputs(world, {"print": "adopted by the plan"}), world.context()
    train.run(wanted, with_key(wanted, context))
    assert train.plan(wanted, with_key(wanted, context)) == ()


def test_what_is_recorded_is_not_trained_again(world: JobWorld) -> None:
    wanted = inputs(world, {"print": "recorded"})
    first = run_step(train.STEP, wanted, world.context())
    before = world.last_call()
    again = run_step(train.STEP, wanted, world.context(run="run-2"))
    assert again.recalled
    assert again.result == first.result
    assert world.calls(CREATE, before) == 0
    assert recall(train.STEP, wanted, world.context()) == first.result


def test_an_abandoned_training_is_adopted(world: JobWorld) -> None:
    """A lost agent leaves a job and no record; whoever runs the same inputs waits for that job."""
    wanted = inputs(world, {"sleep": "1", "print": "still here"})
    context = with_key(wanted, world.context())
    job = train.order(wanted, context)
    world.account.jobs.create(job.kind, job.request(job.name(1)))
    before = world.last_call()
    result = run_step(train.STEP, wanted, context).result
    assert result.model.job == job.name(1)
    assert world.calls(CREATE, before) == 0
    assert f"adopted the training job {job.name(1)}: InProgress" in told(context, "fact")
    assert told(context, "log") == "still here"


def test_the_training_of_a_killed_agent_is_adopted(world: JobWorld) -> None:
    wanted, before = inputs(world, {"sleep": "2", "print": "killed"}), world.last_call()
    agent = world.lonely_agent(wanted)
    try:
        world.await_training(name_of(wanted))
    finally:
        agent.kill()
        agent.wait()
    context = world.context()
    assert run_step(train.STEP, wanted, context).result.model.job == name_of(wanted)
    assert world.calls(CREATE, before) == 1
    assert attempt_in_ledger(wanted, context, "killed") == "running"


def test_a_completed_training_whose_artifact_is_gone_is_done_again(world: JobWorld) -> None:
    wanted = inputs(world, {"print": "cleaned away"})
    context = with_key(wanted, world.context())
    first = train.run(wanted, context).model
    world.account.objects.delete(world.bucket, first.artifact.removeprefix(f"s3://{world.bucket}/"))
    again = train.run(wanted, context).model
    assert again.job == f"{first.job}-a2"


def test_the_user_s_failure_is_shown_with_the_end_of_the_log(world: JobWorld) -> None:
    wanted = inputs(world, {"fail": "ValueError: no rows", "print": "reading rows"})
    with pytest.raises(UserCodeFailedError) as caught:
        run_step(train.STEP, wanted, world.context())
    told_so = str(caught.value)
    assert "ValueError: no rows" in told_so
    assert "reading rows" in told_so
    assert "in account 111111111111, us-east-1" in told_so


def test_after_a_failure_comes_another_attempt(world: JobWorld) -> None:
    wanted = inputs(world, {"fail": "each time"})
    key = train.STEP.key(wanted)
    for _ in range(2):
        with pytest.raises(UserCodeFailedError):
            run_step(train.STEP, wanted, world.context())
    assert world.jobs(key[:12]) == [f"jobs-train-{key[:12]}", f"jobs-train-{key[:12]}-a2"]


@pytest.mark.parametrize(
    ("orders", "named"),
    [
        ({"fail": "MemoryError: Unable to allocate 9 GiB", "exit": "1"}, "it ran out of memory"),
        ({"signal": "9"}, r"it was killed \(exit code 137\), most often because it ran out of memory"),
    ],
    ids=["told by the program", "killed by the kernel"],
)
def test_running_out_of_memory_is_named(world: JobWorld, orders: dict[str, str], named: str) -> None:
    with pytest.raises(UserCodeFailedError, match=named) as caught:
        run_step(train.STEP, inputs(world, orders), world.context())
    assert "choose a larger `instance_type`" in str(caught.value)


def test_running_out_of_time_is_named_and_no_success(world: JobWorld) -> None:
    wanted = inputs(world, {"sleep": "3600", "on-sigterm": "saved"})
    with in_thread(wanted, world.context()) as training:
        world.await_training(name_of(wanted))
        world.cloud.advance(600)
    with pytest.raises(UserCodeFailedError, match=r"was stopped: it ran longer than it may \(600 s\)"):
        training.result()


def test_a_training_that_somebody_stopped_is_no_success(world: JobWorld) -> None:
    wanted = inputs(world, {"sleep": "3600", "print": "to be stopped"})
    with in_thread(wanted, world.context()) as training:
        world.await_training(name_of(wanted))
        world.account.jobs.stop(JobKind.TRAINING, name_of(wanted))
    with pytest.raises(CloudFailedError, match="was stopped: somebody stopped it"):
        training.result()


def test_a_job_that_is_being_stopped_is_awaited_and_followed_by_another_attempt(world: JobWorld) -> None:
    wanted = inputs(world, {"sleep-once": "3600", "checkpoint": "here"}, spot=Spot(max_wait=1200))
    job = train.order(wanted, with_key(wanted, world.context()))
    world.account.jobs.create(job.kind, job.request(job.name(1)))
    world.await_object(f"checkpoints/{job.name(1)}/progress.txt")
    world.account.jobs.stop(JobKind.TRAINING, job.name(1))
    result = run_step(train.STEP, wanted, world.context()).result
    assert result.model.job == job.name(2)


def test_an_interrupted_training_goes_on_for_the_next_build(world: JobWorld) -> None:
    wanted, context = inputs(world, {"sleep": "2", "print": "left alone"}), world.context()
    with in_thread(wanted, context) as training:
        world.await_training(name_of(wanted))
        interrupt(context)
    with pytest.raises(InterruptedRunError):
        training.result()
    assert "left for the next build to adopt" in told(context, "fact")
    assert attempt_in_ledger(wanted, context, context.run.id) == "interrupted"
    before = world.last_call()
    result = run_step(train.STEP, wanted, world.context(run="run-2")).result
    assert result.model.job == name_of(wanted)
    assert world.calls(CREATE, before) == 0


def test_an_interrupted_training_is_stopped_where_that_is_wanted(world: JobWorld) -> None:
    wanted, context = inputs(world, {"sleep": "3600", "print": "stopped"}), world.context(stop_jobs=True)
    with in_thread(wanted, context) as training:
        world.await_training(name_of(wanted))
        before = world.last_call()
        interrupt(context)
    with pytest.raises(InterruptedRunError):
        training.result()
    assert world.calls("sagemaker:StopTrainingJob", before) == 1
    job = world.account.jobs.describe(JobKind.TRAINING, name_of(wanted))
    assert job is not None
    assert job.status in {JobStatus.STOPPING, JobStatus.STOPPED}


@pytest.mark.parametrize("fault", ["throttling", "internal", "cut"])
@pytest.mark.parametrize("operation", ["Create", "Describe"])
def test_a_service_that_is_busy_for_a_while_is_borne(world: JobWorld, fault: str, operation: str) -> None:
    wanted = inputs(world, {"print": f"{fault} at {operation}"})
    world.cloud.fault(fault, operation=f"sagemaker:{operation}TrainingJob", count=2)
    result = run_step(train.STEP, wanted, world.context()).result
    assert result.model.job == name_of(wanted)


def test_a_service_that_stays_busy_is_a_temporary_failure(world: JobWorld) -> None:
    world.cloud.fault("throttling", operation=CREATE, count=1000)
    with pytest.raises(TemporaryError, match="ThrottlingException: Rate exceeded"):
        run_step(train.STEP, inputs(world, {"print": "never accepted"}), world.context())


def test_a_quota_in_use_is_awaited(world: JobWorld) -> None:
    wanted, context = inputs(world, {"print": "patient"}), world.context()
    world.cloud.fault("limit", operation=CREATE, count=3)
    assert run_step(train.STEP, wanted, context).result.model.job == name_of(wanted)
    assert "trying again for up to 30 minutes" in told(context, "warn")


def test_machines_that_are_not_to_be_had_now_are_asked_for_again(world: JobWorld) -> None:
    """The capacity error is the end of a job, so that the machines are found by another attempt."""
    wanted = inputs(world, {"print": "second try"})
    world.cloud.fault("capacity", operation=CREATE, count=1)
    assert run_step(train.STEP, wanted, world.context()).result.model.job == f"{name_of(wanted)}-a2"


def test_machines_that_are_not_to_be_had_for_long_are_a_temporary_failure(world: JobWorld) -> None:
    world.cloud.fault("capacity", operation=CREATE, count=1000)
    with pytest.raises(TemporaryError, match="AWS has no such machines free"):
        run_step(train.STEP, inputs(world, {"print": "no machines"}), world.context())


def test_the_same_inputs_at_the_same_time_are_one_job(world: JobWorld) -> None:
    wanted, before = inputs(world, {"sleep": "0.5", "print": "shared"}), world.last_call()
    with ThreadPoolExecutor(4) as pool:
        contexts = [world.context(run=f"run-{number}") for number in range(4)]
        results = list(pool.map(lambda context: run_step(train.STEP, wanted, context).result, contexts))
    assert world.calls(CREATE, before) == 1
    assert all(result == results[0] for result in results)


def test_spare_capacity_goes_on_from_the_checkpoints_of_an_earlier_attempt(world: JobWorld) -> None:
    wanted = inputs(world, {"checkpoint": "here", "print": "spot"}, spot=Spot(max_wait=1200))
    context = with_key(wanted, world.context())
    first = train.run(wanted, context).model
    world.account.objects.delete(world.bucket, first.artifact.removeprefix(f"s3://{world.bucket}/"))
    train.run(wanted, context)
    kept = world.account.objects.read(world.bucket, f"checkpoints/{first.job}/progress.txt")
    assert kept is not None
    assert kept.body == b"here\nhere\n"


def test_a_role_that_may_not_read_the_data_is_access_denied(world: JobWorld) -> None:
    role = create_role(world.cloud.client("iam"), "no-data", {"Version": "2012-10-17", "Statement": PULL_ONLY})
    with pytest.raises(AccessDeniedError, match="grant it to the execution role"):
        run_step(train.STEP, inputs(world, {"print": "denied"}, role=role), world.context())


def test_a_role_that_sagemaker_may_not_assume_is_access_denied(world: JobWorld) -> None:
    role = f"arn:aws:iam::{world.account.id}:role/nobody"
    with pytest.raises(AccessDeniedError, match="Could not assume role"):
        run_step(train.STEP, inputs(world, {"print": "nobody"}, role=role), world.context())


def test_an_image_that_is_gone_is_a_missing_input(world: JobWorld) -> None:
    image = world.image.model_copy(update={"uri": f"{world.image.uri.partition('@')[0]}@sha256:{'0' * 64}"})
    with pytest.raises(InputMissingError, match="its image is not there"):
        run_step(train.STEP, inputs(world, {"print": "no image"}, image=image), world.context())
