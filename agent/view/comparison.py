"""A comparison of two releases for people: as lines of a terminal, and as what the report makes pages of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.deployment.evidence_lines import change_lines
from agent.naming import short
from agent.report.beside import Beside, Listing
from agent.report.promotion import change_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.pipeline.comparing import Comparison


def lines(comparison: Comparison) -> Iterator[str]:
    """Everything as plain text in columns; the marks are those of a review."""
    yield comparison.title
    yield from change_lines(comparison.changes)
    for listing in _listings(comparison):
        yield f"{listing.title}:"
        yield from (f"  {line}" for line in listing.lines)


def beside(comparison: Comparison, project: str) -> Beside:
    """The same as a value of the report."""
    return Beside(
        project=project,
        title=comparison.title,
        before=short(comparison.before.release),
        after=short(comparison.after.release),
        changes=tuple(change_of(change.model_dump(mode="json")) for change in comparison.changes),
        listings=tuple(_listings(comparison)),
    )


def _listings(comparison: Comparison) -> Iterator[Listing]:
    """What has no two values: commits, lines of the configuration, and what cannot be told."""
    sources = comparison.sources
    before, after = (short(one.release) for one in (comparison.before, comparison.after))
    found = (
        (f"commits of {after} only", sources.commits),
        (f"commits of {before} only", sources.commits_before),
        ("configuration", sources.configuration),
        ("cannot be told", comparison.unknown),
    )
    return (Listing(title=title, lines=shown) for title, shown in found if shown)
