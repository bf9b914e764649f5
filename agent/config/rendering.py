"""Shows findings to people: the place, the line with the lines it belongs to, a caret, and what to do."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from agent.config.finding import Finding
    from agent.config.text import Place, SourceText

    Style = Callable[[str, str], str]

_WIDEST = 100  # columns of a source line that are shown
_LEAD = 30  # columns before the place in a line that is cut
_TAB = "    "


def unstyled(text: str, style: str) -> str:  # noqa: ARG001 every style looks the same
    """The text as it is."""
    return text


def render(findings: Sequence[Finding], style: Style = unstyled) -> str:
    """All findings, then how many there are; ``style`` is :meth:`agent.console.Console.style`."""
    blocks = [render_finding(finding, style) for finding in findings]
    return "\n\n".join([*blocks, style(headline(findings), "error")])


def headline(findings: Sequence[Finding]) -> str:
    """How many findings there are, and where."""
    names = dict.fromkeys(finding.place.text.name for finding in findings)
    count = "1 problem" if len(findings) == 1 else f"{len(findings)} problems"
    return f"{count} in {' and '.join(names)}"


def render_finding(finding: Finding, style: Style = unstyled) -> str:
    """One finding in the manner of a compiler."""
    marks = [_Mark(place=finding.place, sign="^", label="", style="error")]
    marks += [_Mark(place=other.place, sign="-", label=other.label, style="strong") for other in finding.related]
    gutter = max(len(str(mark.place.line)) for mark in marks)
    lines = [f"{style(f'{finding.place}:', 'strong')} {style(finding.message, 'error')}"]
    for text in dict.fromkeys(mark.place.text for mark in marks):
        if text != finding.place.text:
            lines.append(f"{' ' * gutter} {style(f'::: {text.name}', 'faint')}")
        lines += _excerpt(text, [mark for mark in marks if mark.place.text == text], gutter, style)
    if finding.hint:
        lines.append(f"{' ' * gutter} {style('= hint:', 'good')} {finding.hint}")
    return "\n".join(lines)


def enclosing_lines(place: Place) -> tuple[int, ...]:
    """The lines above a place that it belongs to by its indentation, outermost first, counted from 1."""
    lines = place.text.lines
    found: list[int] = []
    indent = _indent(lines[place.line - 1])
    for number in range(place.line - 1, 0, -1):
        line = lines[number - 1]
        if line.strip() and not line.lstrip().startswith("#") and _indent(line) < indent:
            found.append(number)
            indent = _indent(line)
    return tuple(reversed(found))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


@dataclass(frozen=True, kw_only=True)
class _Mark:
    """A place to underline, with which sign, and what to say beside it."""

    place: Place
    sign: str
    label: str
    style: str


def _excerpt(text: SourceText, marks: Iterable[_Mark], gutter: int, style: Style) -> Iterator[str]:
    by_line: dict[int, list[_Mark]] = {}
    for mark in marks:
        by_line.setdefault(mark.place.line, []).append(mark)
        for line in enclosing_lines(mark.place):
            by_line.setdefault(line, [])
    bar = style("|", "faint")
    yield f"{' ' * gutter} {bar}"
    before = 0
    for line in sorted(by_line):
        if before and line == before + 2:
            yield from _line(text.lines[before], f"{before + 1:>{gutter}}", (), style)
        elif before and line > before + 2:
            yield f"{' ' * gutter} {style('⋮', 'faint')}"
        yield from _line(text.lines[line - 1], f"{line:>{gutter}}", by_line[line], style)
        before = line


def _line(content: str, number: str, marks: Sequence[_Mark], style: Style) -> Iterator[str]:
    bar = style("|", "faint")
    start = max(0, marks[0].place.column - 1 - _LEAD) if marks and len(content) > _WIDEST else 0
    shown = visible(content[start : start + _WIDEST])
    shown = f"{'…' if start else ''}{shown}{'…' if len(content) > start + _WIDEST else ''}"
    yield f"{style(number, 'faint')} {bar} {shown if marks else style(shown, 'faint')}".rstrip()
    for mark in marks:
        first = mark.place.column - 1
        blank = width(content[start:first]) + (1 if start else 0)
        length = width(content[first : min(first + mark.place.length, start + _WIDEST)])
        underline = style(mark.sign * max(length, 1), mark.style)
        label = f" {style(mark.label, mark.style)}" if mark.label else ""
        yield f"{' ' * len(number)} {bar} {' ' * blank}{underline}{label}"


def visible(text: str) -> str:
    """The text with tabs as spaces and without characters that a terminal would obey."""
    return "".join(_TAB if letter == "\t" else letter if letter.isprintable() else "�" for letter in text)


def width(text: str) -> int:
    """How many columns a terminal gives to a text as :func:`visible` shows it."""
    return sum(_letter_width(letter) for letter in visible(text))


def _letter_width(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
