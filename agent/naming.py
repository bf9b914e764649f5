"""What everything that modelyard makes is called, so that any agent finds again what another one made.

Names follow from the project and a content key, never from a time or a build number: who repeats the same work comes to
the same name, and adopts what is there.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

KEY_LENGTH = 12
"""How many hexadecimal digits of a content key stand in a name: 48 bits, read by people too."""

DATA = "data/"
"""Objects of data snapshots and their manifests."""
MODELS = "models/"
"""Model artifacts, as training jobs write them below their own name."""
PREPARED = "prepared/"
"""Data sets that preparation jobs wrote, below the job's name."""
EVALUATIONS = "evaluations/"
"""Outputs of evaluation jobs, below the job's name."""
CODE = "code/"
"""Scripts of jobs, each below its sha256."""
CHECKPOINTS = "checkpoints/"
"""Checkpoints of training jobs on spare capacity, below the job's name."""


_NOT_IN_SESSION_NAMES = re.compile(r"[^\w+=,.@-]+", re.ASCII)
_SESSION_NAME_LENGTH = 64
_SHORTEST_SESSION_NAME = 2


def session(who: str, build: str = "") -> str:
    """The session of an assumed role, as CloudTrail shows it: ``<job>-<build>``, or a person (``RoleSessionName``).

    Of a name that is too long its beginning goes: the branch and the number at its end tell builds apart.
    """
    name = _NOT_IN_SESSION_NAMES.sub("-", f"{who}-{build}" if build else who).strip("-")
    return name[-_SESSION_NAME_LENGTH:].lstrip("-").ljust(_SHORTEST_SESSION_NAME, "_")


def bucket(project: str, account: str, region: str) -> str:
    """The artifact bucket of a project, in the tools account: data, models, ledger."""
    return f"{project}-{account}-{region}"


def repository(project: str) -> str:
    """The ECR repository of a project's images, in the tools account."""
    return project


def model_package_group(project: str) -> str:
    """The model package group of a project, in the tools account."""
    return project


def signing_key(project: str) -> str:
    """The alias of the key that signs a project's releases, in the tools account."""
    return f"alias/{project}-releases"


def short(key: str) -> str:
    """A content key, or a digest with or without ``sha256:``, as it stands in names."""
    return key.removeprefix("sha256:")[:KEY_LENGTH]


def job(project: str, step: str, key: str, attempt: int = 1) -> str:
    """A job of SageMaker: ``<project>-<step>-<key12>``, and ``-a2`` after a failed first attempt."""
    name = f"{project}-{step.replace('_', '-')}-{short(key)}"
    return name if attempt == 1 else f"{name}-a{attempt}"


def deployment(project: str, key: str) -> str:
    """The model and the endpoint configuration of one deployment."""
    return f"{project}-{short(key)}"


_PREVIEW = "-pr-"
LONGEST_PREVIEW = len(_PREVIEW) + 7
"""What a preview's name adds to its endpoint's, for pull requests of up to seven digits."""


def previews(stem: str) -> str:
    """What the names of all previews after an endpoint or a project begin with."""
    return f"{stem}{_PREVIEW}"


def preview(endpoint: str, pull_request: int) -> str:
    """The endpoint that serves a pull request's model, after the environment's endpoint in whose account it stands."""
    return f"{previews(endpoint)}{pull_request}"


def preview_deployments(project: str, pull_request: int) -> str:
    """What the names of the models and the endpoint configurations behind it begin with."""
    return f"{previews(project)}{pull_request}-"


def preview_deployment(project: str, pull_request: int, key: str) -> str:
    """The model and the endpoint configuration behind it."""
    return f"{preview_deployments(project, pull_request)}{short(key)}"


def previewed(name: str, stem: str) -> int | None:
    """The pull request of a name after the endpoint or project ``stem``, in any case; None for any other name."""
    form = rf"{re.escape(previews(stem))}(\d+)(-[0-9a-f]{{{KEY_LENGTH}}})?"
    found = re.fullmatch(form, name, re.IGNORECASE)
    return int(found[1]) if found else None


_NOT_IN_TAGS = re.compile(r"[^\w .:/=+@-]")
_TAG_LENGTH = 256


def tags(**values: str) -> list[dict[str, str]]:
    """The tags ``modelyard:<name>`` of a resource; of signs AWS takes few, and 256 of them (``TagValue``)."""
    return [{"Key": tag(name), "Value": _NOT_IN_TAGS.sub("-", value)[:_TAG_LENGTH]} for name, value in values.items()]


_SHORT_TAG_LENGTH = 96


def short_tag(value: str) -> str:
    """A value for a tag of a session, whose tags share one limit with its policy; its end tells more than its start."""
    return value[-_SHORT_TAG_LENGTH:]


def tag(name: str) -> str:
    """The key of such a tag."""
    return f"modelyard:{name}"


_TIME = "%Y-%m-%dT%H:%M:%SZ"


def time_in_tag(when: datetime) -> str:
    """A time as it stands in a tag: RFC 3339, UTC, whole seconds."""
    return when.astimezone(UTC).strftime(_TIME)


def tagged_time(value: str) -> datetime | None:
    """The time that a tag says; None for one that is absent or was written by someone else."""
    try:
        return datetime.strptime(value, _TIME).replace(tzinfo=UTC)
    except ValueError:
        return None
