"""Where a pull request is: which kind of host, at which address, in which repository, told by its page's address."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote, urlsplit

from agent.hosts.comments import HostError

HostKind = Literal["github", "gitlab", "bitbucket_cloud", "bitbucket_server"]

_PAGES: tuple[tuple[HostKind, str], ...] = (
    ("bitbucket_server", r"(?P<base>.*)/projects/(?P<owner>[^/]+)/repos/(?P<name>[^/]+)/pull-requests/(?P<number>\d+)"),
    ("bitbucket_server", r"(?P<base>.*)/users/(?P<owner>[^/]+)/repos/(?P<name>[^/]+)/pull-requests/(?P<number>\d+)"),
    ("bitbucket_cloud", r"(?P<base>)/(?P<owner>[^/]+)/(?P<name>[^/]+)/pull-requests/(?P<number>\d+)"),
    ("gitlab", r"(?P<base>)/(?P<owner>.+)/(?P<name>(?!-/)[^/]+)(?:/-)?/merge_requests/(?P<number>\d+)"),
    ("github", r"(?P<base>.*)/(?P<owner>[^/]+)/(?P<name>[^/]+)/pull/(?P<number>\d+)"),
)
_KNOWN: dict[tuple[HostKind, str], str] = {
    ("github", "github.com"): "https://api.github.com",
    ("bitbucket_cloud", "bitbucket.org"): "https://api.bitbucket.org",
}
_BELOW: dict[HostKind, str] = {"github": "/api/v3", "gitlab": "", "bitbucket_cloud": "", "bitbucket_server": ""}


@dataclass(frozen=True, kw_only=True)
class Place:
    """A pull request: ``url`` is where the host's API begins as its client wants it, ``page`` where people see it."""

    kind: HostKind
    url: str
    owner: str
    name: str
    number: int
    page: str


def place_of(page: str, *, kind: HostKind | None = None, url: str = "") -> Place:
    """Where the pull request with that page is; HostError for a page that is none.

    ``kind`` and ``url`` are what a configuration says instead. An ``url`` on another host than the page's is refused:
    the configuration is a file of the pull request, and whoever writes it must not choose who gets the token.
    """
    seen = urlsplit(page)
    if seen.scheme not in {"http", "https"} or not seen.hostname:
        raise HostError(f"{page or 'an empty address'} is no address of a pull request")
    path = _path_below(seen.path, url)
    for known, pattern in _PAGES:
        found = re.match(rf"{pattern}(?:/|$)", path) if kind in {None, known} else None
        if found is not None:
            return Place(
                kind=known,
                url=_same_host(url, page) or _api(known, page, found["base"]),
                owner=f"~{found['owner']}" if pattern.startswith(r"(?P<base>.*)/users/") else unquote(found["owner"]),
                name=unquote(found["name"]),
                number=int(found["number"]),
                page=page,
            )
    raise HostError(
        f"{page} looks like no pull request of GitHub, GitLab or Bitbucket; `code_host.kind` says what it is"
    )


def _path_below(path: str, url: str) -> str:
    """The page's path without the part that a host under a path of its own has in front."""
    base = urlsplit(url).path.rstrip("/") if url else ""
    return path.removeprefix(base) if base and path.startswith(f"{base}/") else path


def _api(kind: HostKind, page: str, base: str) -> str:
    seen = urlsplit(page)
    known = _KNOWN.get((kind, seen.hostname or ""))
    return known or f"{seen.scheme}://{seen.netloc.rpartition('@')[2]}{base}{_BELOW[kind]}"


def _same_host(url: str, page: str) -> str:
    if not url:
        return ""
    named, seen = urlsplit(url), urlsplit(page)
    if named.hostname not in {seen.hostname, f"api.{seen.hostname}"} or (seen.scheme, named.scheme) == (
        "https",
        "http",
    ):
        raise HostError(
            f"`code_host.url` is {url}, but the pull request is at {seen.scheme}://{seen.hostname}: the token is sent "
            "to no other host"
        )
    return url.rstrip("/")
