"""Starting and following builds: the queue, the log as it comes, questions, the end as exit code, and interruptions."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from agent.cli import main
from agent.errors import ExitCode
from tests.jenkins_controller import Controller, Plan

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("repository", "hurried")
RELEASE = "3f2a9c1d7b60"


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits between two questions."""
    monkeypatch.setattr("agent.jenkins.following._PAUSES", (0.0,))
    monkeypatch.setattr("agent.jenkins.starting._PAUSE", 0.01)
    monkeypatch.setattr("agent.jenkins.starting._SCAN_SECONDS", 0.1)
    monkeypatch.setattr("agent.jenkins.transport._PAUSES", (0.0,))


@pytest.fixture
def jobs(url: str, repository: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """A controller with the jobs of the repository."""
    assert main(["jenkins", "setup"]) == ExitCode.DONE
    capsys.readouterr()
    return url


def run(*words: str) -> int:
    return main(["jenkins", *words])


def events(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


LOG = """\
[Pipeline] stage
[Pipeline] { (Train)
[Pipeline] timeout
Timeout set to expire in 55 min
[Pipeline] {
[Pipeline] node
Running on agent1 in /srv/jenkins/workspace/tumour_build_main
[Pipeline] checkout
The recommended git tool is: NONE
No credentials specified
Fetching changes from the remote Git repository
 > git rev-parse --resolve-git-dir /srv/jenkins/workspace/tumour_build_main/.git # timeout=10
Checking out Revision fe68177aad6b0a7386863fecb8307688dca3d8f2 (main)
Commit message: "Two approvers"
Masking supported pattern matches of $AWS_SECRET_ACCESS_KEY
[Pipeline] sh
started the training job tumour-train-726b2082802f
│ training on 398 examples
[Pipeline] }
[Pipeline] // node
[Pipeline] parallel
[Pipeline] { (Branch: Build image)
ERROR: No credentials specified for registry
Finished: SUCCESS
"""
STEPS = [
    "== Train",
    "Running on agent1 in /srv/jenkins/workspace/tumour_build_main",
    "started the training job tumour-train-726b2082802f",
    "│ training on 398 examples",
    "ERROR: No credentials specified for registry",
    "Finished: SUCCESS",
]


@pytest.mark.parametrize(("words", "told"), [((), STEPS), (("--full",), LOG.splitlines())], ids=["steps", "full"])
@pytest.mark.usefixtures("jobs")
def test_the_log_is_told_without_what_jenkins_tells_itself_unless_somebody_wants_all_of_it(
    words: tuple[str, ...], told: list[str], controller: Controller, capsys: pytest.CaptureFixture[str]
) -> None:
    controller.plans["tumour/promote"] = [Plan(log=[LOG.encode()])]
    assert run("promote", RELEASE, "--to", "prod", "--reason", "better recall", *words) == ExitCode.DONE
    assert capsys.readouterr().out.splitlines() == told


@pytest.mark.usefixtures("jobs")
def test_a_promotion_is_followed_from_the_queue_to_its_end(
    controller: Controller, capsys: pytest.CaptureFixture[str]
) -> None:
    whys = ("In the quiet period. Expires in 4.9 sec", "Waiting for next available executor on docker")
    controller.plans["tumour/promote"] = [
        Plan(log=[b"verif", b"ied\n\xe2\x9c", b"\x93 live\n"], description="prod: 3f2a9c1d7b60", whys=(whys[0], *whys))
    ]
    assert run("promote", RELEASE, "--to", "prod", "--reason", "better recall") == ExitCode.DONE
    said = capsys.readouterr()
    assert said.out.splitlines() == ["verified", "✓ live"]
    assert [line for line in said.err.splitlines() if "in the queue" in line] == [
        f"in the queue: {why}" for why in whys
    ]
    assert "/job/tumour/job/promote/1" in said.err
    assert said.err.endswith("SUCCESS after 62 s: prod: 3f2a9c1d7b60\n")
    (build,) = controller.items["tumour/promote"].builds
    assert build.parameters == {
        "ACTION": "promote",
        "RELEASE": "",
        "OTHER_RELEASE": RELEASE,
        "ENVIRONMENT": "prod",
        "STRATEGY": "configured",
        "REASON": "better recall",
    }


@pytest.mark.usefixtures("jobs")
@pytest.mark.parametrize(
    ("result", "code"),
    [
        ("SUCCESS", ExitCode.DONE),
        ("UNSTABLE", ExitCode.DONE),
        ("FAILURE", ExitCode.CLOUD_FAILED),
        ("ABORTED", ExitCode.INTERRUPTED),
        ("NOT_BUILT", ExitCode.INTERRUPTED),
    ],
)
def test_the_result_is_the_exit_code(
    controller: Controller, capsys: pytest.CaptureFixture[str], result: str, code: ExitCode
) -> None:
    controller.plans["tumour/retrain"] = [Plan(result=result)]
    assert run("retrain", "--json") == code
    told = events(capsys)
    assert [one["event"] for one in told] == ["queued", "started", "logged", "logged", "ended"]
    assert (told[-1]["result"], told[-1]["exit_code"]) == (result, code)


@pytest.mark.usefixtures("jobs")
def test_a_rollback_without_a_release_goes_to_the_one_before(controller: Controller) -> None:
    assert run("rollback", "prod", "--reason", "alarms", "--strategy", "canary") == ExitCode.DONE
    parameters = controller.items["tumour/promote"].builds[0].parameters
    assert (parameters["ACTION"], parameters["RELEASE"], parameters["OTHER_RELEASE"]) == ("rollback", "", "")
    assert parameters["STRATEGY"] == "canary"


@pytest.mark.usefixtures("jobs")
def test_a_choice_that_is_not_offered_is_refused_with_those_that_are(
    controller: Controller, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("promote", RELEASE, "--to", "staging", "--reason", "better") == ExitCode.USAGE
    assert "ENVIRONMENT cannot be staging; the choices are: prod" in capsys.readouterr().err
    assert not controller.queue


@pytest.mark.usefixtures("jobs")
def test_a_retraining_says_why(controller: Controller) -> None:
    assert run("retrain", "--reason", "drift of age, PSI 0.3", "--release", RELEASE) == ExitCode.DONE
    parameters = controller.items["tumour/retrain"].builds[0].parameters
    assert parameters == {"RELEASE": RELEASE, "REASON": "drift of age, PSI 0.3"}


@pytest.mark.usefixtures("jobs")
def test_what_is_only_started_is_not_followed(controller: Controller, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("retrain", "--no-wait") == ExitCode.DONE
    assert "queued: http://127.0.0.1" in capsys.readouterr().err
    assert not controller.items["tumour/retrain"].builds


@pytest.mark.usefixtures("jobs")
def test_an_input_is_told_once_with_what_to_type(controller: Controller, capsys: pytest.CaptureFixture[str]) -> None:
    asked: dict[str, Any] = {
        "id": "Approve",
        "message": "Promote to prod?",
        "ok": "Approve",
        "submitter": None,
        "parameters": [],
    }
    controller.plans["tumour/promote"] = [Plan(inputs=[asked], log=[b"review\n"])]
    started = subprocess.Popen(
        [sys.executable, "-m", "agent.cli", "jenkins", "promote", RELEASE, "--to", "prod", "--reason", "better"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert started.stdout
    lines = iter(started.stdout.readline, "")
    told = [next(line for line in lines if "waits for an answer" in line), next(lines)]
    assert told[0] == "waits for an answer: Promote to prod?\n"
    assert "modelyard jenkins approve promote 1 --reason" in told[1]
    assert run("approve", "promote", "1") == ExitCode.DONE
    rest = list(lines)
    assert started.wait(30) == ExitCode.DONE
    assert not [line for line in rest if "waits" in line]


@pytest.mark.usefixtures("jobs")
def test_a_restart_of_the_controller_in_the_middle_is_waited_for(
    controller: Controller, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    controller.plans["tumour/retrain"] = [Plan(log=[b"one\n", b"two\n"], whys=("wait",))]
    answer = controller.begin

    def begin_and_restart(item: Any) -> None:
        answer(item)
        controller.away = 7

    monkeypatch.setattr(controller, "begin", begin_and_restart)
    assert run("retrain") == ExitCode.DONE
    said = capsys.readouterr()
    assert said.out == "one\ntwo\n"
    assert said.err.count("not ready (503); it may be starting") == 1


@pytest.mark.usefixtures("jobs")
def test_the_queue_may_have_forgotten_an_item_whose_build_runs(controller: Controller) -> None:
    controller.plans["tumour/retrain"] = [Plan(whys=("a", "b"))]
    original = controller.begin

    def begin_and_forget(item: Any) -> None:
        original(item)
        controller.forgets_queue = True

    controller.begin = begin_and_forget  # type: ignore[method-assign]
    assert run("retrain") == ExitCode.DONE


@pytest.mark.usefixtures("jobs")
def test_nobody_follows_for_ever(controller: Controller, capsys: pytest.CaptureFixture[str]) -> None:
    controller.plans["tumour/retrain"] = [Plan(endless=True)]
    assert run("retrain", "--timeout", "0.00001") == ExitCode.CLOUD_FAILED
    assert "(--timeout); it goes on without being followed" in capsys.readouterr().err


@pytest.mark.usefixtures("url")
def test_a_branch_is_found_by_a_scan_that_builds_it(controller: Controller, capsys: pytest.CaptureFixture[str]) -> None:
    run("setup")
    controller.branches = {"main": Plan(log=[b"of the scan\n"]), "feature/x": Plan(log=[b"of the feature\n"])}
    capsys.readouterr()
    assert run("build", "feature/x") == ExitCode.DONE
    assert capsys.readouterr().out == "of the feature\n"
    assert len(controller.items["tumour/build/feature%2Fx"].builds) == 1
    assert run("build") == ExitCode.DONE
    assert capsys.readouterr().out == "of the scan\n"
    assert controller.scans == 2  # the first when the job was made


@pytest.mark.usefixtures("url")
def test_a_branch_that_is_not_pushed_is_not_found(controller: Controller, capsys: pytest.CaptureFixture[str]) -> None:
    run("setup")
    assert run("build", "nowhere") == ExitCode.INPUT_MISSING
    assert "a scan has found no such branch with a Jenkinsfile; is it pushed?" in capsys.readouterr().err


@pytest.mark.usefixtures("jobs")
def test_parameters_before_the_first_build_are_refused_in_words(
    controller: Controller, capsys: pytest.CaptureFixture[str]
) -> None:
    controller.branches = {"main": Plan()}
    controller.scan("tumour/build")
    assert run("build", "main", "--until", "gate") == ExitCode.USAGE
    assert "the job does not know its parameters before its first build" in capsys.readouterr().err


@pytest.mark.usefixtures("url")
def test_without_jobs_setup_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("build", "main") == ExitCode.INPUT_MISSING
    assert "`modelyard jenkins setup` makes it" in capsys.readouterr().err


def interrupt_while_building(controller: Controller, *words: str) -> tuple[int, str]:
    """The exit code and the output of a command that is sent SIGINT while its build runs."""
    started = subprocess.Popen(
        [sys.executable, "-m", "agent.cli", "jenkins", "retrain", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert started.stdout
    seen = [next(line for line in iter(started.stdout.readline, "") if "begun" in line)]
    time.sleep(0.2)
    started.send_signal(signal.SIGINT)
    out, _ = started.communicate(timeout=60)
    return started.returncode, "".join(seen) + out


@pytest.mark.usefixtures("jobs")
def test_ctrl_c_leaves_the_build_where_nobody_can_be_asked(controller: Controller) -> None:
    controller.plans["tumour/retrain"] = [Plan(log=[b"begun\n"], endless=True)]
    code, said = interrupt_while_building(controller)
    assert code == ExitCode.INTERRUPTED
    assert "It goes on: http://127.0.0.1" in said
    assert controller.items["tumour/retrain"].builds[0].result is None


@pytest.mark.usefixtures("jobs")
def test_ctrl_c_stops_the_build_when_told_so_and_waits_for_its_end(controller: Controller) -> None:
    controller.plans["tumour/retrain"] = [Plan(log=[b"begun\n"], endless=True)]
    code, said = interrupt_while_building(controller, "--abort-on-interrupt")
    assert code == ExitCode.INTERRUPTED
    assert "Aborted by alice" in said
    assert "ABORTED after" in said
    assert said.count("begun") == 1


@pytest.mark.usefixtures("jobs")
@pytest.mark.parametrize(("typed", "result"), [(b"y\n", "ABORTED"), (b"\n", None)])
def test_ctrl_c_at_a_terminal_asks(controller: Controller, typed: bytes, result: str | None) -> None:
    controller.plans["tumour/retrain"] = [Plan(log=[b"begun\n"], endless=True)]
    ours, theirs = os.openpty()
    words = [sys.executable, "-m", "agent.cli", "jenkins", "retrain"]
    started = subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    seen = b""
    for awaited, answer in ((b"begun", None), (b"Stop the build too? [y/N]", typed)):
        while awaited not in seen:
            seen += os.read(ours, 4096)
        if answer is None:
            time.sleep(0.2)
            started.send_signal(signal.SIGINT)
        else:
            os.write(ours, answer)
    with contextlib.suppress(OSError):  # what Linux answers when the other side is closed
        while more := os.read(ours, 4096):
            seen += more
    assert started.wait(30) == ExitCode.INTERRUPTED
    os.close(ours)
    assert (b"It goes on: " in seen) is (result is None)
    assert controller.items["tumour/retrain"].builds[0].result == result


@pytest.mark.usefixtures("jobs")
def test_status_tells_the_last_builds(controller: Controller, capsys: pytest.CaptureFixture[str]) -> None:
    asked: dict[str, Any] = {"id": "Approve", "message": "Promote?", "ok": "Yes", "submitter": None, "parameters": []}
    controller.branches = {"main": Plan(description="release 3f2a9c1d7b60"), "feature/x": Plan()}
    controller.plans["tumour/promote"] = [Plan(log=[], inputs=[asked])]
    run("build", "main")
    run("promote", RELEASE, "--to", "prod", "--reason", "better", "--no-wait")
    for waiting in list(controller.queue.values()):
        if waiting.build is None:
            controller.begin(waiting)
    controller.items["tumour/promote"].builds[0].go_on()
    capsys.readouterr()
    assert run("status") == ExitCode.DONE
    rows = [line.split("  ") for line in capsys.readouterr().out.splitlines()]
    cells = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    assert cells[0] == ["JOB", "BUILD", "RESULT", "STARTED", "TOOK", "DESCRIPTION"]
    assert [(row[0], row[1], row[2]) for row in cells[1:]] == [
        ("build/main", "#1", "SUCCESS"),
        ("build/feature/x", "#1", "running"),
        ("promote", "#1", "waits for an answer"),
        ("retrain", "-", "never built"),
        ("override", "-", "never built"),
    ]
    assert cells[1][-1] == "release 3f2a9c1d7b60"
