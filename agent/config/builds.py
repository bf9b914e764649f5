"""What a build is of, and what follows: the gates that judge it, and the environments that it goes to by itself."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from agent.config.environment import Environment
    from agent.config.gate import Gate
    from agent.config.judging_section import BuildKind
    from agent.config.model import Configuration

EVERY_BRANCH = ("*",)


@dataclass(frozen=True, kw_only=True)
class Build:
    """What a build is of: a pull request, a tag, or a branch, in this order; a build of none counts as the main one."""

    branch: str = ""
    tag: str = ""
    pull_request: int | None = None


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Whether a branch or tag is one of these, or fits one of these patterns (``*`` matches any text)."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def is_main(build: Build, configuration: Configuration) -> bool:
    """Whether what the build makes may go to production: it is of a main branch or of a release's tag."""
    if build.pull_request is not None:
        return False
    if build.tag:
        return matches(build.tag, configuration.release_tags)
    return not build.branch or matches(build.branch, configuration.main_branches)


def kind_of(build: Build, configuration: Configuration) -> BuildKind:
    """How the scope of a gate calls the build."""
    if build.pull_request is not None:
        return "pr"
    if build.tag:
        return "tag"
    return "main" if is_main(build, configuration) else "branch"


def gates_of(configuration: Configuration, build: Build) -> Mapping[str, Gate]:
    """The gates that judge a build, by name."""
    kind = kind_of(build, configuration)
    return {name: gate for name, gate in configuration.gates.items() if not gate.builds or kind in gate.builds}


def takes(environment: Environment, branch: str, *, first: bool, main_branches: Sequence[str]) -> bool:
    """Whether builds of a branch come to the environment by themselves; some are only promoted to."""
    if environment.only_promoted_to:
        return False
    patterns = environment.branches
    if patterns is None:
        patterns = EVERY_BRANCH if first else tuple(main_branches)
    return matches(branch, patterns)


def destinations(configuration: Configuration, build: Build) -> tuple[str, ...]:
    """The environments that a build goes through by itself, in order, until one does not take its branch."""
    main = is_main(build, configuration)
    if build.pull_request is not None or (build.tag and not main):
        return ()
    # A tag's build, and one that knows of no branch, go where any main branch goes.
    branches = (build.branch,) if build.branch and not build.tag else configuration.main_branches
    found: list[str] = []
    for number, (name, environment) in enumerate(configuration.environments.items()):
        first, main_branches = number == 0, configuration.main_branches
        if not any(takes(environment, branch, first=first, main_branches=main_branches) for branch in branches):
            break
        found.append(name)
    return tuple(found)
