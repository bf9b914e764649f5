"""An image's source digest tells, before anything is built, whether there is anything to build."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from agent.errors import UsageError
from agent.images.assemble import assemble
from agent.images.builders import Builders
from agent.images.layout import ImageLayout
from agent.images.program import program_recipe
from agent.ports.images import BuildOrder
from tests.fakes import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A model repository whose image is made of ``container``."""
    container = tmp_path / "container"
    (container / "model").mkdir(parents=True)
    (container / "train").write_text("#!/usr/bin/env python3\n")
    (container / "train").chmod(0o755)
    (container / "model/trees.py").write_text("trees = 150\n")
    (container / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "README.md").write_text("Hello.\n")
    return tmp_path


def order(folder: Path, **changes: Any) -> BuildOrder:
    whole: dict[str, Any] = {
        "builder": "process",
        "folder": folder,
        "context": "container",
        "dockerfile": "container/Dockerfile",
        "base_image": "python:3.11-slim",
        "requirements": None,
        "build_args": {},
    }
    return BuildOrder(**{**whole, **changes})


def digest(folder: Path, **changes: Any) -> str:
    return Builders(FakeClock()).source_digest(order(folder, **changes))


def test_it_is_a_tag_that_ecr_takes(repository: Path) -> None:
    assert len(digest(repository)) == 64
    assert set(digest(repository)) <= set("0123456789abcdef")


@pytest.mark.parametrize(
    "change",
    [
        lambda container: (container / "model/trees.py").write_text("trees = 200\n"),
        lambda container: (container / "model/trees.py").rename(container / "model/forest.py"),
        lambda container: (container / "train").chmod(0o644),
        lambda container: (container / "serve").write_text(""),
        lambda container: (container / "empty").mkdir(),
        lambda container: (container / "link").symlink_to("train"),
        lambda container: (container / "model/trees.py").unlink(),
    ],
    ids=["content", "name", "mode", "new file", "new folder", "new link", "removed file"],
)
def test_it_changes_with_what_is_in_the_image(repository: Path, change: Callable[[Path], object]) -> None:
    before = digest(repository)
    change(repository / "container")
    assert digest(repository) != before


@pytest.mark.parametrize(
    "change",
    [
        lambda container: (container / "../README.md").write_text("Goodbye.\n"),
        lambda container: os.utime(container / "train", (1, 1)),
        lambda container: (container / "train").chmod(0o775),
        lambda container: (container / "__pycache__").mkdir(),
    ],
    ids=["outside", "time", "umask", "cache"],
)
def test_it_stays_while_the_image_stays(repository: Path, change: Callable[[Path], object]) -> None:
    before = digest(repository)
    change(repository / "container")
    assert digest(repository) == before


def test_what_this_builder_does_not_use_is_no_part_of_it(repository: Path) -> None:
    assert digest(repository) == digest(repository, base_image=None, requirements="r.txt", build_args={"A": "1"})


def test_what_the_context_ignores_is_no_part_of_the_image(repository: Path, tmp_path: Path) -> None:
    (repository / "container/.dockerignore").write_text("secrets\nnotes*\n!notes-kept\n")
    before = digest(repository)
    (repository / "container/secrets").mkdir()
    (repository / "container/secrets/key").write_text("x")
    (repository / "container/notes").write_text("x")
    assert digest(repository) == before
    (repository / "container/notes-kept").write_text("x")
    assert digest(repository) != before


def test_the_same_sources_give_the_same_image(repository: Path, tmp_path: Path) -> None:
    def built(name: str) -> str:
        return assemble(program_recipe(repository / "container"), ImageLayout(tmp_path / name)).digest

    assert built("one") == built("other")


def test_a_context_that_is_missing_is_a_mistake(repository: Path) -> None:
    with pytest.raises(UsageError, match="absent is not a folder"):
        digest(repository, context="absent")


def test_a_builder_that_is_not_here_says_which_ones_are(repository: Path) -> None:
    with pytest.raises(UsageError, match=r"builder `none` does not work here; .* does: .*`layers` and `process`"):
        digest(repository, builder="none")
