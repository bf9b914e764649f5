"""Stops a build that runs, as its button does: its own clean-up still takes place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.errors import InputMissingError
from agent.jenkins.places import job_path

if TYPE_CHECKING:
    from agent.jenkins.controller import Controller


def stop(controller: Controller, job: str, number: int | None = None) -> str:
    """Stop a build, or the newest one that runs; its address.

    Raises InputMissingError where none does.
    """
    builds = controller.read(job_path(job), "builds[number,url,building]{0,20}")["builds"]
    running = [build for build in builds if build["building"] and number in {None, build["number"]}]
    if not running:
        which = "no build" if number is None else f"build {number}: it is not one that"
        raise InputMissingError(f"{controller.at(job_path(job))}: {which} runs")
    controller.submit(f"{job_path(job)}/{running[0]['number']}/stop")
    return str(running[0]["url"])
