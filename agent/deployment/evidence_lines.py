"""Evidence as plain text in aligned columns, for a build's console and for people at a shell."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agent.deployment.evidence import Change, Entry, Proof

_MARKS = {
    "better": "+",
    "worse": "-",
    "same": "=",
    "changed": "~",
    "new": "*",
    "gone": "!",
    "passed": "+",
    "failed": "-",
    "incomparable": "?",
}
_LONG = 48
_DIGEST = re.compile(r"[0-9a-f]{40,64}")
_DIGITS = 12


def change_lines(changes: Sequence[Change]) -> Iterator[str]:
    """Every change under its topic: a mark, its name, what is live, what is wanted."""
    for topic, group in groupby(changes, lambda change: change.topic):
        rows = list(group)
        yield f"{topic}:"
        yield from aligned([_cells(change) for change in rows])


def _cells(change: Change) -> tuple[str, ...]:
    mark, live, wanted = _MARKS[change.judgement], _cut(change.live), _cut(change.wanted)
    if change.topic in {"gates", "writes"}:
        return mark, change.name, change.wanted or change.live, "", change.note
    if change.judgement in {"same", "new"}:
        return mark, change.name, wanted, "", change.note
    arrow = f"{live} -> {wanted or '(none)'}" if live else wanted
    judged = change.judgement if change.judgement in {"better", "worse", "incomparable"} else ""
    return mark, change.name, arrow, judged, change.note


def measured_phrase(changes: Sequence[Change]) -> str:
    """The metrics of a release in a few words, each with what became of it."""
    return ", ".join(_metric(change) for change in changes if change.topic == "metrics" and change.wanted)


def _metric(change: Change) -> str:
    judged = f"{change.judgement}, was {change.live}" if change.live and change.judgement != "same" else ""
    return f"{change.name} {change.wanted}{f' ({judged})' if judged else ''}"


def proof_lines(proofs: Sequence[Proof]) -> Iterator[str]:
    """Where the release was proved, and when."""
    if proofs:
        yield "proved:"
        yield from aligned([_proof(proof) for proof in proofs])


def _proof(proof: Proof) -> tuple[str, ...]:
    checked = "not checked" if proof.checked is None else f"checked {proof.checked:%Y-%m-%d %H:%M}Z"
    judged = "" if proof.passed is None else "passed" if proof.passed else "failed"
    mark = "+" if proof.passed else "-"
    deployed = f"deployed {proof.since:%Y-%m-%d %H:%M}Z by {proof.who}"
    return mark, proof.environment_name, deployed, checked, judged, proof.found


def history_lines(history: Sequence[Entry]) -> Iterator[str]:
    """An environment's past, newest first; what is live and what is gone back to are marked."""
    if history:
        yield "history:"
        yield from aligned([_entry(one) for one in history])


def _entry(one: Entry) -> tuple[str, ...]:
    mark = "*" if one.live else ">" if one.target else ""
    said = "live now" if one.live else "goes back to this" if one.target else one.failure
    approved = f"approved by {one.approved_by}: {one.approval_reason}" if one.approved_by else ""
    when = f"{one.ended:%Y-%m-%d %H:%M}Z"
    return mark, str(one.number), when, one.release[:12], f"{one.action} {one.status}", one.who, approved, said


def aligned(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Rows in columns as wide as they need to be; a column without text takes no room."""
    columns = [column for column in range(len(rows[0])) if any(row[column] for row in rows)]
    widths = {column: max(len(row[column]) for row in rows) for column in columns}
    for row in rows:
        yield ("  " + "  ".join(row[column].ljust(widths[column]) for column in columns)).rstrip()


def _cut(text: str) -> str:
    text = _DIGEST.sub(lambda found: found[0][:_DIGITS], text)
    return text if len(text) <= _LONG else f"{text[: _LONG - 3]}..."
