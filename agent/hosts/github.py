"""Comments of a pull request on GitHub, github.com or an Enterprise Server, by PyGithub."""

from __future__ import annotations

from typing import TYPE_CHECKING

import github
from github.Auth import Token

from agent.hosts.comments import Comment
from agent.hosts.connection import explained

if TYPE_CHECKING:
    from collections.abc import Iterator

    from github.IssueComment import IssueComment

    from agent.hosts.connection import Connection
    from agent.hosts.place import Place

_PAGE = 100


class GitHubComments:
    """See :class:`agent.hosts.comments.PullRequestComments`; what is said of a pull request as a whole."""

    def __init__(self, place: Place, connection: Connection) -> None:
        self._place = place
        self._secret = connection.token
        client = github.Github(
            auth=Token(connection.token),
            base_url=place.url,
            timeout=connection.seconds,
            verify=connection.verify,
            per_page=_PAGE,
            retry=None,
            lazy=True,
        )
        self._issue = client.get_repo(f"{place.owner}/{place.name}").get_issue(place.number)

    def all(self) -> Iterator[Comment]:
        """See :class:`agent.hosts.comments.PullRequestComments`."""
        with explained("GitHub", self._secret):
            for comment in self._issue.get_comments():
                yield _comment(comment)

    def create(self, body: str) -> Comment:
        """See :class:`agent.hosts.comments.PullRequestComments`."""
        with explained("GitHub", self._secret):
            return _comment(self._issue.create_comment(body))

    def update(self, comment: Comment, body: str) -> Comment:
        """See :class:`agent.hosts.comments.PullRequestComments`."""
        with explained("GitHub", self._secret):
            found = self._issue.get_comment(int(comment.id))
            found.edit(body)
            return _comment(found)


def _comment(comment: IssueComment) -> Comment:
    return Comment(id=str(comment.id), body=comment.body or "", url=comment.html_url)
