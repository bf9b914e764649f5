"""What every code host can do with the comments of one pull request, and how one of them is kept up to date."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator


class HostError(Exception):
    """A host did not do what it was asked for; the message says why, in words for people, and holds no secret."""


@dataclass(frozen=True, kw_only=True)
class Comment:
    """A comment; ``version`` is what some hosts want back when it is changed."""

    id: str
    body: str
    url: str = ""
    version: int = 0


class PullRequestComments(Protocol):
    """The comments of one pull request; every method raises :class:`HostError`."""

    def all(self) -> Iterator[Comment]:
        """All of them, page by page, the oldest first where the host knows an order."""

    def create(self, body: str) -> Comment:
        """Write a new one."""

    def update(self, comment: Comment, body: str) -> Comment:
        """Write over one of them."""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What became of the one comment."""

    state: Literal["created", "updated"]
    url: str


def keep_comment(comments: PullRequestComments, body: str) -> Kept:
    """Write over the comment that begins with the same first line, the marker, or write a first one."""
    marker = body.partition("\n")[0]
    ours = next((comment for comment in comments.all() if comment.body.lstrip().startswith(marker)), None)
    if ours is None:
        return Kept(state="created", url=comments.create(body).url)
    return Kept(state="updated", url=comments.update(ours, body).url or ours.url)
