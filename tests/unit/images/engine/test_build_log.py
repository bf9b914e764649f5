"""An engine's messages as people follow them; the samples are those of Docker 20.10 and podman 4.3."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from agent.images.engine.build_log import BuildLog
from agent.images.engine.failures import without
from tests.fakes import KeptReport

if TYPE_CHECKING:
    from collections.abc import Sequence

IMAGE = f"sha256:{'0c' * 32}"


def heard(messages: Sequence[dict[str, Any]], secrets: Sequence[str] = ()) -> tuple[BuildLog, KeptReport, list[str]]:
    report = KeptReport()
    log = BuildLog(report, partial(without, secrets=secrets))
    failures = [failure for message in messages if (failure := log.hear(message))]
    log.finish()
    return log, report, failures


def streamed(*pieces: str) -> list[dict[str, Any]]:
    return [{"stream": piece} for piece in pieces]


DOCKER = [
    *streamed("Step 1/2 : FROM a", "\n", " ---> 1d9b30ddadd5\n", "Step 2/2 : RUN pip install x", "\n"),
    *streamed(
        " ---> Running in 663f594a3886\n", "Collecting ", "x\nInstalling", "\r50%\r100%\n", "\x1b[91mold pip\n\x1b[0m"
    ),
    *streamed("Removing intermediate container 663f594a3886\n", " ---> ba28fe111bae\n"),
    {"aux": {"ID": IMAGE}},
    *streamed("Successfully built 0c0c0c0c0c0c\n"),
]
PODMAN = [
    *streamed("[1/2] STEP 1/2: FROM a AS one\n", "[1/2] STEP 2/2: RUN echo hello\n"),
    *streamed(
        "--> Using cache ae3de2ea3c80346df96e0bc083999935a9d4df3bdfb6aa8c7c779da242f47459\n", "--> ae3de2ea3c8\n"
    ),
    *streamed("[2/2] STEP 1/1: COPY f /\n", "COMMIT\n", "--> 928adf11e70\n", f"{'0c' * 32}\n"),
    {"aux": {"ID": IMAGE}},
]


def test_steps_are_what_is_done_and_output_is_the_log() -> None:
    log, report, failures = heard(DOCKER)
    assert report.of("doing") == ["Step 1/2 : FROM a", "Step 2/2 : RUN pip install x"]
    assert report.of("log") == ["Collecting x", "Installing", "50%", "100%", "old pip"]
    assert (log.image, failures, log.cached) == (IMAGE, [], 0)


def test_podman_s_log_is_understood() -> None:
    log, report, _ = heard(PODMAN)
    assert report.of("doing")[-1] == "[2/2] STEP 1/1: COPY f /"
    assert report.of("log") == []
    assert (log.image, log.cached) == (IMAGE, 1)
    assert log.step is not None
    assert (log.step.number, log.step.text, log.step.keyword) == (1, "COPY f /", "COPY")


def test_an_image_that_only_the_last_line_names_is_known() -> None:
    assert heard(streamed("Successfully built 0c0c0c0c0c0c\n"))[0].image == "0c0c0c0c0c0c"


def test_only_the_last_lines_of_the_failing_step_are_kept() -> None:
    log, _, failures = heard(
        [
            *streamed("Step 1/2 : RUN a\n", "early\n", "Step 2/2 : RUN b\n", *(f"{number}\n" for number in range(30))),
            *streamed("no line end"),
            {"errorDetail": {"code": 1, "message": "returned a non-zero code: 1"}, "error": "…"},
        ]
    )
    assert failures == ["returned a non-zero code: 1"]
    assert list(log.last_lines) == [*(str(number) for number in range(11, 30)), "no line end"]


def test_a_secret_in_the_output_is_not_shown() -> None:
    log, report, failures = heard([*streamed("token is hunter2\n"), {"error": "hunter2"}], secrets=["hunter2"])
    assert report.of("log") == ["token is ***"]
    assert list(log.last_lines) == ["token is ***"]
    assert failures == ["***"]


def test_pulling_the_base_image_is_told() -> None:
    _, report, _ = heard([{"status": "Downloading", "id": "a1b2"}])
    assert report.of("doing") == ["pulling the base image: Downloading a1b2"]
