"""Where a multibranch job finds its branches: plain git, or GitHub with its pull requests."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.errors import UsageError
from agent.jenkins.documents import element
from agent.jenkins.overlay import INITIAL

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from agent.jenkins.wanted import Wanted

_GITHUB = "org.jenkinsci.plugins.github_branch_source"
# XStream writes an underscore of a class name twice where it is the name of an element.
_GITHUB_TAG = _GITHUB.replace("_", "__")
_REPOSITORY = re.compile(
    r"(?:https?://(?:[^@/]+@)?|ssh://git@|git@)(?P<host>[^/:]+)(?::\d+)?[/:](?P<owner>[^/]+)/(?P<name>[^/]+?)(?:\.git)?/?"
)
_NOT_OTHERS, _MERGED = 1, 1


def branch_source(wanted: Wanted) -> Element:
    """The one source of the job. Its id stays what it is, for another id would orphan all branches."""
    source = _github(wanted) if wanted.source == "github" else _git(wanted)
    return element(
        "jenkins.branch.BranchSource",
        source,
        element(
            "strategy",
            element("properties", class_="empty-list", **{INITIAL: "yes"}),
            class_="jenkins.branch.DefaultBranchPropertyStrategy",
            **{INITIAL: "yes"},
        ),
    )


def _id(wanted: Wanted) -> Element:
    return element("id", f"modelyard-{wanted.folder}", **{INITIAL: "yes"})


def _git(wanted: Wanted) -> Element:
    traits = "jenkins.plugins.git.traits"
    return element(
        "source",
        _id(wanted),
        element("remote", wanted.repository),
        element("credentialsId", wanted.credentials),
        element("traits", element(f"{traits}.BranchDiscoveryTrait"), element(f"{traits}.TagDiscoveryTrait")),
        class_="jenkins.plugins.git.GitSCMSource",
    )


def _github(wanted: Wanted) -> Element:
    """Branches without those that are filed as pull requests, pull requests merged, and tags.

    Pull requests of forks are left out: whoever may open one would otherwise train with the project's identity.
    """
    found = _REPOSITORY.fullmatch(wanted.repository)
    if found is None:
        raise UsageError(
            f"{wanted.repository} is no repository on GitHub; give its address as https://github.com/OWNER/NAME, or "
            "take the plain git source (--source git)"
        )
    host = found["host"]
    api = "https://api.github.com" if host == "github.com" else f"https://{host}/api/v3"
    return element(
        "source",
        _id(wanted),
        element("apiUri", api),
        element("credentialsId", wanted.credentials),
        element("repoOwner", found["owner"]),
        element("repository", found["name"]),
        element("repositoryUrl", f"https://{host}/{found['owner']}/{found['name']}"),
        element(
            "traits",
            _trait("BranchDiscoveryTrait", _NOT_OTHERS),
            _trait("OriginPullRequestDiscoveryTrait", _MERGED),
            _trait("TagDiscoveryTrait"),
        ),
        class_=f"{_GITHUB}.GitHubSCMSource",
    )


def _trait(name: str, strategy: int | None = None) -> Element:
    inside = () if strategy is None else (element("strategyId", strategy),)
    return element(f"{_GITHUB_TAG}.{name}", *inside)
