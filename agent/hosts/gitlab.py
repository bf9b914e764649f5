"""Comments of a merge request on GitLab, gitlab.com or one's own, by python-gitlab."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gitlab

from agent.hosts.comments import Comment
from agent.hosts.connection import explained

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitlab.base import RESTObject

    from agent.hosts.connection import Connection
    from agent.hosts.place import Place

_PAGE = 100


class GitLabComments:
    """See :class:`agent.hosts.comments.PullRequestComments`; GitLab calls them notes."""

    def __init__(self, place: Place, connection: Connection) -> None:
        self._page = place.page
        self._secret = connection.token
        client = gitlab.Gitlab(
            place.url,
            private_token=connection.token,
            timeout=connection.seconds,
            ssl_verify=connection.verify,
            per_page=_PAGE,
            keep_base_url=True,
        )
        project = client.projects.get(f"{place.owner}/{place.name}", lazy=True)
        self._notes = project.mergerequests.get(place.number, lazy=True).notes

    def all(self) -> Iterator[Comment]:
        """See :class:`agent.hosts.comments.PullRequestComments`."""
        with explained("GitLab", self._secret):
            for note in self._notes.list(iterator=True, sort="asc", order_by="created_at", obey_rate_limit=False):
                yield self._comment(note)

    def create(self, body: str) -> Comment:
        """See :class:`agent.hosts.comments.PullRequestComments`."""
        with explained("GitLab", self._secret):
            return self._comment(self._notes.create({"body": body}, obey_rate_limit=False))

    def update(self, comment: Comment, body: str) -> Comment:
        """See :class:`agent.hosts.comments.PullRequestComments`."""
        with explained("GitLab", self._secret):
            self._notes.update(comment.id, {"body": body}, obey_rate_limit=False)
            return comment

    def _comment(self, note: RESTObject) -> Comment:
        return Comment(id=str(note.get_id()), body=str(note.body), url=f"{self._page}#note_{note.get_id()}")
