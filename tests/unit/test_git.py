"""What git says is read whatever it was written in, and silence is no error."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from agent.git import git
from agent.pipeline.repository import commit_of

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def repository(folder: Path, subject: bytes) -> Path:
    me = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], [*me, "commit", "-q", "--allow-empty", "-m", subject]):
        subprocess.run(["git", "-C", folder, *words], check=True)
    return folder


def test_a_subject_in_another_encoding_is_read(tmp_path: Path) -> None:
    commit = commit_of(repository(tmp_path, b"caf\xe9"))
    assert commit.subject == "café"
    assert git(tmp_path, "rev-parse", "HEAD") == f"{commit.sha}\n"


def test_what_git_does_not_know_is_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert git(repository(tmp_path, b"one"), "cat-file", "-e", "0" * 40) is None
    monkeypatch.setenv("PATH", "")
    assert git(tmp_path, "rev-parse", "HEAD") is None


def test_a_folder_outside_git_has_no_commit(tmp_path: Path) -> None:
    assert commit_of(tmp_path).sha == ""
