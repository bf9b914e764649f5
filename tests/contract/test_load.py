"""Two hundred training jobs at once on a machine of few cores: they wait their turn, and all end as they should."""

from __future__ import annotations

import io
import tarfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.processes import descendants, survivors
from tests.contract.provision import create_bucket, create_role, push_image
from tests.contract.workbench import Workbench

if TYPE_CHECKING:
    from agent.cloud.embedded import EmbeddedCloud

JOBS = 200
FAILING = 20
"""Every so many of them fail, so that one end is not mistaken for another."""
GROWTH_MIB = 64


@pytest.mark.embedded_only("two hundred jobs cost money")
@pytest.mark.timeout(900)
def test_two_hundred_jobs_queued_at_once_all_end_right(own_cloud: EmbeddedCloud) -> None:
    sagemaker = own_cloud.client("sagemaker")
    bench = Workbench(
        sagemaker=sagemaker,
        role=create_role(own_cloud.client("iam"), "load"),
        bucket=create_bucket(own_cloud.client("s3"), "load"),
        image=push_image(own_cloud, "load"),
    )
    bench.train("warm-up")
    bench.ended_training("warm-up")
    before = memory_mib(own_cloud)
    for number in range(JOBS):
        bench.train(f"job-{number}", {"fail": f"job {number}"} if number % FAILING == 0 else {"model": f"{number}"})
    most = before
    for number in range(JOBS):
        bench.ended_training(f"job-{number}")
        most = max(most, memory_mib(own_cloud))
    pages = sagemaker.get_paginator("list_training_jobs").paginate(NameContains="job-")
    ended = {job["TrainingJobName"]: job["TrainingJobStatus"] for page in pages for job in page["TrainingJobSummaries"]}
    assert Counter(ended.values()) == {"Completed": JOBS - JOBS // FAILING, "Failed": JOBS // FAILING}
    assert {name for name, status in ended.items() if status == "Failed"} == {
        f"job-{number}" for number in range(0, JOBS, FAILING)
    }
    s3 = own_cloud.client("s3")
    assert {number: model(s3, f"job-{number}") for number in range(JOBS) if number % FAILING} == {
        number: str(number) for number in range(JOBS) if number % FAILING
    }
    assert most - before < GROWTH_MIB
    assert survivors(descendants(own_cloud.running.pid)) == frozenset()


def model(s3: Any, job: str) -> str:
    """The text in a job's model."""
    body = s3.get_object(Bucket="load", Key=f"output/{job}/output/model.tar.gz")["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        content = archive.extractfile("model.txt")
        assert content is not None
        return content.read().decode()


def memory_mib(cloud: EmbeddedCloud) -> float:
    """The server's own resident memory (proc_pid_status(5), VmRSS)."""
    lines = Path(f"/proc/{cloud.running.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))
