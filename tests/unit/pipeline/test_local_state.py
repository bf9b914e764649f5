"""The state of this machine: the same as long as nothing is done to it, another one whatever is done."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from agent.pipeline.local_state import local_state

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOW: dict[str, str] = {"AWS_REGION": "eu-west-1", "HOME": "/nowhere", "AWS_CONFIG_FILE": "/nowhere/config"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "modelyard.yaml").write_text("project: iris")
    (tmp_path / "data" / "old").mkdir(parents=True)
    (tmp_path / "data" / "iris.csv").write_text("1,2,3")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/main")
    return tmp_path


def digest(folder: Path, *words: str, **environ: str) -> str:
    state = local_state(folder, words, {**NOW, **environ})
    assert state is not None
    return state.digest


def keep_size_and_time(folder: Path) -> None:
    file = folder / "data" / "iris.csv"
    before = file.stat()
    file.write_text("9,8,7")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


CHANGES: dict[str, Callable[[Path], object]] = {
    "a file written": lambda folder: (folder / "data" / "iris.csv").write_text("1,2,4,5"),
    "a file written, with size and time of before": keep_size_and_time,
    "a file added": lambda folder: (folder / "data" / "new.csv").write_text(""),
    "a file removed": lambda folder: (folder / "data" / "iris.csv").unlink(),
    "a file renamed": lambda folder: (folder / "data" / "iris.csv").rename(folder / "data" / "other.csv"),
    "a file made executable": lambda folder: (folder / "modelyard.yaml").chmod(0o755),
    "an empty folder added": lambda folder: (folder / "data" / "empty").mkdir(),
    "another branch": lambda folder: (folder / ".git" / "HEAD").write_text("ref: refs/heads/next"),
    "a link that leads nowhere": lambda folder: (folder / "link").symlink_to("nowhere"),
}


def test_nothing_done_is_the_same_state(folder: Path) -> None:
    assert digest(folder, "main") == digest(folder, "main")


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_whatever_is_done_is_another_state(folder: Path, change: Callable[[Path], object]) -> None:
    before = digest(folder)
    change(folder)
    assert digest(folder) != before


def test_what_a_link_leads_to_is_part_of_the_state(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "more.csv").write_text("1")
    (folder / "data" / "more").symlink_to(outside)
    before = digest(folder)
    (outside / "more.csv").write_text("12")
    assert digest(folder) != before


def test_a_link_to_a_folder_above_ends_somewhere(folder: Path) -> None:
    (folder / "data" / "loop").symlink_to(folder)
    assert digest(folder) == digest(folder)


def test_words_and_variables_are_part_of_the_state(folder: Path) -> None:
    assert digest(folder, "--pr") != digest(folder)
    assert digest(folder, AWS_ENDPOINT_URL="http://127.0.0.1:1") != digest(folder)


def test_new_keys_and_what_concerns_nobody_are_not(folder: Path) -> None:
    assert digest(folder, AWS_SESSION_TOKEN="another", TERM="dumb") == digest(folder)
    before = digest(folder)
    (folder / ".modelyard").mkdir()
    (folder / ".git" / "index").write_text("as git status leaves it")
    assert digest(folder) == before


def test_what_was_just_written_is_not_at_rest(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = local_state(folder, (), NOW)
    monkeypatch.setattr(time, "time_ns", lambda clock=time.time_ns: clock() + 3_600_000_000_000)
    later = local_state(folder, (), NOW)
    assert fresh is not None
    assert later is not None
    assert (fresh.at_rest, later.at_rest) == (False, True)
