"""From a place to its client: each is imported only where it is needed, and it is said where one is missing."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from agent.hosts.comments import HostError

if TYPE_CHECKING:
    from agent.hosts.comments import PullRequestComments
    from agent.hosts.connection import Connection
    from agent.hosts.place import HostKind, Place

_CLIENTS: dict[HostKind, tuple[str, str]] = {
    "github": ("github", "GitHubComments"),
    "gitlab": ("gitlab", "GitLabComments"),
    "bitbucket_cloud": ("bitbucket_cloud", "BitbucketCloudComments"),
    "bitbucket_server": ("bitbucket_server", "BitbucketServerComments"),
}


def comments_of(place: Place, connection: Connection) -> PullRequestComments:
    """The comments of a pull request; HostError where the host's client is not installed."""
    module, name = _CLIENTS[place.kind]
    try:
        kind = getattr(import_module(f"agent.hosts.{module}"), name)
    except ModuleNotFoundError as error:
        raise HostError(f"{error.name} is not installed; install modelyard[hosts]") from error
    comments: PullRequestComments = kind(place, connection)
    return comments
