"""A controller, a model repository, and somebody with a token, as each command of `modelyard jenkins` finds them."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.jenkins_controller import Controller, serving
from tests.sources import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REPOSITORY = "https://git.example.com/models/tumour.git"


@pytest.fixture
def controller() -> Controller:
    """The state of the controller that :func:`url` serves; empty at first."""
    return Controller()


@pytest.fixture
def url(controller: Controller, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a running controller, known to the environment with Alice's token."""
    with serving(controller) as address:
        for name in ("JENKINS_USER_ID", "JENKINS_API_TOKEN", "JENKINS_CA"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("JENKINS_URL", f"{address}/")
        monkeypatch.setenv("JENKINS_USER", "alice")
        monkeypatch.setenv("JENKINS_TOKEN", controller.users["alice"].token)
        yield address


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model repository in git, which is the current folder."""
    ignored = shutil.ignore_patterns("__pycache__", ".modelyard")
    shutil.copytree(ROOT / "examples" / "tumour-byo", tmp_path, dirs_exist_ok=True, ignore=ignored)
    for words in (["init", "--quiet", "--initial-branch", "main"], ["remote", "add", "origin", REPOSITORY]):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path
