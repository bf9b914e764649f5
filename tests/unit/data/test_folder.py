"""A folder's files are data; links that lead out of it, and what is no file, are refused."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from agent.data.folder import files_of
from agent.errors import InputMissingError, UsageError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    write(folder / "data" / "a.csv")
    write(folder / "data" / "b" / "c.csv")
    return folder


def write(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def names(repository: Path, path: str = "data") -> list[str]:
    return sorted(found.name for found in files_of(repository / path, repository=repository, source="training"))


def test_files_are_named_from_the_folder(repository: Path) -> None:
    assert names(repository) == ["a.csv", "b/c.csv"]


def test_a_source_may_be_one_file(repository: Path) -> None:
    assert names(repository, "data/a.csv") == ["a.csv"]


def test_what_belongs_to_git_and_modelyard_is_no_data(repository: Path) -> None:
    write(repository / ".git" / "config")
    write(repository / "data" / "b" / ".modelyard" / "cache")
    write(repository / "data" / ".gitkeep")
    assert names(repository, ".") == ["data/.gitkeep", "data/a.csv", "data/b/c.csv"]


def test_links_may_lead_anywhere_in_the_repository(repository: Path) -> None:
    write(repository / "shared" / "d.csv")
    (repository / "data" / "link.csv").symlink_to("../shared/d.csv")
    (repository / "data" / "more").symlink_to("../shared")
    assert names(repository) == ["a.csv", "b/c.csv", "link.csv", "more/d.csv"]


def test_a_link_out_of_the_repository_is_refused(repository: Path, tmp_path: Path) -> None:
    secret = write(tmp_path / "secret")
    (repository / "data" / "link").symlink_to(secret)
    with pytest.raises(UsageError, match=r"`training`: .*data/link is a link out of the repository, to .*secret"):
        names(repository)


def test_a_source_that_is_itself_a_link_out_is_refused(repository: Path, tmp_path: Path) -> None:
    write(tmp_path / "elsewhere" / "x")
    (repository / "linked").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match=r"linked is a link out of the repository; write .*elsewhere instead"):
        names(repository, "linked")


def test_a_source_outside_that_is_written_as_such_is_read(repository: Path, tmp_path: Path) -> None:
    write(tmp_path / "elsewhere" / "x")
    (tmp_path / "elsewhere" / "y").symlink_to("x")
    assert names(repository, str(tmp_path / "elsewhere")) == ["x", "y"]
    assert names(repository, "../elsewhere") == ["x", "y"]


def test_a_link_to_a_folder_above_is_refused(repository: Path) -> None:
    (repository / "data" / "b" / "up").symlink_to("..")
    with pytest.raises(UsageError, match="up is a link to a folder above it"):
        names(repository)


def test_a_pipe_is_refused(repository: Path) -> None:
    os.mkfifo(repository / "data" / "pipe")
    with pytest.raises(UsageError, match="pipe is neither a file nor a folder"):
        names(repository)


def test_a_link_to_nothing_is_named(repository: Path) -> None:
    (repository / "data" / "broken").symlink_to("nothing")
    with pytest.raises(InputMissingError, match=r"`training`: .*broken: No such file"):
        names(repository)


def test_no_file_is_no_data(repository: Path) -> None:
    (repository / "empty" / "deep").mkdir(parents=True)
    with pytest.raises(InputMissingError, match=r"`training`: there is no file in .*empty"):
        names(repository, "empty")
    with pytest.raises(InputMissingError, match=r"`training`: .*absent: No such file"):
        names(repository, "absent")
