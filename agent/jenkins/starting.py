"""Starts builds: with parameters that the job has, and of branches that the controller may not have seen yet."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from agent.errors import CloudFailedError, InputMissingError, UsageError
from agent.jenkins.places import job_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.jenkins.controller import Controller
    from agent.ports.time import Clock

_SCAN_SECONDS = 120
_PAUSE = 2.0


def start(
    controller: Controller, name: str, parameters: Mapping[str, str], *, where_offered: Mapping[str, str] | None = None
) -> str:
    """Queue a build of a job; the address of the queue's item.

    ``where_offered`` are choices that are taken where the job offers them, and left to its default otherwise.

    Raises UsageError for parameters that the job does not have or choices that it does not offer.
    """
    from jenkinsapi.custom_exceptions import JenkinsAPIException

    job = controller.job(name)
    known: dict[str, Any] = {one["name"]: one for one in job.get_params()}
    _check(controller.at(job_path(name)), known, parameters)
    offered = {
        parameter: value
        for parameter, value in (where_offered or {}).items()
        if value in (known.get(parameter, {}).get("choices") or ())
    }
    try:
        return str(job.invoke(build_params={**offered, **parameters}).baseurl)
    # What jenkinsapi says holds the request's headers.
    except (JenkinsAPIException, KeyError, ValueError):
        raise CloudFailedError(f"{controller.at(job_path(name))}: the controller did not queue a build") from None


def find_branch(controller: Controller, multibranch: str, branch: str, clock: Clock) -> str | None:
    """The full name of a branch's job; None where only a scan has found it, which starts its first build itself.

    Raises InputMissingError for a branch that the scan does not find either.
    """
    name = f"{multibranch}/{branch}"
    if controller.find(job_path(name), "name") is not None:
        return name
    if controller.find(job_path(multibranch), "name") is None:
        raise InputMissingError(
            f"{controller.at(job_path(multibranch))}: there is no such job; `modelyard jenkins setup` makes it"
        )
    controller.submit(f"{job_path(multibranch)}/build?delay=0")
    end = clock.now() + timedelta(seconds=_SCAN_SECONDS)
    while clock.now() < end:
        clock.sleep(_PAUSE)
        if controller.find(job_path(name), "name") is not None:
            return None
    raise InputMissingError(
        f"{controller.at(job_path(name))}: a scan has found no such branch with a Jenkinsfile; is it pushed? "
        f"The log of the scan: {controller.at(job_path(multibranch))}/indexing/console"
    )


def first_build(controller: Controller, name: str, clock: Clock) -> str | None:
    """The address of the build or the queue's item that a scan has started; None where it has started none."""
    for _ in range(5):
        found = controller.read(job_path(name), "lastBuild[url],queueItem[url]")
        for where in ("lastBuild", "queueItem"):
            if found.get(where):
                return controller.at(found[where]["url"])
        clock.sleep(_PAUSE)
    return None


def _check(where: str, known: Mapping[str, Any], given: Mapping[str, str]) -> None:
    if given and not known:
        raise UsageError(
            f"{where}: the job does not know its parameters before its first build; start one without parameters first"
        )
    unknown = given.keys() - known.keys()
    if unknown:
        raise UsageError(f"{where}: no parameter {', '.join(sorted(unknown))}; there are: {', '.join(known)}")
    for parameter, value in given.items():
        choices = known[parameter].get("choices")
        if choices and value not in choices:
            offered = ", ".join(choice for choice in choices if choice)
            hint = (
                f"the choices are: {offered}" if offered else "build the job once without parameters: it looks them up"
            )
            raise UsageError(f"{where}: {parameter} cannot be {value}; {hint}")
