"""Where releases come from: the branches and tags whose builds made or found them, and the names that tags give them.

A release is the same whichever branch made it first, so where it comes from is not in it but beside it.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote, unquote

from agent.config.builds import matches, takes
from agent.errors import UsageError
from agent.ledger.records import Record
from agent.naming import short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.artifacts import Release
    from agent.config.environment import Environment
    from agent.ledger.ledger import Ledger

_SUFFIX = ".json"


class Origin(Record):
    """A build of a branch or of a tag came to a release; a build that knows of no branch is of one without a name."""

    release: str
    kind: Literal["branch", "tag"]
    name: str
    commit: str = ""
    run: str = ""
    who: str = ""
    build_url: str = ""
    at: datetime


class Origins:
    """The origins of a project's releases, in its ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def keep(self, origin: Origin) -> None:
        """Remember an origin, the first build of it; UsageError for a tag that names another release.

        The tag's name is taken before the release gets it, so that no two releases ever have the same.
        """
        if origin.kind == "tag" and not self._ledger.create(_tag(origin.name), origin):
            self._require_same(origin)
        self._ledger.create(_name(origin.release, origin.kind, origin.name), origin)

    def knows(self, release: str, *, branch: str, tag: str) -> bool:
        """Whether a build of this tag, or else of this branch, is remembered."""
        kind, name = ("tag", tag) if tag else ("branch", branch)
        return self._ledger.read(_name(release, kind, name), Origin) is not None

    def of(self, digest: str, release: Release) -> Sequence[tuple[str, str]]:
        """Kind and name of every origin of a release, branches first; from one listing.

        A release that was made before origins were remembered has the branch that it was made of.
        """
        prefix = f"origins/{digest}/"
        found = (name.removeprefix(prefix).removesuffix(_SUFFIX) for name in self._ledger.names(prefix))
        parts = (each.partition("/") for each in found)
        known = tuple((kind, unquote(name)) for kind, _, name in parts)
        return known or (("branch", release.commit.branch),)

    def named(self, tag: str) -> str | None:
        """The release that a tag names, or None."""
        found = self._ledger.read(_tag(tag), Origin)
        return found.release if found else None

    def _require_same(self, origin: Origin) -> None:
        named = self.named(origin.name)
        if named != origin.release:
            raise UsageError(
                f"tag {origin.name} names release {short(named or '')} already, but its build now comes to "
                f"{short(origin.release)}, for data, image or configuration are others by now; "
                "give this release a tag of its own"
            )


def branches_of_candidate(origins: Sequence[tuple[str, str]], main_branches: Sequence[str]) -> tuple[str, ...]:
    """The branches of a release that no main branch and no tag has come to; none for any other release.

    A build that knew of no branch counts as one of the main branch.
    """
    branches = tuple(name for kind, name in origins if kind == "branch")
    tagged = any(kind == "tag" for kind, _ in origins)
    if tagged or any(not branch or matches(branch, main_branches) for branch in branches):
        return ()
    return branches


def require_admitted(
    digest: str, candidate_of: Sequence[str], environment: Environment, *, name: str, first: bool, main: Sequence[str]
) -> None:
    """Raise UsageError for a candidate that the environment called ``name`` takes none of the branches of."""
    if not candidate_of or any(takes(environment, branch, first=first, main_branches=main) for branch in candidate_of):
        return
    words = f"{name} does not take that branch"
    if environment.only_promoted_to:
        words = "production takes none" if environment.production else f"{name}, which needs an approval, takes none"
    more = "" if environment.only_promoted_to else f", or let `environments.{name}.branches` take it"
    raise UsageError(
        f"release {short(digest)} is a candidate of branch {', '.join(candidate_of)}, and {words}: merge it and "
        f"promote what the build of {' or '.join(main)} makes of it{more}"
    )


def _name(release: str, kind: str, name: str) -> str:
    return f"origins/{release}/{kind}/{quote(name, safe='')}{_SUFFIX}"


def _tag(name: str) -> str:
    return f"tags/{quote(name, safe='')}{_SUFFIX}"
