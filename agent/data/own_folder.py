"""The folder `.modelyard` of a model repository holds what can always be had again, so that git need not know of it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

NAME = ".modelyard"


def own_folder(repository: Path) -> Path:
    """The folder, which is made if it can be, and hidden from git by a file of its own."""
    folder = repository / NAME
    hides = folder / ".gitignore"
    # In a repository that may only be read there is no such folder; everything works without it.
    with contextlib.suppress(OSError):
        if not hides.exists():
            folder.mkdir(exist_ok=True)
            hides.write_text("*\n")
    return folder
