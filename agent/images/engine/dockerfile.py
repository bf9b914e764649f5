"""What a Dockerfile says, line by line: engines tell of a step by its number or its words, people look for a line.

Source: Docker's "Dockerfile reference": parser directives, comments, continued lines, here-documents.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_ESCAPE = re.compile(r"#\s*escape\s*=\s*([\\`])\s*", re.IGNORECASE)
_DIRECTIVE = re.compile(r"#\s*\w+\s*=.*")
_HERE_DOCUMENT = re.compile(r"<<-?\s*([\"']?)(\w+)\1")
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?:(:?[-+])([^}]*))?\})")


@dataclass(frozen=True, kw_only=True)
class Instruction:
    """One instruction: ``line`` is where it begins (the first is 1), ``text`` what it says on one line."""

    line: int
    text: str

    @property
    def keyword(self) -> str:
        """Its name in capitals."""
        return self.text.partition(" ")[0].upper()

    @property
    def rest(self) -> str:
        """What stands behind the name."""
        return self.text.partition(" ")[2].strip()


@dataclass(frozen=True, kw_only=True)
class Dockerfile:
    """A Dockerfile; ``name`` is its path as people know it, ``content`` its bytes."""

    name: str
    content: bytes

    @cached_property
    def instructions(self) -> tuple[Instruction, ...]:
        """All instructions in order."""
        return tuple(_instructions(self.content.decode(errors="replace").lstrip("\ufeff").splitlines()))

    def declares(self, argument: str) -> bool:
        """Whether some `ARG` takes the argument; others would be told that nobody does."""
        return argument in self._defaults(self.instructions)

    def base(self, arguments: Mapping[str, str]) -> str:
        """The image of the first `FROM`, with these build arguments; nothing where it names none."""
        first = next((entry for entry in self.instructions if entry.keyword == "FROM"), None)
        words = [word for word in first.rest.split() if not word.startswith("--")] if first else []
        return expanded(words[0], self.arguments(arguments)) if words else ""

    def arguments(self, given: Mapping[str, str]) -> dict[str, str]:
        """The build arguments that every `FROM` knows, those before the first one, with these values."""
        before = takewhile(lambda entry: entry.keyword != "FROM", self.instructions)
        known = self._defaults([entry for entry in before if entry.keyword == "ARG"])
        return known | {name: value for name, value in given.items() if name in known}

    def at(self, number: int, text: str) -> Instruction | None:
        """The instruction that an engine calls step ``number`` and shows as ``text``; None where that is not clear.

        Docker counts all instructions and shows them as they are; podman counts those of a stage, and shows images by
        their names. So the words decide, then the number among those that do the same, then whether there is only one.
        """
        shown = " ".join(text.split())
        counted = self.instructions[number - 1 : number] if number > 0 else ()
        alike = [entry for entry in self.instructions if entry.keyword == shown.partition(" ")[0].upper()]
        same = [entry for entry in alike if " ".join(entry.text.split()) == shown]
        for found in ([entry for entry in same if entry in counted], same[:1], alike if len(alike) == 1 else []):
            if found:
                return found[0]
        return None

    @staticmethod
    def _defaults(instructions: Iterable[Instruction]) -> dict[str, str]:
        words = [word for entry in instructions if entry.keyword == "ARG" for word in entry.rest.split()]
        return {name: value.strip("\"'") for name, _, value in (word.partition("=") for word in words)}


def _instructions(lines: Sequence[str]) -> Iterator[Instruction]:
    escape = _escape(lines)
    begun, parts, waiting = 0, list[str](), list[str]()
    for number, line in enumerate(lines, start=1):
        if waiting:  # in a here-document, up to the line that ends it
            waiting = waiting[1:] if line.lstrip("\t") == waiting[0] else waiting
            continue
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        begun = begun if parts else number
        goes_on = line.rstrip().endswith(escape)
        parts.append(line.rstrip().removesuffix(escape) if goes_on else line)
        if not goes_on:
            text = "".join(parts).strip()
            waiting = [found[2] for found in _HERE_DOCUMENT.finditer(text)] if _may_have_document(text) else []
            yield Instruction(line=begun, text=text)
            parts = []
    if parts:
        yield Instruction(line=begun, text="".join(parts).strip())


def _may_have_document(text: str) -> bool:
    return text.partition(" ")[0].upper() in {"RUN", "COPY", "ADD"}


def _escape(lines: Sequence[str]) -> str:
    for line in lines:
        if found := _ESCAPE.fullmatch(line.strip()):
            return found[1]
        if not _DIRECTIVE.fullmatch(line.strip()):
            break
    return "\\"


def expanded(word: str, known: Mapping[str, str]) -> str:
    """A word with its variables replaced by what is known of them."""

    def value(found: re.Match[str]) -> str:
        plain, braced, how, otherwise = found.groups()
        present = known.get(plain or braced, "")
        if how and how.endswith("+"):
            return str(otherwise) if present else ""
        return present or (otherwise or "")

    return _VARIABLE.sub(value, word)
