"""What a command is about: the configuration of a model repository for one build, and the commit that it is of.

It is read on its own, ahead of all that only those need who speak to AWS.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent import naming
from agent.config.builds import Build
from agent.config.loading import Selection, load
from agent.pipeline.repository import commit_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from agent.artifacts import CommitInfo
    from agent.config.model import Configuration


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A model repository in ``folder``, as its configuration says for this build."""

    configuration: Configuration
    folder: Path
    commit: CommitInfo
    build: Build

    @property
    def bucket(self) -> str:
        """The artifact bucket."""
        tools = self.configuration.tools
        return naming.bucket(self.configuration.project, tools.account, tools.region)


def choose(
    file: Path, *, branch: str = "", tag: str = "", pull_request: int | None = None, settings: Sequence[str] = ()
) -> Chosen:
    """Read the configuration ``file``; a ``tag`` counts more than a ``branch``, and without one it is what git says.

    Raises UsageError without a configuration.
    """
    folder = file.absolute().parent
    commit = commit_of(folder)
    build = Build(branch="" if tag else branch or commit.branch, tag=tag, pull_request=pull_request)
    selection = Selection(branch=build.branch or None, tag=tag or None, pull_request=pull_request)
    configuration = load(file, selection=selection, settings=settings).configuration
    return Chosen(configuration=configuration, folder=folder, commit=commit, build=build)
