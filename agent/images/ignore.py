"""What a build context leaves out: `.dockerignore`, read as docker reads it, so that every builder sees the same files.

Source: Docker's documentation of ".dockerignore files"; the patterns are those of Go's `filepath.Match`, and `**`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path, PurePosixPath

FILE = ".dockerignore"
_TOKEN = re.compile(r"\*\*/|\*\*|\*|\?|\[\^?[^\]]*\]|\\.|.", re.DOTALL)
_SPECIAL = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One line: paths that match are left out, or taken back in where it is an exception."""

    pattern: re.Pattern[str]
    exception: bool


@dataclass(frozen=True, kw_only=True)
class IgnoreRules:
    """The lines of a `.dockerignore`; the last one that matches a path or a folder above it decides."""

    rules: tuple[Rule, ...] = ()

    @property
    def prunes(self) -> bool:
        """Whether nothing below an excluded folder can be taken back in, so that none need be looked at."""
        return not any(rule.exception for rule in self.rules)

    def excludes(self, path: PurePosixPath) -> bool:
        """Whether a path, relative to the context, is left out."""
        names = [str(part) for part in (path, *path.parents) if part.name]
        excluded = False
        for rule in self.rules:
            if rule.exception == excluded and any(rule.pattern.fullmatch(name) for name in names):
                excluded = not rule.exception
        return excluded


def read_rules(context: Path) -> IgnoreRules:
    """The rules of a context folder; without a file, none. UsageError for a pattern that is none."""
    file = context / FILE
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        return IgnoreRules()
    return parse_rules(lines, origin=str(file))


def parse_rules(lines: list[str], *, origin: str = FILE) -> IgnoreRules:
    """The rules that the lines of a `.dockerignore` state; UsageError names a pattern that is none."""
    written = [line.strip() for line in lines if not line.startswith("#")]
    return IgnoreRules(rules=tuple(_rule(line, origin) for line in written if line.strip("!/ ") not in {"", "."}))


def _rule(line: str, origin: str) -> Rule:
    exception = line.startswith("!")
    path = line.removeprefix("!").strip()
    parts = [part for part in path.split("/") if part not in {"", "."}]
    try:
        pattern = re.compile("".join(_translated(token) for token in _TOKEN.findall("/".join(parts))), re.DOTALL)
    except re.error as error:
        raise UsageError(f"{origin}: {line!r} is not a pattern: {error}") from error
    return Rule(pattern=pattern, exception=exception)


def _translated(token: str) -> str:
    if token.startswith("[") and len(token) > 1:
        return token
    return _SPECIAL.get(token) or re.escape(token[-1])
