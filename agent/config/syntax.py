"""Says what is wrong with the syntax of a YAML document in words of its author rather than of a parser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.config.finding import Finding, Related

if TYPE_CHECKING:
    from ruamel.yaml.error import MarkedYAMLError, StringMark

    from agent.config.text import Place, SourceText


@dataclass(frozen=True, kw_only=True)
class _Case:
    """What to say when the parser's words hold ``words``; ``at_start`` points at where the broken part begins."""

    words: str
    message: str
    hint: str
    at_start: bool = False


_CASES = (
    _Case(
        words="found character '\\t'",
        message="a tab cannot indent a line",
        hint="indent with spaces, two for each level",
    ),
    _Case(
        words="cannot start any token",
        message="this character cannot start a value",
        hint="put the value in quotes",
    ),
    _Case(
        words="mapping values are not allowed",
        message="a second `: ` in one line",
        hint="put a value that contains `: ` in quotes, or mend the indentation",
    ),
    _Case(
        words="could not find expected ':'",
        message="a key without a colon",
        hint="every line of a mapping is `key: value`, with a space after the colon",
        at_start=True,
    ),
    _Case(
        words="while scanning a quoted scalar",
        message="a quote that is opened but never closed",
        hint="close it where the text ends",
        at_start=True,
    ),
    _Case(
        words="while parsing a flow sequence",
        message="a bracket that is opened but not closed, or a comma is missing",
        hint="write `[one, two]`",
        at_start=True,
    ),
    _Case(
        words="while parsing a flow mapping",
        message="a brace that is opened but not closed, or a comma is missing",
        hint="write `{key: value, other: value}`",
        at_start=True,
    ),
    _Case(
        words="expected <block end>",
        message="this line fits neither the mapping above nor a level outside of it",
        hint="start the keys of one mapping in the same column",
    ),
    _Case(
        words="undefined alias",
        message="an alias without an anchor",
        hint="write `&name` before the value that `*name` repeats",
    ),
    _Case(
        words="expected a single document",
        message="another document starts here",
        hint="a configuration is one document: remove the `---`",
    ),
)


def syntax_finding(text: SourceText, error: MarkedYAMLError) -> Finding:
    """The finding for what stopped the parser."""
    words = " ".join(part for part in (error.problem, error.context) if part)
    known = next((case for case in _CASES if case.words in words), None)
    case = known or _Case(words=words, message=f"not valid YAML: {error.problem or error.context}", hint="")
    stop, start = _place(text, error.problem_mark), _place(text, error.context_mark)
    place, other = (start, stop) if case.at_start and start else (stop or start, start)
    related: tuple[Related, ...] = ()
    if place and other and place.line != other.line and other.line < len(text.lines):
        related = (Related(place=other, label="noticed here" if case.at_start else "while reading this"),)
    return Finding(
        place=place or text.place(line=1, column=1),
        code="syntax",
        message=case.message,
        hint=case.hint,
        related=related,
    )


def _place(text: SourceText, mark: StringMark | None) -> Place | None:
    return text.place(line=mark.line + 1, column=mark.column + 1) if mark else None
