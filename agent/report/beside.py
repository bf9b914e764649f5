"""Two releases beside each other, as a page and as Markdown: the rows of a review, and what has no two values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.report.build import by_topic
from agent.report.markdown import block, escaped, table
from agent.report.page import STYLE, TEMPLATES, rendered
from agent.report.wording import NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agent.report.build import Change


@dataclass(frozen=True, kw_only=True)
class Listing:
    """Lines under a title."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Beside:
    """Two releases by their first digits; a change is from the one to the other."""

    project: str
    title: str
    before: str
    after: str
    changes: tuple[Change, ...]
    listings: tuple[Listing, ...]


def beside_page(found: Beside, stylesheet: str) -> Mapping[str, bytes]:
    """The page and its stylesheet, which it refers to by that name: ``index.html`` is the page."""
    page = rendered("beside.html", found=found, topics=by_topic(found.changes), stylesheet=stylesheet)
    return {"index.html": page.encode(), stylesheet: (TEMPLATES / STYLE).read_bytes()}


def beside_markdown(found: Beside) -> str:
    """The same as Markdown, for a comment or a ticket."""
    return "\n\n".join(_parts(found)) + "\n"


def _parts(found: Beside) -> Iterator[str]:
    yield f"**{escaped(found.title)}**"
    for topic, changes in by_topic(found.changes).items():
        rows = [
            (
                _what(one),
                escaped(one.before, start=False) or NOTHING,
                escaped(one.after, start=False) or NOTHING,
                one.judgement,
            )
            for one in changes
        ]
        yield f"### {escaped(topic.capitalize())}"
        yield table(("What", found.before, found.after, ""), rows)
    for listing in found.listings:
        yield f"### {escaped(listing.title.capitalize())}"
        yield block(listing.lines)


def _what(change: Change) -> str:
    return escaped(f"{change.what} ({change.note})" if change.note else change.what)
