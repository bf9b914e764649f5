"""Whose fault a failure is; the engine's words are those of Docker 20.10, podman 4.3 and ECR."""

from __future__ import annotations

from functools import partial

import pytest

from agent.errors import (
    AccessDeniedError,
    CloudFailedError,
    ExitCode,
    InputMissingError,
    ModelyardError,
    TemporaryError,
    UsageError,
    UserCodeFailedError,
)
from agent.images.engine.build_log import BuildLog
from agent.images.engine.connection import unreachable
from agent.images.engine.dockerfile import Dockerfile
from agent.images.engine.failures import build_failure, is_fixed_tag, push_failure, refused_build, without
from tests.fakes import KeptReport

DOCKERFILE = Dockerfile(name="container/Dockerfile", content=b"FROM a\n\nRUN make \\\n  all\n")


def failed(message: str, *streams: str) -> ModelyardError:
    log = BuildLog(KeptReport(), partial(without, secrets=()))
    for stream in streams:
        log.hear({"stream": stream})
    return build_failure(message, log=log, dockerfile=DOCKERFILE, base="a:1", host="unix:///engine")


def test_a_failing_command_is_the_user_s_own() -> None:
    error = failed(
        "The command '/bin/sh -c make all' returned a non-zero code: 2", "Step 2/2 : RUN make   all", "\n", "no rule\n"
    )
    assert isinstance(error, UserCodeFailedError)
    assert int(error.exit_code) == 7
    assert str(error) == "container/Dockerfile:3: RUN make   all\nended with exit code 2\n  | no rule"


def test_a_command_that_was_killed_may_have_wanted_too_much_memory() -> None:
    assert "137 (killed; out of memory?)" in str(failed("returned a non-zero code: 137", "Step 2/2 : RUN make all\n"))


def test_podman_s_words_are_shown_as_they_are() -> None:
    error = failed('building at STEP "RUN make all": while running runtime: exit status 3', "STEP 2/2: RUN make all\n")
    assert isinstance(error, UserCodeFailedError)
    assert str(error).startswith("container/Dockerfile:3: RUN make all\n")


@pytest.mark.parametrize(
    "message",
    [
        "pull access denied for a, repository does not exist or may require 'docker login'",
        "manifest for a:1 not found: manifest unknown: manifest unknown",
        'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host',
    ],
)
def test_a_base_image_that_cannot_be_pulled_is_a_missing_input(message: str) -> None:
    error = failed(message, "Step 1/2 : FROM a\n")
    assert isinstance(error, InputMissingError)
    assert str(error).startswith(f"container/Dockerfile:1: FROM a (base image a:1): it cannot be pulled: {message}")


def test_a_full_disk_is_told_apart_wherever_it_is_noticed() -> None:
    step = "Step 2/2 : RUN make all\n"
    by_engine = failed("write /var/lib/docker/x: no space left on device", step)
    by_command = failed("returned a non-zero code: 1", step, "cc: error: No space left on device\n")
    by_push = push_failure("no space left on device", "r/m:1", "unix:///engine")
    for error in (by_engine, by_command, by_push):
        assert isinstance(error, CloudFailedError)
        assert "docker system prune" in str(error)


@pytest.mark.parametrize("words", ['unable to find image "sha256:0afeda"', "No such image: sha256:0afeda"])
def test_an_image_that_somebody_removed_meanwhile_is_nobody_s_fault(words: str) -> None:
    error = failed(words, "Step 2/3 : COPY train /opt/program/\n")
    assert isinstance(error, TemporaryError)
    assert words in str(error)


def test_what_only_buildkit_knows_is_named() -> None:
    error = failed("the --mount option requires BuildKit", "Step 2/2 : RUN make all\n")
    assert "knows no BuildKit syntax" in str(error)


@pytest.mark.parametrize(
    ("message", "kind", "text"),
    [
        ("dockerfile parse error line 3: unknown instruction: FRM", UserCodeFailedError, "container/Dockerfile:3: "),
        ("failed to reach build target x in Dockerfile: no such stage", UsageError, "`image.target`"),
        ("no space left on device", CloudFailedError, "disk"),
        ("something else", UserCodeFailedError, "container/Dockerfile"),
    ],
)
def test_a_build_that_did_not_begin_says_why(message: str, kind: type[ModelyardError], text: str) -> None:
    error = refused_build(message, DOCKERFILE, "a:1", "unix:///engine")
    assert type(error) is kind
    assert text in str(error)


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("denied: User: arn:aws:iam::1:user/x is not authorized to perform: ecr:PutImage", AccessDeniedError),
        ("no basic auth credentials", AccessDeniedError),
        ("denied: Your authorization token has expired. Reauthenticate and try again.", AccessDeniedError),
        ("EOF", TemporaryError),
        ("toomanyrequests: Rate exceeded", TemporaryError),
        ("received unexpected HTTP status: 503 Service Unavailable", TemporaryError),
        ('Put "http://127.0.0.1:1/v2/m/manifests/1": dial tcp: connect: connection refused', TemporaryError),
        ("An image does not exist locally with the tag: 127.0.0.1:1/m", TemporaryError),
        ("tag does not exist: 127.0.0.1:1/m:2", TemporaryError),
        ("could not find image from tag 127.0.0.1:1/m:2: failed to get digest sha256:de: no such file", TemporaryError),
        ("http: server gave HTTP response to HTTPS client", UsageError),
        ("name unknown: The repository with name 'm' does not exist in the registry", CloudFailedError),
    ],
)
def test_a_push_tells_whether_it_may_be_tried_again(message: str, kind: type[ModelyardError]) -> None:
    assert type(push_failure(message, "r/m:1", "unix:///engine")) is kind


def test_a_tag_that_cannot_move_is_recognised() -> None:
    words = "tag invalid: The image tag '1' already exists in the 'm' repository and cannot be overwritten"
    assert is_fixed_tag(words)
    assert not is_fixed_tag("denied")


@pytest.mark.parametrize("said", ["Connection refused", "Permission denied"])
def test_an_engine_that_is_not_there_says_what_to_do(said: str) -> None:
    error = unreachable("unix:///nowhere", OSError(said))
    assert "DOCKER_HOST" in str(error)
    assert "`image.builder` to `layers`" in str(error)
    assert error.exit_code == ExitCode.USAGE
