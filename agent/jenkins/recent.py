"""What the jobs of a model repository did last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from agent.jenkins.inputs import PENDING, pending_of
from agent.jenkins.places import job_path
from agent.jenkins.wanted import BUILD, OVERRIDE, PROMOTE, RETRAIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.jenkins.controller import Controller

_LAST = f"lastBuild[number,url,result,building,timestamp,duration,description,{PENDING}]"


@dataclass(frozen=True, kw_only=True)
class Last:
    """The last build of a job; ``result`` is ``running``, ``waits for an answer``, ``never built`` or Jenkins's own."""

    job: str
    number: int | None = None
    result: str = "never built"
    started: datetime | None = None
    seconds: float = 0.0
    description: str = ""
    url: str = ""


def recent(controller: Controller, folder: str) -> Iterator[Last]:
    """The last build of every branch, and of the other jobs.

    Raises InputMissingError where the folder is not there.
    """
    branches = controller.read(job_path(f"{folder}/{BUILD}"), f"jobs[name,{_LAST}]")["jobs"]
    for branch in branches:
        # As people call it, and as the other commands take it: feature/x, whose job is feature%2Fx.
        yield _last(folder, f"{BUILD}/{unquote(branch['name'])}", branch.get("lastBuild"))
    if not branches:
        yield Last(job=BUILD, result="no branch yet")
    for name in (PROMOTE, RETRAIN, OVERRIDE):
        answer = controller.find(job_path(f"{folder}/{name}"), _LAST)
        yield Last(job=name, result="no such job") if answer is None else _last(folder, name, answer.get("lastBuild"))


def _last(folder: str, job: str, build: Any) -> Last:
    if not build:
        return Last(job=job)
    asked = build["building"] and pending_of(f"{folder}/{job}", build)
    return Last(
        job=job,
        number=build["number"],
        result="waits for an answer" if asked else "running" if build["building"] else build["result"],
        started=datetime.fromtimestamp(build["timestamp"] / 1000, UTC),
        seconds=build["duration"] / 1000,
        description=build.get("description") or "",
        url=build["url"],
    )
