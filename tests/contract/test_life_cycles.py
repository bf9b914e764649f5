"""Jobs and endpoints under random operations, faults, leaps in time, and stops, crashes and restarts of the cloud.

What holds, whatever happens: a status is followed only by one that AWS documents to follow it; an end is an end; every
job comes to one; a name belongs to one job; there is a model where there should be and nowhere else; lists agree with
descriptions; and no process outlives what it was started for.
"""

from __future__ import annotations

import time
from functools import wraps
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar, cast

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests.contract import statuses
from tests.contract.processes import Process, descendants, survivors
from tests.contract.provision import create_bucket, create_role, push_image
from tests.contract.workbench import ENDED, SETTLED, Workbench

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.cloud.embedded import EmbeddedCloud

Operation = TypeVar("Operation", bound="Callable[..., Any]")

EXAMPLES, STEPS = 10, 12
PATIENCE_SECONDS = 60
LIMIT_SECONDS = 600
ORDERS = {
    "quick": {},
    "long": {"sleep": "3600"},
    "failing": {"fail": "on purpose"},
    "killed": {"signal": "9"},
    "stubborn": {"sleep": "3600", "ignore-sigterm": "yes"},
    "saving": {"sleep": "3600", "on-sigterm": "saved"},
    "spawning": {"spawn": "3600"},
    "checkpointing": {"checkpoint": "here", "sleep-once": "3600"},
}
SPOT = {
    "EnableManagedSpotTraining": True,
    "StoppingCondition": {"MaxRuntimeInSeconds": LIMIT_SECONDS, "MaxWaitTimeInSeconds": 2 * LIMIT_SECONDS},
}
ON_DEMAND = {"StoppingCondition": {"MaxRuntimeInSeconds": LIMIT_SECONDS}}
FAULTS = ("capacity", "job-failure", "interruption", "unhealthy")

pytestmark = pytest.mark.embedded_only("stops, kills and leaps in time")


