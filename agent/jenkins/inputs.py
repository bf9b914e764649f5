"""What builds ask people: the inputs that are pending, and the answers to them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from agent.errors import InputMissingError, UsageError
from agent.jenkins.places import job_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.jenkins.controller import Controller

_PARAMETERS = "parameters[name,type,defaultParameterValue[value],choices]"
PENDING = f"actions[executions[id,settled,input[message,ok,submitter,{_PARAMETERS}]]]"
"""The part of a build's answer that holds its inputs."""
_BUILDS = f"builds[number,url,building,{PENDING}]{{0,20}}"
_REASONS = ("APPROVAL", "REASON")
"""Names of the parameter in which an input asks why; the first is that of the var mlApprove."""


@dataclass(frozen=True, kw_only=True)
class Pending:
    """An input of a build: ``parameters`` with their defaults, ``submitters`` as logins and groups (none: anybody)."""

    job: str
    number: int
    url: str
    id: str
    message: str
    ok: str
    submitters: Sequence[str] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What is asked, in one line; further lines of the message say where there is more to read."""
        return self.message.partition("\n")[0]

    def document(self) -> dict[str, Any]:
        """The input as a JSON object."""
        return {
            "job": self.job,
            "number": self.number,
            "url": self.url,
            "id": self.id,
            "message": self.message,
            "ok": self.ok,
            "submitters": list(self.submitters),
            "parameters": dict(self.parameters),
        }


def pending_of(job: str, build: Mapping[str, Any]) -> list[Pending]:
    """The inputs in a build's answer."""
    return [
        _pending(job, build, execution)
        for action in build.get("actions") or ()
        for execution in (action or {}).get("executions") or ()
        if execution.get("id") and not execution.get("settled")
    ]


def pending(controller: Controller, job: str, number: int | None = None) -> list[Pending]:
    """The inputs of one build, or of all builds of a job that run, oldest first."""
    if number is not None:
        answer = controller.read(f"{job_path(job)}/{number}", f"number,url,building,{PENDING}")
        return pending_of(job, answer)
    builds = controller.read(job_path(job), _BUILDS)["builds"]
    return [one for build in reversed(builds) if build["building"] for one in pending_of(job, build)]


def only(found: Sequence[Pending], id_: str, what: str) -> Pending:
    """The one that is meant.

    Raises InputMissingError for none and UsageError for several.
    """
    meant = [one for one in found if id_ in {"", one.id}]
    if not meant:
        others = f"; pending are: {', '.join(one.id for one in found)}" if found else ""
        raise InputMissingError(f"{what}: no input {id_ + ' ' if id_ else ''}is pending{others}")
    if len(meant) > 1:
        listed = "; ".join(f"build {one.number}, --input {one.id}: {one.message}" for one in meant)
        raise UsageError(f"{what}: several inputs are pending, say which: {listed}")
    return meant[0]


def approve(controller: Controller, one: Pending, given: Mapping[str, str], reason: str) -> None:
    """Let a build go on, with its input's parameters.

    Raises UsageError for a parameter that it does not have, and AccessDeniedError for somebody who may not answer it.
    """
    values = {**one.parameters, **given}
    if reason:
        values[next((name for name in _REASONS if name in one.parameters), _REASONS[0])] = reason
    unknown = values.keys() - one.parameters.keys()
    if unknown:
        has = ", ".join(one.parameters) or "none"
        raise UsageError(f"input {one.id} of {one.url} has no parameter {', '.join(sorted(unknown))}; it has: {has}")
    form = [{"name": name, "value": value} for name, value in values.items()]
    _answer(controller, one, "submit", {"proceed": one.ok or "Proceed", "json": json.dumps({"parameter": form})})


def abort(controller: Controller, one: Pending) -> None:
    """Refuse: the build ends as aborted."""
    _answer(controller, one, "abort", {})


def _answer(controller: Controller, one: Pending, how: str, fields: Mapping[str, str]) -> None:
    controller.submit(f"{job_path(one.job)}/{one.number}/input/{quote(one.id, safe='')}/{how}", fields)


def _pending(job: str, build: Mapping[str, Any], execution: Mapping[str, Any]) -> Pending:
    asked = execution.get("input") or {}
    return Pending(
        job=job,
        number=build["number"],
        url=build["url"],
        id=execution["id"],
        message=asked.get("message") or "",
        ok=asked.get("ok") or "",
        submitters=[one.strip() for one in (asked.get("submitter") or "").split(",") if one.strip()],
        parameters={one["name"]: _default(one) for one in asked.get("parameters") or ()},
    )


def _default(parameter: Mapping[str, Any]) -> Any:
    given = (parameter.get("defaultParameterValue") or {}).get("value")
    return next(iter(parameter.get("choices") or ()), "") if given is None else given
