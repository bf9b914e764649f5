"""Text that a person wrote and places in it, so that every value and every error can be traced to a line."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # what the YAML reader counts as the end of a line


@dataclass(frozen=True, kw_only=True)
class SourceText:
    """A file, or one ``--set`` argument: ``name`` is what messages call it."""

    name: str
    text: str = field(repr=False)

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The lines without their line breaks; an empty text has one empty line."""
        return tuple(_LINE_BREAK.split(self.text))

    def place(self, *, line: int, column: int, length: int = 1) -> Place:
        """The place at a line and column counted from 1, moved inside the text and ended with its line."""
        line = min(max(line, 1), len(self.lines))
        width = len(self.lines[line - 1])
        column = min(max(column, 1), width + 1)
        return Place(text=self, line=line, column=column, length=min(max(length, 1), max(width + 1 - column, 1)))

    def place_at(self, index: int) -> Place:
        """The place of the character at an index of the text counted from 0."""
        before = _LINE_BREAK.split(self.text[:index])
        return self.place(line=len(before), column=len(before[-1]) + 1)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Some characters of one line: ``line`` and ``column`` count from 1, ``length`` is at least 1."""

    text: SourceText
    line: int
    column: int
    length: int = 1

    def __str__(self) -> str:
        return f"{self.text.name}:{self.line}:{self.column}"
