"""What all commands on a controller have in common: which one, as whom, and in which folder the jobs are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.errors import UsageError

if TYPE_CHECKING:
    import argparse

    from agent.jenkins.controller import Controller


def controller_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare which controller."""
    parser.add_argument("--url", default="", metavar="URL", help="address of the controller (default: JENKINS_URL)")
    parser.add_argument(
        "--ca",
        default="",
        metavar="FILE",
        help="certificates to trust, as PEM, where its authority is your own (default: JENKINS_CA)",
    )


def place_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare which model repository's jobs."""
    parser.add_argument("--configuration", default="modelyard.yaml", metavar="FILE", help="default: modelyard.yaml")
    parser.add_argument(
        "--folder", default="", metavar="NAME", help="folder of the jobs on the controller (default: the project)"
    )


def connect(options: argparse.Namespace) -> Controller:
    """The controller that the command line names, as the person in JENKINS_USER."""
    import os

    from agent.clock import SystemClock
    from agent.jenkins.access import access_from

    access = access_from(os.environ, url=options.url, ca=options.ca)
    try:
        from agent.jenkins.controller import Controller
    except ImportError as error:
        raise UsageError(
            f"`modelyard jenkins` needs the extra `jenkins`: pip install 'modelyard[jenkins]' ({error})"
        ) from None
    return Controller(access, sleep=SystemClock().sleep)


def folder_of(options: argparse.Namespace) -> str:
    """The full name of the jobs' folder."""
    if options.folder:
        return str(options.folder).strip("/")
    from pathlib import Path

    from agent.config.loading import load

    return load(Path(options.configuration)).configuration.project
