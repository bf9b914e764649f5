"""The script of a job: two lines of Groovy that call one var of the library."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

_LIBRARY = re.compile(r"[\w.-]+(@[\w./-]+)?")


def script(library: str, var: str, given: Mapping[str, str]) -> str:
    """The two lines; an option without a value is left out. Raises UsageError for what cannot stand there."""
    if not _LIBRARY.fullmatch(library):
        raise UsageError(f"--library {library}: expected NAME or NAME@VERSION, as Jenkins writes libraries")
    options = ", ".join(f"{name}: {_literal(value)}" for name, value in given.items() if value)
    return f"@Library('{library}') _\n{var}({options})\n"


def _literal(text: str) -> str:
    """A Groovy string that nothing is expanded in."""
    if re.search(r"[\x00-\x1f\x7f]", text):
        raise UsageError(f"{text!r}: a control character cannot stand in a job's script")
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
