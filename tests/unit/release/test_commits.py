"""The commits between two releases, as far as the working copy knows them."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from agent.release.commits import between, file_at, knows

if TYPE_CHECKING:
    from pathlib import Path


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=Alice Liddell", "-c", "user.email=alice@example.com"]
    done = subprocess.run(["git", "-C", str(folder), *identity, *words], capture_output=True, check=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    return tmp_path


def commit(folder: Path, subject: str) -> str:
    git(folder, "commit", "-q", "--allow-empty", "-m", subject)
    return git(folder, "rev-parse", "HEAD")


def test_each_is_told_with_author_and_subject_newest_first(repository: Path) -> None:
    old, _, new = (commit(repository, subject) for subject in ("one", "two", "three"))
    assert [line.partition(" ")[2] for line in between(repository, old, new)] == [
        "Alice Liddell: three",
        "Alice Liddell: two",
    ]


def test_nothing_lies_between_what_is_the_same(repository: Path) -> None:
    one = commit(repository, "one")
    assert between(repository, one, one) == ()


@pytest.mark.parametrize(("old", "new"), [("0" * 40, ""), ("", "0" * 40), ("0" * 40, "1" * 40)])
def test_what_git_does_not_know_is_not_told(repository: Path, old: str, new: str) -> None:
    commit(repository, "one")
    assert between(repository, old, new) == ()


def test_a_folder_without_git_knows_nothing(tmp_path: Path) -> None:
    assert between(tmp_path, "0" * 40, "1" * 40) == ()


def test_a_file_is_read_as_it_was(repository: Path) -> None:
    folder = repository / "model"
    folder.mkdir()
    shas = []
    for text in ("one\n", "two\n"):
        (folder / "modelyard.yaml").write_text(text)
        git(repository, "add", "--all")
        shas.append(commit(repository, text.strip()))
    assert [file_at(folder, sha, "modelyard.yaml") for sha in shas] == ["one\n", "two\n"]
    assert file_at(folder, shas[0], "other.yaml") is None


@pytest.mark.parametrize("other", ["", "0" * 40, "--help", "HEAD", "main"])
def test_only_a_commit_that_is_there_is_known(repository: Path, other: str) -> None:
    one = commit(repository, "one")
    assert knows(repository, one)
    assert not knows(repository, other)
    assert file_at(repository, other, "modelyard.yaml") is None
