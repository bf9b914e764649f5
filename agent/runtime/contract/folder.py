"""Lays a contract's folders and files out on disk, and reads what a container left in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

LONGEST_REASON = 1024
"""Characters of `/opt/ml/output/failure` and `/opt/ml/output/message` that SageMaker shows."""


def furnish(opt_ml: Path, folders: Iterable[str], files: Mapping[str, str]) -> None:
    """Create the folder that a container will see as ``/opt/ml``."""
    for folder in folders:
        (opt_ml / folder).mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        path = opt_ml / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def failure_text(opt_ml: Path) -> str:
    """The start of what the container wrote to ``/opt/ml/output/failure`` (FailureReason); empty without one."""
    return _start_of(opt_ml / "output" / "failure")


def exit_message(opt_ml: Path) -> str:
    """The start of a processing container's ``/opt/ml/output/message`` (ExitMessage); empty without one."""
    return _start_of(opt_ml / "output" / "message")


def _start_of(path: Path) -> str:
    """The first characters of a file that a container may have made anything of, even a folder or a link."""
    if path.is_symlink() or not path.is_file():
        return ""
    with path.open("rb") as file:
        return file.read(4 * LONGEST_REASON).decode("utf-8", "replace")[:LONGEST_REASON]
