"""Asks people to type what they are about to lose, so that nobody removes the wrong project."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from agent.errors import UsageError

if TYPE_CHECKING:
    from agent.console import Console


def confirm(console: Console, *, expected: str, given: str | None, option: str, about: str) -> None:
    """Go on only if ``expected`` was ``given`` with an option, or is typed now; raises UsageError for anything else."""
    if given is None:
        given = _typed(console, expected=expected, option=option, about=about)
    if given != expected:
        raise UsageError(f"nothing was removed: {given!r} is not {expected!r}, which {option} wants for {about}")


def _typed(console: Console, *, expected: str, option: str, about: str) -> str:
    if not sys.stdin.isatty():
        raise UsageError(f"nothing was removed: nobody is here to be asked; {option} {expected} says yes to {about}")
    console.people.write(f"To remove {about}, type {expected}: ")
    console.people.flush()
    return sys.stdin.readline().strip()
