"""`modelyard demo`: it works, it says so truthfully, and it leaves nothing behind however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from agent.cloud.embedded import EmbeddedCloud
from agent.console import Console
from agent.demo import policies, story
from agent.demo.progress import PlainProgress
from agent.errors import AccessDeniedError, CloudFailedError, ModelyardError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from agent.demo.policies import Names, Policy

DEMO = (sys.executable, "-m", "agent.cli", "demo")


class Stage:
    """Where a demo runs: all its temporary files and states are in folders of its own."""

    def __init__(self, folder: Path) -> None:
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.environment = {**os.environ, "TMPDIR": str(self.temporary), "MODELYARD_CLOUD": str(folder / "cloud")}
        self.kept = folder / "cloud-demo"

    def play(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*DEMO, *arguments], env=self.environment, capture_output=True, text=True, timeout=200, check=False
        )

    def begin(self) -> subprocess.Popen[str]:
        return subprocess.Popen(DEMO, env=self.environment, stderr=subprocess.PIPE, text=True)

    def left_behind(self) -> list[str]:
        """Temporary files, and processes that name this stage in their command or their environment."""
        found = [path.name for path in self.temporary.iterdir()]
        mark = str(self.temporary).encode()
        for process in Path("/proc").iterdir():
            if process.name.isdecimal() and process.name != str(os.getpid()):
                try:
                    told = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
                except OSError:
                    continue
                if mark in told:
                    found.append(told.replace(b"\0", b" ").decode(errors="replace")[:200])
        return found


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_it_trains_deploys_calls_and_is_denied(stage: Stage) -> None:
    demo = stage.play()
    assert demo.returncode == 0, demo.stderr
    assert "6.7,3.0,5.2,2.3 → virginica" in demo.stderr
    assert "is not authorized to perform: sts:AssumeRole" in demo.stderr
    assert "is not authorized to perform: s3:GetObject" in demo.stderr
    assert "All of it worked" in demo.stderr
    assert stage.left_behind() == []


def test_keep_leaves_the_endpoint_in_service(stage: Stage) -> None:
    try:
        demo = stage.play("--keep")
        assert demo.returncode == 0, demo.stderr
        assert f"modelyard cloud down --state {stage.kept}" in demo.stderr
        again = stage.play("--keep")
        assert again.returncode == 2
        assert "an earlier demo still runs" in again.stderr
    finally:
        down = [sys.executable, "-m", "agent.cli", "cloud", "down", "--state", str(stage.kept)]
        assert subprocess.run(down, env=stage.environment, check=False).returncode == 0
    assert stage.left_behind() == []


def await_state_folder(stage: Stage) -> None:
    """Until there is something to leave behind; the interpreter itself tries the temporary folder out just before."""
    while not any(stage.temporary.glob("modelyard-cloud-*/lock")):
        time.sleep(0.01)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("chapter", ["Start a cloud", "Build the iris", "  Training", "  Creating", "Take it down"])
def test_it_leaves_nothing_when_it_is_interrupted(stage: Stage, chapter: str, sent: signal.Signals) -> None:
    with stage.begin() as demo:
        assert demo.stderr is not None
        assert any(line.startswith(chapter) for line in demo.stderr)
        await_state_folder(stage)
        demo.send_signal(sent)
        said = demo.stderr.read()
    assert demo.returncode == 128 + sent
    assert "All of it worked" not in said
    deadline = time.monotonic() + 10
    while stage.left_behind() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert stage.left_behind() == []


@pytest.fixture(scope="module")
def cloud() -> Iterator[EmbeddedCloud]:
    with EmbeddedCloud() as made:
        yield made


@pytest.fixture
def play(cloud: EmbeddedCloud) -> Iterator[Callable[[], None]]:
    """Plays the story in a cloud that is empty when the test begins."""
    cloud.reset()
    with Path(os.devnull).open("w") as nobody:
        yield lambda: story.tell(cloud, PlainProgress(Console(people=nobody)), keep=False)


NEEDED = [
    ("ci_policy", "ecr:PutImage"),
    ("ci_policy", "sagemaker:CreateTrainingJob"),
    ("ci_policy", "iam:PassRole"),
    ("ci_policy", "sts:AssumeRole"),
    ("training_policy", "s3:GetObject"),
    ("training_policy", "s3:PutObject"),
    ("training_policy", "ecr:BatchGetImage"),
    ("deploy_policy", "sagemaker:CreateModel"),
    ("deploy_policy", "sagemaker:InvokeEndpoint"),
    ("hosting_policy", "s3:GetObject"),
    ("bucket_policy", "s3:GetObject"),
    ("repository_policy", "ecr:BatchGetImage"),
    ("group_policy", "sagemaker:CreateModel"),
]


@pytest.mark.parametrize(("document", "action"), NEEDED, ids=str)
def test_without_one_permission_it_fails_and_says_so(
    play: Callable[[], None], monkeypatch: pytest.MonkeyPatch, document: str, action: str
) -> None:
    whole: Callable[[Names], Policy] = getattr(policies, document)

    def reduced(names: Names) -> Policy:
        statements = [without(statement, action) for statement in whole(names)["Statement"]]
        return {**whole(names), "Statement": [statement for statement in statements if statement["Action"]]}

    monkeypatch.setattr(policies, document, reduced)
    with pytest.raises(ModelyardError):
        play()


def without(statement: Policy, action: str) -> Policy:
    actions = statement["Action"]
    if isinstance(actions, str):
        return statement
    # A statement of no action is no policy, so one that does nothing here takes its place.
    return {**statement, "Action": [each for each in actions if each != action] or ["sns:ListTopics"]}


def test_a_denied_step_names_action_and_resource(play: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policies, "ci_policy", lambda _names: policies.policy(policies.allow(["sns:ListTopics"], "*")))
    with pytest.raises(AccessDeniedError, match="ecr:GetAuthorizationToken"):
        play()


def test_it_fails_when_what_should_be_denied_is_allowed(
    play: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    everybody = policies.trust({"AWS": "arn:aws:iam::111111111111:user/iris-ci"})
    monkeypatch.setattr(policies, "deploy_trust", lambda _names: everybody)
    with pytest.raises(CloudFailedError, match="assume_role was allowed"):
        play()


def test_it_fails_when_the_endpoint_answers_something_else(
    play: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    flowers: dict[str, Any] = {"5.1,3.5,1.4,0.2": "virginica"}
    monkeypatch.setattr(story, "_FLOWERS", flowers)
    with pytest.raises(CloudFailedError, match="was to be expected"):
        play()
