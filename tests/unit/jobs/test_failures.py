"""Every end of a job has a name, an owner and a next step."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from agent.cloud.sagemaker.jobs import CAPACITY_ERROR, INTERNAL_ERROR
from agent.cloud.sagemaker.processing_run import container_failure
from agent.cloud.sagemaker.roles import could_not_assume
from agent.cloud.sagemaker.training_files import algorithm_failure
from agent.errors import ExitCode
from agent.jobs.failures import cause_of, explain, program_matters
from agent.ports.jobs import JobState, JobStatus, NoCapacityError
from agent.runtime.channels import Reader, nothing_found
from agent.runtime.container import Exit
from tests.fakes import EPOCH, job_state

KILLED = Exit(code=137, signal=9)
OUT_OF_MEMORY = Exit(code=137, signal=9, out_of_memory=True)
POINTER = "AlgorithmError: See job logs for more information"
NOTHING_FOUND = nothing_found("s3://bucket/prefix", Reader(region="us-east-1", role_arn="arn:aws:iam::1:role/r"))
NO_PULL = "The role 'arn:aws:iam::1:role/r' does not have BatchGetImage permission for the image: '1.dkr.ecr/x'."


def failed(reason: str, **members: Any) -> JobState:
    return job_state("job", JobStatus.FAILED, failure_reason=reason, **members)


@pytest.mark.parametrize(
    ("job", "expected"),
    [
        (failed(algorithm_failure("", Exit(code=1))), True),
        (failed("a reason that nobody knows"), True),
        (job_state("job", JobStatus.STOPPED), True),
        (failed(CAPACITY_ERROR), False),
        (failed(f"ClientError: {NO_PULL}"), False),
        (failed(f"ClientError: {NOTHING_FOUND}"), False),
    ],
    ids=lambda value: value.failure_reason[:20] if isinstance(value, JobState) else "",
)
def test_last_words_are_waited_for_where_they_may_tell_why(job: JobState, *, expected: bool) -> None:
    assert program_matters(job) is expected


def stopped(phase: str = "", **members: Any) -> JobState:
    return job_state("job", JobStatus.STOPPED, phase=phase, **members)


@pytest.mark.parametrize(
    ("reason", "code", "title"),
    [
        (algorithm_failure("ValueError: no rows", Exit(code=1)), ExitCode.USER_CODE_FAILED, "its program failed"),
        (algorithm_failure("", KILLED), ExitCode.USER_CODE_FAILED, "it was killed (exit code 137)"),
        (algorithm_failure("", OUT_OF_MEMORY), ExitCode.USER_CODE_FAILED, "it ran out of memory"),
        (container_failure(OUT_OF_MEMORY), ExitCode.USER_CODE_FAILED, "it ran out of memory"),
        (container_failure(Exit(code=1)), ExitCode.USER_CODE_FAILED, "its program failed"),
        (
            algorithm_failure("OSError: [Errno 28] No space left on device", Exit(code=1)),
            ExitCode.USER_CODE_FAILED,
            "it ran out of disk",
        ),
        ("AlgorithmError: MemoryError: 9 GiB, exit code: 1", ExitCode.USER_CODE_FAILED, "it ran out of memory"),
        (
            "AlgorithmError: CUDA out of memory. Tried …, exit code: 1",
            ExitCode.USER_CODE_FAILED,
            "it ran out of memory",
        ),
        (
            "AlgorithmError: CannotStartContainerError. Please make sure the container can be run with 'docker run'",
            ExitCode.USER_CODE_FAILED,
            "its container could not be started",
        ),
        (CAPACITY_ERROR, ExitCode.TEMPORARY, "AWS has no such machines free"),
        ("ResourceLimitExceeded: instances", ExitCode.TEMPORARY, "the account's quota is in use"),
        (INTERNAL_ERROR, ExitCode.TEMPORARY, "SageMaker failed for a reason of its own"),
        (f"ClientError: {NO_PULL}", ExitCode.ACCESS_DENIED, "its role lacks a permission"),
        (f"ClientError: {could_not_assume('arn')}", ExitCode.ACCESS_DENIED, "its role lacks a permission"),
        (
            "ClientError: Data download failed:AccessDenied (403): Access Denied (s3://b/k)",
            ExitCode.ACCESS_DENIED,
            "its role lacks a permission",
        ),
        (
            "ClientError: Artifact upload failed:AccessDenied (403): Access Denied",
            ExitCode.ACCESS_DENIED,
            "its role lacks a permission",
        ),
        ("ClientError: Data download failed:SlowDown (503): busy", ExitCode.TEMPORARY, "S3 was too busy"),
        ("ClientError: Data download failed:NoSuchKey (404): gone", ExitCode.INPUT_MISSING, "its input is not there"),
        (f"ClientError: {NOTHING_FOUND}", ExitCode.INPUT_MISSING, "its input is not there"),
        (
            f"ClientError: {NOTHING_FOUND} Error message from S3: Access Denied",
            ExitCode.ACCESS_DENIED,
            "its role lacks a permission",
        ),
        ("ClientError: Requested image 1.dkr/x@sha256:0 not found.", ExitCode.INPUT_MISSING, "its image is not there"),
        (
            "ClientError: The repository of your image 1.dkr/x does not exist.",
            ExitCode.INPUT_MISSING,
            "its image is not there",
        ),
        (
            "ClientError: Unsupported manifest media type application/vnd.oci.image.index.v1+json.",
            ExitCode.USAGE,
            "SageMaker takes no image of that kind",
        ),
        ("ClientError: something that nobody has seen yet", ExitCode.CLOUD_FAILED, "AWS gave it up"),
        ("", ExitCode.CLOUD_FAILED, "AWS gave it up"),
    ],
)
def test_a_reason_of_awss_has_its_class_and_name(reason: str, code: ExitCode, title: str) -> None:
    cause = cause_of(failed(reason), ())
    assert cause.error.exit_code is code
    assert cause.title.startswith(title)


def test_words_of_the_user_s_program_are_not_taken_for_awss() -> None:
    reason = algorithm_failure("CapacityError: AccessDenied (403) NoSuchKey InternalServerError", Exit(code=1))
    assert cause_of(failed(reason), ()).title == "its program failed"


def test_a_processing_job_s_last_line_names_the_error() -> None:
    assert cause_of(failed(POINTER), ("Traceback", "MemoryError")).title == "it ran out of memory"
    assert cause_of(failed(POINTER), ("MemoryError", "ValueError: x")).title == "its program failed"


def test_lack_of_machines_can_be_told_from_other_temporary_failures() -> None:
    assert cause_of(failed(CAPACITY_ERROR), ()).error is NoCapacityError


@pytest.mark.parametrize(
    ("job", "code", "title"),
    [
        (stopped("MaxRuntimeExceeded"), ExitCode.USER_CODE_FAILED, "it ran longer than it may"),
        (stopped("MaxWaitTimeExceeded"), ExitCode.TEMPORARY, "spare capacity did not suffice"),
        (stopped("Stopped"), ExitCode.CLOUD_FAILED, "somebody stopped it"),
        (stopped(), ExitCode.CLOUD_FAILED, "somebody stopped it"),
        (
            stopped(max_runtime=600, started=EPOCH, ended=EPOCH + timedelta(seconds=601)),
            ExitCode.USER_CODE_FAILED,
            "it ran longer than it may",
        ),
        (
            stopped(max_runtime=600, started=EPOCH, ended=EPOCH + timedelta(seconds=20)),
            ExitCode.CLOUD_FAILED,
            "somebody stopped it",
        ),
        (
            stopped("Stopped", max_runtime=600, started=EPOCH, ended=EPOCH + timedelta(seconds=700)),
            ExitCode.CLOUD_FAILED,
            "somebody stopped it",
        ),
    ],
)
def test_a_stopped_job_is_never_a_success(job: JobState, code: ExitCode, title: str) -> None:
    cause = cause_of(job, ())
    assert cause.error.exit_code is code
    assert cause.title.startswith(title)


def test_an_explanation_says_what_where_why_and_what_next() -> None:
    job = failed("AlgorithmError: ValueError: no rows\n\nTraceback …, exit code: 1", exit_message="two violations")
    error = explain(job, "training job", account="111111111111", region="eu-central-1", lines=("reading", "failing"))
    assert str(error).splitlines() == [
        "the training job job in account 111111111111, eu-central-1, failed: its program failed",
        "its reason:",
        "  AlgorithmError: ValueError: no rows",
        "  ",
        "  Traceback …, exit code: 1",
        "its message:",
        "  two violations",
        "the end of its log:",
        "  reading",
        "  failing",
        "what to do: mend the program, then run again",
    ]


def test_a_time_limit_is_told_with_its_length() -> None:
    error = explain(stopped("MaxRuntimeExceeded", max_runtime=600), "training job", account="1", region="r", lines=())
    assert "was stopped: it ran longer than it may (600 s)" in str(error)
