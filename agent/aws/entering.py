"""How a role is entered: what STS is told, so that trust policies and CloudTrail tell one build's sessions from others.

Only the standard library is needed, for a run that finds nothing changed does without boto3.
Source: STS API reference, ``AssumeRole``; IAM user guide, "Pass session tags in AWS STS".
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent import naming
from agent.who import login

if TYPE_CHECKING:
    from collections.abc import Mapping

TOOLS = "tools"
"""What the tag ``environment`` says in the tools account."""
SECONDS = 3600
"""How long a session lasts: an hour at most where the identity is itself a role's session (role chaining).

botocore asks for the next one 15 minutes before the end, so that anything below half an hour would be asked for over
and over.
"""
_LASTING = ("project", "run", "job", "build")
"""Tags that stay with whatever else a session becomes."""


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What the sessions of a role are for, and the session policy that holds them to it."""

    project: str
    environment: str
    policy: str = ""


@dataclass(frozen=True, kw_only=True)
class Way:
    """How the agent's identity becomes the one that asks: by assuming a role, the same way in every run.

    Without a ``scope`` nothing is said of the session, for roles that are not the project's.
    """

    role: str
    external_id: str | None = None
    scope: Scope | None = None


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where sessions come from; ``source_identity`` is who CloudTrail says is behind all that they do."""

    session_name: str
    source_identity: str = ""
    run: str = ""
    job: str = ""
    build: str = ""


def started_by(environ: Mapping[str, str], run: str) -> Origin:
    """A build of Jenkins (``JOB_NAME``, ``BUILD_NUMBER``), else whoever is at this machine."""
    job, build = environ.get("JOB_NAME", ""), environ.get("BUILD_NUMBER", "")
    if job:
        return Origin(
            session_name=naming.session(job, build), source_identity=naming.session(job), run=run, job=job, build=build
        )
    person = f"{login()}@{socket.gethostname().partition('.')[0]}"
    return Origin(session_name=naming.session(person), source_identity=naming.session(person), run=run)


def assume_role(way: Way, started: Origin) -> dict[str, Any]:
    """The request for a session (``AssumeRole``)."""
    request: dict[str, Any] = {
        "RoleArn": way.role,
        "RoleSessionName": started.session_name,
        "DurationSeconds": SECONDS,
    }
    if way.external_id is not None:
        request["ExternalId"] = way.external_id
    return request if way.scope is None else request | _told(way.scope, started)


def _told(scope: Scope, started: Origin) -> dict[str, Any]:
    """A tag without a value says nothing, so it is left out."""
    values = {
        "project": scope.project,
        "environment": scope.environment,
        "run": naming.short_tag(started.run),
        "job": naming.short_tag(started.job),
        "build": naming.short_tag(started.build),
    }
    known = {name: value for name, value in values.items() if value}
    told: dict[str, Any] = {
        "Tags": naming.tags(**known),
        "TransitiveTagKeys": [naming.tag(name) for name in known if name in _LASTING],
    }
    if started.source_identity:
        told["SourceIdentity"] = started.source_identity
    if scope.policy:
        told["Policy"] = scope.policy
    return told


def form(request: Mapping[str, Any]) -> dict[str, str]:
    """A request as the query protocol has it: ``Tags.member.1.Key`` and the like."""
    return dict(_flat("", request))


def _flat(name: str, value: Any) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        members = [(f"{name}.{key}" if name else key, member) for key, member in value.items()]
    elif isinstance(value, list):
        members = [(f"{name}.member.{number}", member) for number, member in enumerate(value, 1)]
    else:
        return [(name, str(value))]
    return [pair for key, member in members for pair in _flat(key, member)]
