"""What the working copy says about the code of two releases: commits between, configuration, locked packages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import unified_diff
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from pydantic import Field

from agent.errors import UsageError
from agent.images.requirements import parse_lock
from agent.naming import short
from agent.release.commits import between, file_at, knows
from agent.step import StepModel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from agent.artifacts import CommitInfo

Packages = Mapping[str, str]


class Sources(StepModel):
    """What differs between the commits of two releases, as far as the working copy knows them."""

    commits: tuple[str, ...] = Field(default=(), description="Commits of the second one only, newest first.")
    commits_before: tuple[str, ...] = Field(default=(), description="Commits of the first one only, newest first.")
    configuration: tuple[str, ...] = Field(
        default=(), description="What differs in the configuration file, as lines of a unified diff."
    )
    packages_before: Packages | None = Field(default=None, description="Locked versions by package, of the first one.")
    packages: Packages | None = Field(default=None, description="The same of the second one.")
    unknown: tuple[str, ...] = Field(default=(), description="What cannot be told, as sentences.")


@dataclass(frozen=True, kw_only=True)
class WorkingCopy:
    """The model repository at hand; its files are named relative to the folder of the configuration."""

    folder: Path
    configuration: str
    requirements: str | None

    def between(self, old: CommitInfo, new: CommitInfo) -> Sources:
        """What differs, from git alone."""
        if absent := tuple(self._absent(old, new)):
            return Sources(unknown=absent)
        packages, troubles = zip(*(self._packages(commit.sha) for commit in (old, new)), strict=True)
        unsaid = (
            f"commit {short(one.sha)} had uncommitted changes, which nobody knows" for one in (old, new) if one.dirty
        )
        return Sources(
            commits=between(self.folder, old.sha, new.sha),
            commits_before=between(self.folder, new.sha, old.sha),
            configuration=tuple(self._configuration(old.sha, new.sha)),
            packages_before=packages[0],
            packages=packages[1],
            unknown=tuple(dict.fromkeys((*unsaid, *(one for one in troubles if one)))),
        )

    def _absent(self, old: CommitInfo, new: CommitInfo) -> Iterator[str]:
        lost = "so commits, configuration and packages are not compared"
        for commit in dict.fromkeys(one.sha for one in (old, new)):
            if not commit:
                yield f"a release was made outside git, {lost}"
            elif not knows(self.folder, commit):
                yield f"this working copy does not know the commit {short(commit)}, {lost}: fetch it"

    def _configuration(self, old: str, new: str) -> Iterator[str]:
        before, after = ((file_at(self.folder, sha, self.configuration) or "").splitlines() for sha in (old, new))
        was, now = (f"{self.configuration} at {short(sha)}" for sha in (old, new))
        return unified_diff(before, after, was, now, lineterm="", n=1)

    def _packages(self, commit: str) -> tuple[Packages | None, str]:
        """Locked versions by package, or why there are none to be told."""
        if self.requirements is None:
            return None, ""
        text, origin = file_at(self.folder, commit, self.requirements), f"{self.requirements} at {short(commit)}"
        if text is None:
            return None, f"there is no {origin}, so packages are not compared"
        try:
            return _locked(text, origin), ""
        except UsageError as error:
            return None, f"packages are not compared: {error}"


def _locked(text: str, origin: str) -> Packages:
    """A package that is locked for several platforms may have several versions."""
    found: dict[str, list[str]] = {}
    for locked in parse_lock(text, origin).requirements:
        one = locked.requirement
        found.setdefault(canonicalize_name(one.name), []).append(one.url or str(one.specifier).lstrip("="))
    return {name: ", ".join(dict.fromkeys(versions)) for name, versions in sorted(found.items())}
