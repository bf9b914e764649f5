"""Text of users inside Markdown: whatever it is, it is shown as it is written, and mentions nobody."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# Those that every dialect takes with a backslash, anywhere or where a line begins, and those that entities hide in all.
_SPECIAL = re.compile(r"([\\`*_\[\]])")
_FIRST = re.compile(r"^(\d+)(?=[.)])|^(?=[#+\-!>=:])")
_ENTITIES = {ord(one): f"&#{ord(one)};" for one in "&<|~$"}
# People, issues, labels, milestones, snippets and epics, as the hosts call them.
_REFERENCE = re.compile(r"(?<=[@#!~%$&])(?=\w)")
_UNSEEN = "\N{ZERO WIDTH SPACE}"


def escaped(text: str, *, start: bool = True) -> str:
    """Text on one line of Markdown or in a cell of a table, on any of the hosts; ``start`` where a line may begin."""
    flat = _REFERENCE.sub(_UNSEEN, re.sub(r"\s+", " ", text))
    shown = _SPECIAL.sub(r"\\\1", flat)
    return (_FIRST.sub(r"\1\\", shown.lstrip()) if start else shown).translate(_ENTITIES)


def sentence(text: str) -> str:
    """Text on one line in which the names between backticks are set as code."""
    return "".join(
        code(part[1:-1]) if re.fullmatch(r"`[\w.-]+`", part) else escaped(part, start=index == 0)
        for index, part in enumerate(re.split(r"(`[\w.-]+`)", text))
    )


def code(text: str) -> str:
    """An id in a span of code."""
    flat = " ".join(text.split())
    ticks = "`" * (max((len(run) for run in re.findall("`+", flat)), default=0) + 1)
    space = " " if flat.startswith("`") or flat.endswith("`") else ""
    return f"{ticks}{space}{flat}{space}{ticks}" if flat else ""


def code_cell(text: str) -> str:
    """The same in a cell of a table, where a bar would end the cell."""
    return escaped(text) if "|" in text else code(text)


def block(lines: tuple[str, ...]) -> str:
    """Lines of a log, in a fence that none of them can end."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join((fence, *lines, fence))


def link(text: str, url: str) -> str:
    """A link, or the text alone where the address is none that a browser should follow."""
    if not re.fullmatch(r"https?://[^\s<>()]+", url):
        return escaped(text)
    return f"[{escaped(text)}]({url})"


def table(titles: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A table of cells that are Markdown already."""
    lines = [titles, tuple("---" for _ in titles), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