class Life:
    """A cloud with what jobs and endpoints need, and what has been seen of each."""

    def __init__(self, cloud: EmbeddedCloud) -> None:
        self.cloud = cloud
        self._role = create_role(cloud.client("iam"), "life-cycles")
        self._bucket = create_bucket(cloud.client("s3"), "life-cycles")
        self._image = push_image(cloud, "life-cycles")
        self.started = 0
        self.steps: list[str] = []
        self.failure: Exception | None = None
        self.connect()

    def connect(self) -> None:
        """Clients of the cloud where it is now."""
        self.s3 = self.cloud.client("s3")
        self.sagemaker = self.cloud.client("sagemaker")
        self.runtime = self.cloud.client("sagemaker-runtime")
        self.bench = Workbench(sagemaker=self.sagemaker, role=self._role, bucket=self._bucket, image=self._image)

    def name(self, word: str) -> str:
        """A name that was never used in this cloud."""
        self.started += 1
        return f"{word}-{self.started}"

    def processes(self) -> frozenset[Process]:
        """What runs below the cloud now."""
        return descendants(self.cloud.running.pid)

    def code(self, call: Callable[..., Any], **members: Any) -> str:
        """The error code of a call; empty when it succeeded."""
        try:
            call(**members)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return ""

    def endpoint_status(self, name: str) -> str:
        """The status of an endpoint that may be gone."""
        try:
            return str(self.sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"])
        except ClientError as error:
            if "Could not find endpoint" in str(error):
                return statuses.GONE
            raise


def step(operation: Operation) -> Operation:
    """Keeps a failure for the test to tell: a cloud that runs real processes never repeats itself for Hypothesis.

    After a failure nothing more is done.
    """

    @wraps(operation)
    def taken(self: LifeCycles, **drawn: Any) -> Any:
        if self.life.failure is not None:
            return None
        self.life.steps.append(f"{operation.__name__}({', '.join(f'{k}={v!r}' for k, v in drawn.items())})")
        try:
            return operation(self, **drawn)
        except Exception as failure:  # noqa: BLE001 - the test raises it
            self.life.failure = failure
            return None

    return cast("Operation", taken)


class LifeCycles(RuleBasedStateMachine):
    """The operations, and after each of them what must hold."""

    jobs = Bundle("jobs")
    endpoints = Bundle("endpoints")

    def __init__(self, life: Life) -> None:
        super().__init__()
        self.life = life
        self.seen_jobs: dict[str, dict[str, Any]] = {}
        self.seen_endpoints: dict[str, str] = {}

    # --- jobs

    @rule(target=jobs, kind=st.sampled_from(sorted(ORDERS)), spot=st.booleans())
    @step
    def create_job(self, kind: str, spot: bool) -> str:
        name = self.life.name(f"job-{kind}")
        checkpoints = {"S3Uri": f"s3://{self.life.bench.bucket}/checkpoints/{name}"}
        members = {**(SPOT if spot else ON_DEMAND), "CheckpointConfig": checkpoints}
        self.life.bench.train(name, ORDERS[kind], **members)
        self.seen_jobs[name] = {"TrainingJobStatus": "InProgress"}
        return name

    @rule(name=jobs)
    @step
    def create_a_job_again(self, name: str) -> None:
        assert self.life.code(self.life.bench.train, name=name) == "ResourceInUse"

    @rule(name=jobs)
    @step
    def stop_job(self, name: str) -> None:
        code = self.life.code(self.life.sagemaker.stop_training_job, TrainingJobName=name)
        status = self.look_at_job(name)["TrainingJobStatus"]
        assert code in {"", "ValidationException"}
        assert status in {"Stopping", *ENDED}

    # --- endpoints

    @rule(target=endpoints, broken=st.booleans())
    @step
    def create_endpoint(self, broken: bool) -> str:
        name = self.life.name("endpoint")
        self.life.bench.endpoint(name, {"exit": "1"} if broken else {})
        self.seen_endpoints[name] = "Creating"
        return name

    @rule(name=endpoints, broken=st.booleans())
    @step
    def update_endpoint(self, name: str, broken: bool) -> None:
        new = self.life.name("config")
        self.life.bench.model(new, {"exit": "1"} if broken else {})
        self.life.bench.endpoint_config(new, new)
        update = self.life.sagemaker.update_endpoint
        code = self.life.code(update, EndpointName=name, EndpointConfigName=new)
        assert code in {"", "ValidationException"}

    @rule(name=endpoints)
    @step
    def invoke_endpoint(self, name: str) -> None:
        invoke = self.life.runtime.invoke_endpoint
        code = self.life.code(invoke, EndpointName=name, Body=b"x", ContentType="text/plain")
        assert code in {"", "ValidationError", "ModelError"}
        if code == "" and name in self.seen_endpoints:
            assert self.look_at_endpoint(name) != "Failed"

    @rule(name=endpoints)
    @step
    def delete_endpoint(self, name: str) -> None:
        assert self.life.code(self.life.sagemaker.delete_endpoint, EndpointName=name) in {"", "ValidationException"}

    # --- the cloud

    @rule(fault=st.sampled_from(FAULTS), seconds=st.sampled_from([0, 5]))
    @step
    def strike(self, fault: str, seconds: int) -> None:
        self.life.cloud.fault(fault, seconds=seconds)

    @rule(seconds=st.sampled_from([1, 60, LIMIT_SECONDS]))
    @step
    def advance(self, seconds: int) -> None:
        self.life.cloud.advance(seconds)

    @rule()
    @step
    def let_things_happen(self) -> None:
        time.sleep(0.3)

    @rule(how=st.sampled_from(["stop", "kill"]))
    @step
    def restart(self, how: str) -> None:
        processes = self.life.processes()
        {"stop": self.life.cloud.stop, "kill": self.life.cloud.kill}[how]()
        assert survivors(processes) == frozenset()
        self.life.cloud.start()
        self.life.connect()

    # --- what always holds

    @invariant()
    @step
    def jobs_are_described_legally(self) -> None:
        for name in self.seen_jobs:
            self.look_at_job(name)

    @invariant()
    @step
    def endpoints_are_described_legally(self) -> None:
        for name in list(self.seen_endpoints):
            self.look_at_endpoint(name)

    @invariant()
    @step
    def lists_agree_with_descriptions(self) -> None:
        listed = self.life.sagemaker.get_paginator("list_training_jobs").paginate()
        found = {job["TrainingJobName"]: job for page in listed for job in page["TrainingJobSummaries"]}
        for name in self.seen_jobs:
            now = self.look_at_job(name)["TrainingJobStatus"]
            assert now in statuses.reachable(statuses.JOB, found[name]["TrainingJobStatus"])
        pages = self.life.sagemaker.get_paginator("list_endpoints").paginate()
        known = {end["EndpointName"]: end["EndpointStatus"] for page in pages for end in page["Endpoints"]}
        for name in list(self.seen_endpoints):
            now = self.look_at_endpoint(name)
            assert now in statuses.reachable(statuses.ENDPOINT, known.get(name, statuses.GONE))

    def look_at_job(self, name: str) -> dict[str, Any]:
        before, now = self.seen_jobs[name], self.life.sagemaker.describe_training_job(TrainingJobName=name)
        now.pop("ResponseMetadata")
        assert now["TrainingJobStatus"] in statuses.reachable(statuses.JOB, before["TrainingJobStatus"])
        assert now["SecondaryStatus"] in statuses.SECONDARY[now["TrainingJobStatus"]], now
        assert_history_grew(before.get("SecondaryStatusTransitions", []), now["SecondaryStatusTransitions"])
        assert now["SecondaryStatusTransitions"][-1]["Status"] == now["SecondaryStatus"]
        if before["TrainingJobStatus"] in ENDED:
            assert now == before
        self.seen_jobs[name] = now
        return dict(now)

    def look_at_endpoint(self, name: str) -> str:
        now = self.life.endpoint_status(name)
        assert now in statuses.reachable(statuses.ENDPOINT, self.seen_endpoints[name])
        self.seen_endpoints[name] = now
        return now

    @step
    def teardown(self) -> None:
        self.life.cloud.clear_faults()
        self.every_job_ends()
        for name in self.seen_jobs:
            assert_artifacts(self.life, self.seen_jobs[name])
        self.every_endpoint_goes()
        assert survivors(self.life.processes()) == frozenset()

    def every_job_ends(self) -> None:
        """Time runs out for those that would go on for ever: their limit, their wait for spot, their grace."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while going := [n for n in self.seen_jobs if self.look_at_job(n)["TrainingJobStatus"] not in ENDED]:
            assert time.monotonic() < deadline, f"still going: {[self.seen_jobs[name] for name in going]}"
            self.life.cloud.advance(LIMIT_SECONDS)
            time.sleep(0.2)

    def every_endpoint_goes(self) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while left := [n for n in self.seen_endpoints if self.look_at_endpoint(n) != statuses.GONE]:
            assert time.monotonic() < deadline, f"still there: {[self.seen_endpoints[name] for name in left]}"
            for name in left:
                if self.seen_endpoints[name] in SETTLED:
                    self.life.code(self.life.sagemaker.delete_endpoint, EndpointName=name)
            self.life.cloud.advance(LIMIT_SECONDS)
            time.sleep(0.2)


@pytest.mark.timeout(600)
def test_whatever_happens_statuses_are_legal_and_nothing_is_left_behind(own_cloud: EmbeddedCloud) -> None:
    life = Life(own_cloud)

    class OfThisCloud(LifeCycles):
        def __init__(self) -> None:
            super().__init__(life)

    run_state_machine_as_test(
        OfThisCloud,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
    if life.failure is not None:
        life.failure.add_note("\n".join(life.steps))
        raise life.failure


def assert_history_grew(before: list[dict[str, Any]], now: list[dict[str, Any]]) -> None:
    """Secondary statuses are added, never taken away, and follow one another in time without gaps."""
    assert [step["Status"] for step in now[: len(before)]] == [step["Status"] for step in before]
    assert [step["StartTime"] for step in now[: len(before)]] == [step["StartTime"] for step in before]
    for earlier, later in pairwise(now):
        assert earlier["StartTime"] <= earlier["EndTime"] <= later["StartTime"]


def assert_artifacts(life: Life, job: dict[str, Any]) -> None:
    """A job that completed has a model; one that never trained has none; and what is described is there.

    A job that fails or is stopped while it trains uploads what it has, as AWS does
    (https://github.com/aws/sagemaker-python-sdk/issues/658 shows such a log).
    """
    trained = any(step["Status"] == "Training" for step in job["SecondaryStatusTransitions"])
    key = f"output/{job['TrainingJobName']}/output/model.tar.gz"
    found = life.s3.list_objects_v2(Bucket=life.bench.bucket, Prefix=key).get("Contents", [])
    described = job.get("ModelArtifacts", {}).get("S3ModelArtifacts")
    assert described == (f"s3://{life.bench.bucket}/{key}" if found else None), job
    assert found or job["TrainingJobStatus"] != "Completed", job
    assert trained or not found, job
