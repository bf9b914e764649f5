"""Comments of a pull request on Bitbucket Cloud, by atlassian-python-api."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from atlassian.bitbucket.cloud import Cloud

from agent.hosts.comments import Comment
from agent.hosts.connection import explained

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.hosts.connection import Connection
    from agent.hosts.place import Place

_PAGE = 100


class BitbucketCloudComments:
    """See :class:`agent.hosts.comments.PullRequestComments`.

    The client's objects of pull requests forget the time limit and ask for more than is needed; its requests do not. A
    token with a colon is a user's name and an API token, any other an access token.
    """

    def __init__(self, place: Place, connection: Connection) -> None:
        self._secret = connection.token
        user, found, password = connection.token.partition(":")
        identity = {"username": user, "password": password} if found else {"token": connection.token}
        # Else it would sleep for as long as a host whose rate limit is reached says, an hour for instance.
        patience = {"timeout": connection.seconds, "retry_with_header": False}
        self._client = Cloud(url=place.url, verify_ssl=connection.verify, **patience, **identity)
        self._path = f"repositories/{quote(place.owner)}/{quote(place.name)}/pullrequests/{place.number}/comments"

    def all(self) -> Iterator[Comment]:
        """See :class:`agent.hosts.comments.PullRequestComments`."""
        with explained("Bitbucket", self._secret):
            page = self._client.get(self._path, params={"pagelen": _PAGE})
            while True:
                yield from (_comment(value) for value in page.get("values", []) if not value.get("deleted"))
                if not page.get("next"):
                    return
                page = self._client.get(page["next"], absolute=True)

    def create(self, body: str) -> Comment:
        """See :class:`agent.hosts.comments.PullRequestComments`."""
        with explained("Bitbucket", self._secret):
            return _comment(self._client.post(self._path, data={"content": {"raw": body}}))

    def update(self, comment: Comment, body: str) -> Comment:
        """See :class:`agent.hosts.comments.PullRequestComments`."""
        with explained("Bitbucket", self._secret):
            return _comment(self._client.put(f"{self._path}/{comment.id}", data={"content": {"raw": body}}))


def _comment(value: dict[str, Any]) -> Comment:
    url = value.get("links", {}).get("html", {}).get("href", "")
    return Comment(id=str(value["id"]), body=value.get("content", {}).get("raw", ""), url=url)
