"""`./yard` on machines that we do not have: without Python, with an old one, without venv, with everything ready.

A stand-in for python3 notes how it is called, so that no run needs the network; CI runs the real thing.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.sources import ROOT

# Answers the questions of `yard` and makes a "virtual environment" whose python is this script again.
PYTHON = """#!/bin/sh
echo "$*" >>"{machine}/calls"
case "$*" in
  *version_info*) echo {version}; exit {too_old} ;;
  *ensurepip*) test -e "{machine}/has-venv" ;;
  "-m venv --clear .venv") mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
esac
"""
APT_GET = """#!/bin/sh
echo "$*" >>"{machine}/apt-calls"
touch "{machine}/has-venv"
"""
NEEDED = ("sh", "dirname", "readlink", "cksum", "cat", "mkdir", "cp", "touch", "test")


@dataclass(kw_only=True)
class Machine:
    """A folder with a copy of `yard`, and a PATH that holds only what a test puts on it."""

    root: Path
    house: Path = field(init=False)

    def __post_init__(self) -> None:
        self.house = self.root / "house"
        (self.house / "requirements").mkdir(parents=True)
        shutil.copy2(ROOT / "yard", self.house)
        self.lock("tox==4.26")
        (self.root / "bin").mkdir()
        for name in NEEDED:
            program = shutil.which(name)
            assert program
            (self.root / "bin" / name).symlink_to(program)
        self.user(1000)

    def lock(self, text: str) -> None:
        (self.house / "requirements" / "tox.txt").write_text(text)

    def program(self, name: str, text: str) -> None:
        path = self.root / "bin" / name
        path.write_text(text)
        path.chmod(0o755)

    def user(self, number: int) -> None:
        self.program("id", f"#!/bin/sh\necho {number}\n")

    def python(self, version: str = "3.11.2", *, too_old: bool = False, venv: bool = True) -> None:
        self.program("python3", PYTHON.format(machine=self.root, version=version, too_old=int(too_old)))
        if venv:
            (self.root / "has-venv").touch()

    def yard(
        self, *arguments: str, command: Path | None = None, cwd: Path | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [command or self.house / "yard", *arguments],
            cwd=cwd or self.root,
            env={"PATH": str(self.root / "bin"), **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def calls(self, name: str = "calls") -> list[str]:
        """What was asked of the stand-in since the last look."""
        path = self.root / name
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return lines


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(root=tmp_path)


@pytest.fixture
def ready(machine: Machine) -> Machine:
    """A machine on which `yard` ran before."""
    machine.python()
    machine.yard("test")
    machine.calls()
    return machine


def tox_runs(calls: list[str]) -> list[str]:
    return [call for call in calls if call.startswith("-m tox")]


def test_first_run_installs_tox_with_hashes_and_runs_it(machine: Machine) -> None:
    machine.python()
    assert machine.yard("test").returncode == 0
    assert machine.calls()[2:] == [
        "-m venv --clear .venv",
        "-m pip --quiet --disable-pip-version-check install --require-hashes -r requirements/tox.txt",
        "-m tox run -e lint,test",
    ]


def test_second_run_only_runs_tox(ready: Machine) -> None:
    ready.yard("test")
    asked_version, *rest = ready.calls()
    assert "version_info" in asked_version
    assert rest == ["-m tox run -e lint,test"]


def test_changed_lock_prepares_again(ready: Machine) -> None:
    ready.lock("tox==5")
    ready.yard("test")
    assert any(call.startswith("-m pip") for call in ready.calls())


def test_changed_python_prepares_again(ready: Machine) -> None:
    ready.python("3.12.1")
    ready.yard("test")
    assert any(call.startswith("-m pip") for call in ready.calls())


def test_interrupted_preparation_is_done_again(ready: Machine) -> None:
    (ready.house / ".venv" / "made-from").unlink()
    ready.yard("test")
    assert any(call.startswith("-m pip") for call in ready.calls())


def test_demo_takes_arguments(ready: Machine) -> None:
    ready.yard("demo", "--keep", "two words")
    assert tox_runs(ready.calls()) == ["-m tox run -e demo -- --keep two words"]


def test_arguments_of_test_go_to_pytest_alone(ready: Machine) -> None:
    ready.yard("test", "tests/unit", "-k", "x")
    assert tox_runs(ready.calls()) == ["-m tox run -e test -- tests/unit -k x"]


def test_ci_also_runs_the_sdk_and_ends_with_the_tests(ready: Machine) -> None:
    ready.yard("test", CI="true")
    assert tox_runs(ready.calls()) == ["-m tox run -e lint,sdk,test"]


def test_works_from_any_folder_and_through_a_link(ready: Machine, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(ready.house / "yard")
    assert ready.yard("test", command=link, cwd=Path("/")).returncode == 0
    assert ready.calls()[1:] == ["-m tox run -e lint,test"]


def test_answers_with_the_exit_code_of_tox(ready: Machine) -> None:
    (ready.house / ".venv" / "bin" / "python").write_text("#!/bin/sh\nexit 3\n")
    assert ready.yard("test").returncode == 3


def test_missing_python_is_named(machine: Machine) -> None:
    run = machine.yard("demo")
    assert run.returncode == 1
    assert run.stderr.splitlines() == [
        "yard: python3 is not installed: install Python 3.11 or newer (Debian: apt-get install python3)"
    ]


def test_old_python_is_named_with_what_to_do(machine: Machine) -> None:
    machine.python("3.9.2", too_old=True)
    run = machine.yard("demo")
    assert run.returncode == 1
    assert run.stderr.splitlines() == [
        "yard: python3 is Python 3.9.2, but 3.11 or newer is needed: set PYTHON=/path/to/a/newer/python3"
    ]


def test_another_python_can_be_chosen(machine: Machine) -> None:
    machine.python()
    (machine.root / "bin" / "python3").rename(machine.root / "newer")
    assert machine.yard("demo", PYTHON=str(machine.root / "newer")).returncode == 0


def test_missing_venv_is_named_where_it_may_not_be_installed(machine: Machine) -> None:
    machine.python(venv=False)
    machine.program("apt-get", APT_GET.format(machine=machine.root))
    run = machine.yard("demo")
    assert run.returncode == 1
    assert run.stderr.splitlines() == [
        "yard: python3 has no venv module: install it first (Debian: apt-get install python3-venv)"
    ]
    assert machine.calls("apt-calls") == []


def test_missing_venv_is_installed_by_root(machine: Machine) -> None:
    machine.user(0)
    machine.python(venv=False)
    machine.program("apt-get", APT_GET.format(machine=machine.root))
    assert machine.yard("demo").returncode == 0
    assert machine.calls("apt-calls") == ["-qq update", "-qq -y install python3-venv"]


def test_unknown_command_answers_the_usage(machine: Machine) -> None:
    run = machine.yard("deploy")
    assert run.returncode == 2
    assert run.stderr.startswith("usage: ./yard demo")


def test_yard_stays_short() -> None:
    assert len((ROOT / "yard").read_text().splitlines()) <= 60


@pytest.mark.requires("shellcheck")
@pytest.mark.parametrize(
    "script",
    [
        "yard",
        ".ci/run",
        "resources/modelyard/run.sh",
        "docker/agent/start",
        "docker/cloud/bootstrap",
        "docker/cloud/start",
        "docker/jenkins/start",
        "docker/jenkins-agent/start",
    ],
)
def test_scripts_are_clean(script: str) -> None:
    check = subprocess.run(["shellcheck", ROOT / script], capture_output=True, text=True, check=False)
    assert check.stdout == ""
    assert check.returncode == 0
