"""What is measured of each server, and how: the same calls of the same clients, in turns."""

from __future__ import annotations

import json
import statistics
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from benchmarks.keepalive import Load, drive
from tests.contract.provision import create_role

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from benchmarks.contenders import Server

JOBS = 100
CALLS = 300
SMALL = b"x" * 1024
LARGE = b"x" * (8 << 20)
Measured = dict[str, float]


def start_up(serving: Callable[[bool], AbstractContextManager[Server]], rounds: int) -> float:
    """Seconds from nothing to the answer of a first call, the median of several starts."""
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        with serving(False) as server:
            server.client("sts").get_caller_identity()
            taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def one_round(server: Server) -> Measured:
    """Everything that is measured of a running server, once."""
    measured: Measured = {"memory at start, MiB": server.memory_mib()}
    role = create_role(server.client("iam"), "benchmark")
    server.client("s3").create_bucket(Bucket="benchmark")
    sagemaker = server.client("sagemaker")
    measured["CreateTrainingJob/s, one boto3 client"] = _rate(
        JOBS, lambda at: _train(sagemaker, server.image, role, at)
    )
    _await_jobs(sagemaker)
    measured |= _http(server, "DescribeTrainingJob", {"TrainingJobName": "job-0"})
    measured |= _http(server, "ListTrainingJobs", {"MaxResults": JOBS})
    measured["DescribeTrainingJob/s, one boto3 client"] = _rate(
        CALLS, lambda _: sagemaker.describe_training_job(TrainingJobName="job-0")
    )
    measured |= _storage(server.client("s3"))
    measured["memory at the end, MiB"] = server.memory_mib()
    return measured


def _train(sagemaker: Any, image: str, role: str, number: int) -> None:
    sagemaker.create_training_job(
        TrainingJobName=f"job-{number}",
        AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File"},
        RoleArn=role,
        OutputDataConfig={"S3OutputPath": "s3://benchmark/output"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 3600},
    )


def _await_jobs(sagemaker: Any) -> None:
    """The embedded cloud really runs them; describing is measured when it has nothing else to do."""
    while any(job["TrainingJobStatus"] == "InProgress" for job in _jobs(sagemaker)):
        time.sleep(0.2)
    ended = {job["TrainingJobStatus"] for job in _jobs(sagemaker)}
    if ended != {"Completed"}:
        raise RuntimeError(f"jobs of the benchmark ended {', '.join(sorted(ended))}")


def _jobs(sagemaker: Any) -> list[dict[str, Any]]:
    return list(sagemaker.list_training_jobs(MaxResults=JOBS)["TrainingJobSummaries"])


def _http(server: Server, operation: str, members: Mapping[str, Any]) -> Measured:
    """A call by eight keep-alive clients at once, with the processor time that the server spent on each."""
    spent = server.processor_seconds()
    load = Load(endpoint=server.signer.endpoint, request=_raw(server, f"SageMaker.{operation}", members))
    throughput = drive(load)
    each = (server.processor_seconds() - spent) / (throughput.per_second * load.seconds)
    return {
        f"{operation}/s, eight keep-alive clients": throughput.per_second,
        f"{operation} p99, ms": throughput.p99_ms,
        f"{operation}, server's processor µs a call": each * 1e6,
    }


def _raw(server: Server, target: str, members: Mapping[str, Any]) -> bytes:
    body = json.dumps(members).encode()
    headers = {**server.signer.headers("sagemaker", target, body), "Content-Length": str(len(body))}
    headers.setdefault("Host", urlsplit(server.signer.endpoint).netloc)
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST / HTTP/1.1\r\n{head}\r\n".encode() + body


def _storage(s3: Any) -> Measured:
    put = _rate(CALLS, lambda at: s3.put_object(Bucket="benchmark", Key=f"small/{at}", Body=SMALL))
    get = _rate(CALLS, lambda at: s3.get_object(Bucket="benchmark", Key=f"small/{at}")["Body"].read())
    large_put = _rate(8, lambda at: s3.put_object(Bucket="benchmark", Key=f"large/{at}", Body=LARGE))
    large_get = _rate(8, lambda at: s3.get_object(Bucket="benchmark", Key=f"large/{at}")["Body"].read())
    mib = len(LARGE) / (1 << 20)
    return {
        "S3 puts/s of 1 KiB, one boto3 client": put,
        "S3 gets/s of 1 KiB, one boto3 client": get,
        "S3 put, MiB/s": large_put * mib,
        "S3 get, MiB/s": large_get * mib,
    }


def _rate(calls: int, call: Callable[[int], object]) -> float:
    start = time.perf_counter()
    for number in range(calls):
        call(number)
    return calls / (time.perf_counter() - start)
