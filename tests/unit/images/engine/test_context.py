"""What an engine is sent is the same for the same sources, and nothing but these."""

from __future__ import annotations

import io
import os
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from agent.errors import InputMissingError, UsageError
from agent.images.builders import Builders
from agent.images.engine.context import open_context
from agent.ports.images import BuildOrder
from tests.fakes import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "container").mkdir()
    (tmp_path / "container/train").write_text("#!/usr/bin/env python3\n")
    (tmp_path / "container/train").chmod(0o755)
    (tmp_path / "container/notes").write_text("x")
    (tmp_path / "container/.dockerignore").write_text("notes\n")
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY train /\n")
    (tmp_path / "requirements.txt").write_text("numpy==2.4.6\n")
    return tmp_path


def order(folder: Path, **changes: Any) -> BuildOrder:
    whole: dict[str, Any] = {
        "builder": "engine",
        "folder": folder,
        "context": "container",
        "dockerfile": "Dockerfile",
        "base_image": "python:3.11-slim",
        "requirements": "requirements.txt",
        "build_args": {"A": "1"},
    }
    return BuildOrder(**{**whole, **changes})


def digest(folder: Path, **changes: Any) -> str:
    return Builders(FakeClock()).source_digest(order(folder, **changes))


def sent(folder: Path, wheelhouse: Path | None = None, **changes: Any) -> dict[str, str]:
    """The files of the context, by name."""
    stream = io.BytesIO()
    open_context(order(folder, **changes)).with_wheels(wheelhouse).write(stream)
    stream.seek(0)
    with tarfile.open(fileobj=stream) as archive:
        files = {member.name: archive.extractfile(member) for member in archive if member.isfile()}
        return {name: file.read().decode() for name, file in files.items() if file}


def test_the_dockerfile_goes_along_from_wherever_it_is(repository: Path) -> None:
    assert sent(repository) == {
        "train": "#!/usr/bin/env python3\n",
        ".modelyard.Dockerfile": "FROM scratch\nCOPY train /\n",
        ".dockerignore": ".modelyard.Dockerfile\n.dockerignore\n",
    }


def test_a_dockerfile_s_own_ignore_file_goes_before_the_context_s(repository: Path) -> None:
    (repository / "Dockerfile.dockerignore").write_text("train\n")
    assert "notes" in sent(repository)
    assert "train" not in sent(repository)


def test_wheels_are_put_beside_the_sources(repository: Path, tmp_path: Path) -> None:
    house = tmp_path / "house"
    house.mkdir()
    (house / "a-1.0-py3-none-any.whl").write_text("wheel")
    assert sent(repository, house)[".modelyard/wheelhouse/a-1.0-py3-none-any.whl"] == "wheel"


def test_our_own_folder_in_a_repository_is_no_source(repository: Path) -> None:
    before = digest(repository, context=".")
    (repository / ".modelyard").mkdir()
    (repository / ".modelyard/cloud").write_text("state")
    assert digest(repository, context=".") == before


@pytest.mark.parametrize(
    "changes",
    [
        {"base_image": "python:3.12-slim"},
        {"base_image": None},
        {"build_args": {"A": "2"}},
        {"target": "model"},
        {"platform": "linux/arm64"},
        {"requirements": None},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_the_digest_changes_with_what_is_ordered(repository: Path, changes: dict[str, Any]) -> None:
    assert digest(repository, **changes) != digest(repository)


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "container/train").write_text("other"),
        lambda folder: (folder / "container/train").chmod(0o644),
        lambda folder: (folder / "Dockerfile").write_text("FROM scratch\n"),
        lambda folder: (folder / "requirements.txt").write_text("numpy==2.4.7\n"),
    ],
    ids=["content", "mode", "Dockerfile", "requirements"],
)
def test_the_digest_changes_with_the_sources(repository: Path, change: Callable[[Path], object]) -> None:
    before = digest(repository)
    change(repository)
    assert digest(repository) != before


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: os.utime(folder / "container/train", (1, 1)),
        lambda folder: (folder / "container/train").chmod(0o775),
        lambda folder: (folder / "container/notes").write_text("y"),
        lambda folder: (folder / "README.md").write_text("y"),
    ],
    ids=["time", "umask", "ignored", "outside"],
)
def test_the_digest_stays_while_they_do(repository: Path, change: Callable[[Path], object]) -> None:
    before = digest(repository)
    change(repository)
    assert digest(repository) == before


def test_the_commit_is_no_source(repository: Path) -> None:
    assert digest(repository, labels={"a": "b"}, created="2026-01-01T00:00:00Z") == digest(repository)


def test_a_missing_dockerfile_is_a_mistake_in_the_configuration(repository: Path) -> None:
    with pytest.raises(UsageError, match=r"no Dockerfile .*absent; `image\.dockerfile` names it"):
        digest(repository, dockerfile="absent")


def test_missing_requirements_are_a_missing_input(repository: Path) -> None:
    with pytest.raises(InputMissingError, match=r"absent\.txt cannot be read: .*`image\.requirements` names it"):
        digest(repository, requirements="absent.txt")
