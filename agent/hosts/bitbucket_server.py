"""Comments of a pull request on Bitbucket Server or Data Center, by atlassian-python-api."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atlassian import Bitbucket

from agent.hosts.comments import Comment
from agent.hosts.connection import explained

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.hosts.connection import Connection
    from agent.hosts.place import Place

_PAGE = 100


class BitbucketServerComments:
    """See :class:`agent.hosts.comments.PullRequestComments`.

    A pull request lists its comments among its activities, the newest first; they are read to the end.
    """

    def __init__(self, place: Place, connection: Connection) -> None:
        self._secret = connection.token
        self._page = place.page.partition("?")[0].removesuffix("/overview").rstrip("/")
        user, found, password = connection.token.partition(":")
        identity = {"username": user, "password": password} if found else {"token": connection.token}
        # Else it would sleep for as long as a host whose rate limit is reached says, an hour for instance.
        patience = {"timeout": connection.seconds, "retry_with_header": False}
        self._client = Bitbucket(url=place.url, verify_ssl=connection.verify, **patience, **identity)
        self._pull_request = (place.owner, place.name, place.number)

    def all(self) -> Iterator[Comment]:
        """See :class:`agent.hosts.comments.PullRequestComments`."""
        with explained("Bitbucket", self._secret):
            for activity in self._client.get_pull_requests_activities(*self._pull_request, limit=_PAGE):
                if activity.get("action") == "COMMENTED" and activity.get("commentAction", "ADDED") == "ADDED":
                    yield self._comment(activity["comment"])

    def create(self, body: str) -> Comment:
        """See :class:`agent.hosts.comments.PullRequestComments`."""
        with explained("Bitbucket", self._secret):
            return self._comment(self._client.add_pull_request_comment(*self._pull_request, text=body))

    def update(self, comment: Comment, body: str) -> Comment:
        """See :class:`agent.hosts.comments.PullRequestComments`."""
        with explained("Bitbucket", self._secret):
            changed = self._client.update_pull_request_comment(
                *self._pull_request, comment_id=comment.id, comment=body, comment_version=comment.version
            )
            return self._comment(changed)

    def _comment(self, value: dict[str, Any]) -> Comment:
        return Comment(
            id=str(value["id"]),
            body=value.get("text", ""),
            url=f"{self._page}/overview?commentId={value['id']}",
            version=int(value.get("version", 0)),
        )
