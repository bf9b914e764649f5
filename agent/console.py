"""How modelyard speaks: people read stderr, programs read stdout, and colours appear only on a terminal."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Mapping

_STYLES = {"error": "31;1", "warning": "33", "good": "32", "strong": "1", "faint": "2"}


class Console:
    """Writes sentences for people to ``people`` and values for programs to ``machines``."""

    def __init__(self, people: TextIO | None = None, machines: TextIO | None = None) -> None:
        self.people = people or sys.stderr
        self.machines = machines or sys.stdout
        self._colours = self.people.isatty() and "NO_COLOR" not in os.environ

    def style(self, text: str, style: str) -> str:
        """``text`` in a style of this console (``error``, ``warning``, ``good``, ``strong``, ``faint``)."""
        return f"\033[{_STYLES[style]}m{text}\033[0m" if self._colours else text

    def say(self, text: str, style: str = "") -> None:
        """One sentence for people."""
        self.people.write((self.style(text, style) if style else text) + "\n")
        self.people.flush()

    def answer(self, text: str) -> None:
        """One line of a command's answer, for a pipe or a person alike."""
        self.machines.write(text + "\n")
        self.machines.flush()

    def answer_line(self, value: Mapping[str, Any]) -> None:
        """One JSON document on one line, as a stream of them is read."""

        self.answer(json.dumps(value, default=str, ensure_ascii=False))

    def answer_json(self, value: Mapping[str, Any] | list[Any]) -> None:
        """The command's answer as one JSON document."""

        self.answer(json.dumps(value, indent=2, default=str))
