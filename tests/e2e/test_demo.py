"""`modelyard demo`: it works, it says so truthfully, and it leaves nothing behind however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agent.demo.repository import Repository, example

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

    def shell(self) -> dict[str, str]:
        """The environment of someone who has modelyard on the PATH."""
        return {**self.environment, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}

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


def test_it_goes_from_data_to_production_and_back(stage: Stage) -> None:
    demo = stage.play()
    assert demo.returncode == 0, demo.stderr
    assert "Refused: the model does not pass its gates." in demo.stderr
    assert "$ modelyard rollback prod" in demo.stderr
    assert "is not authorized to perform: sts:AssumeRole" in demo.stderr
    assert "is not authorized to perform: sagemaker:ListTrainingJobs" in demo.stderr
    assert "All of it worked" in demo.stderr
    assert stage.left_behind() == []


def test_keep_leaves_everything_as_it_is_at_the_end(stage: Stage) -> None:
    try:
        demo = stage.play("--keep")
        assert demo.returncode == 0, demo.stderr
        assert f"modelyard cloud down --state {stage.kept / 'cloud'}" in demo.stderr
        status = f". {stage.kept / 'build-server.env'} && cd {stage.kept / 'tumour-byo'} && modelyard status"
        told = subprocess.run(["sh", "-c", status], env=stage.shell(), capture_output=True, text=True, check=False)
        assert "tumour-prod is InService" in told.stdout, told.stderr
        again = stage.play("--keep")
        assert again.returncode == 2
        assert "an earlier demo still runs" in again.stderr
    finally:
        down = [sys.executable, "-m", "agent.cli", "cloud", "down", "--state", str(stage.kept / "cloud")]
        assert subprocess.run(down, env=stage.environment, check=False).returncode == 0
    assert stage.left_behind() == []


def await_state_folder(stage: Stage) -> None:
    """Until there is something to leave behind; the interpreter itself tries the temporary folder out just before."""
    while not any(stage.temporary.glob("modelyard-cloud-*/lock")):
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("line", "sent"),
    [
        ("Start a cloud", signal.SIGINT),
        ("Bootstrap the accounts", signal.SIGTERM),
        ("train ", signal.SIGINT),
        ("deploy ", signal.SIGTERM),
    ],
)
def test_it_leaves_nothing_when_it_is_interrupted(stage: Stage, line: str, sent: signal.Signals) -> None:
    with stage.begin() as demo:
        assert demo.stderr is not None
        assert any(said.startswith(line) for said in demo.stderr)
        await_state_folder(stage)
        demo.send_signal(sent)
        said = demo.stderr.read()
    assert demo.returncode == 128 + sent
    assert "All of it worked" not in said
    deadline = time.monotonic() + 10
    while stage.left_behind() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert stage.left_behind() == []


def test_its_repository_has_a_history_and_nothing_of_this_machine_s_git(tmp_path: Path) -> None:
    repository = Repository(example("tumour-byo"), tmp_path / "copy", os.environ)
    repository.change("More trees", trees=300)
    log = subprocess.run(
        ["git", "log", "--format=%an: %s"], cwd=repository.folder, capture_output=True, text=True, check=True
    )
    assert log.stdout.splitlines() == ["Ada: More trees", "Ada: A model that tells tumours apart"]
    assert "    trees: 300" in repository.configuration.read_text().splitlines()
