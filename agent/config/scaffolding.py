"""Makes a small model repository that works, so that a team starts from something that validates and trains."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from agent.config.field_types import PROJECT_LENGTH, PROJECT_PATTERN
from agent.config.schema import document_schema_text
from agent.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable
    from pathlib import Path

_PLACEHOLDER = "__project__"
_HIDDEN = "dot_"  # templates of hidden files have a visible name, so that they do not act in this repository
_SCHEMA_FILE = "modelyard.schema.json"
_LEFT_OUT = ("__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache")


@dataclass(frozen=True, kw_only=True)
class PlannedFile:
    """One file to write, by its path in the new repository."""

    path: str
    text: str

    @property
    def is_program(self) -> bool:
        """Whether the file is executed by its name, as SageMaker executes `train`."""
        return self.text.startswith("#!")


def plan(project: str) -> tuple[PlannedFile, ...]:
    """The files of a new model repository; raises :class:`UsageError` for a project name that AWS would refuse."""
    if not re.fullmatch(PROJECT_PATTERN, project) or len(project) > PROJECT_LENGTH:
        rule = f"lower-case letters, digits and single hyphens, at most {PROJECT_LENGTH} characters"
        raise UsageError(f"`{project}` cannot be the name of a project: use {rule} (`--project NAME`)")
    templates = _templates(files("agent.config") / "scaffold", "")
    planned = [PlannedFile(path=path, text=text.replace(_PLACEHOLDER, project)) for path, text in templates]
    return tuple(sorted([*planned, PlannedFile(path=_SCHEMA_FILE, text=document_schema_text())], key=lambda f: f.path))


def _templates(folder: Traversable, path: str) -> Iterator[tuple[str, str]]:
    for item in folder.iterdir():
        if item.name in _LEFT_OUT:
            continue
        below = path + re.sub(f"^{_HIDDEN}", ".", item.name)
        if item.is_dir():
            yield from _templates(item, f"{below}/")
        else:
            yield below, item.read_text(encoding="utf-8")


def write(planned: tuple[PlannedFile, ...], folder: Path) -> None:
    """Write the files below a folder, which is made if needed; raises :class:`UsageError` rather than overwrite."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is not a folder")
    existing = dict.fromkeys(path for file in planned for path in _in_the_way(folder, folder / file.path))
    if existing:
        names = "".join(f"\n  {path}" for path in existing)
        raise UsageError(f"nothing was written, because these files exist already:{names}\nchoose another folder")
    for file in planned:
        target = folder / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(file.text)
        if file.is_program:
            target.chmod(0o755)


def _in_the_way(folder: Path, target: Path) -> Iterator[Path]:
    """What stands where a file shall be written, or where one of its folders shall be made."""
    if target.exists() or target.is_symlink():
        yield target
    for parent in target.parents:
        if parent == folder:
            return
        if parent.exists() and not parent.is_dir():
            yield parent
