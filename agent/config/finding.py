"""What is wrong with a configuration: values that people read as rendered text and programs as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agent.config.text import Place


@dataclass(frozen=True, kw_only=True)
class Related:
    """A second place that explains a finding, and what to see there."""

    place: Place
    label: str


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One error: where, a stable ``code`` for programs, what is wrong, and what to do about it."""

    place: Place
    code: str
    message: str
    hint: str = ""
    path: tuple[str, ...] = ()
    related: tuple[Related, ...] = ()

    def as_json(self) -> Mapping[str, Any]:
        """The finding for programs; lines and columns count from 1, ``length`` is in characters."""
        return {
            "file": self.place.text.name,
            "line": self.place.line,
            "column": self.place.column,
            "length": self.place.length,
            "code": self.code,
            "key": ".".join(self.path),
            "message": self.message,
            "hint": self.hint,
            "related": [
                {
                    "file": other.place.text.name,
                    "line": other.place.line,
                    "column": other.place.column,
                    "label": other.label,
                }
                for other in self.related
            ],
        }


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Each finding once, by position; requests (``--set``) come after the file."""
    once = {(finding.place, finding.code, finding.message): finding for finding in reversed(tuple(findings))}
    return tuple(sorted(once.values(), key=_position))


def _position(finding: Finding) -> tuple[bool, str, int, int, str]:
    place = finding.place
    return (place.text.name.startswith("--"), place.text.name, place.line, place.column, finding.message)


class ConfigurationError(UsageError):
    """The configuration is wrong in the ways that ``findings`` list, all of them."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        self.findings = findings
        super().__init__(findings)

    def __str__(self) -> str:
        from agent.config.rendering import headline, render_finding

        return "\n\n".join([headline(self.findings), *(render_finding(finding) for finding in self.findings)])
