"""What `promote` and `rollback` have in common: they start the promote job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.commands.jenkins.connected import connect, controller_arguments, folder_of, place_arguments
from agent.commands.jenkins.followed import follow_arguments, show_build

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from agent.console import Console


def promotion_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare why and how."""
    controller_arguments(parser)
    place_arguments(parser)
    parser.add_argument("--reason", required=True, help="why; it is kept with the approval")
    parser.add_argument(
        "--strategy", default="", metavar="KIND", help="how traffic moves, instead of what is configured"
    )
    follow_arguments(parser)


def start_promotion(given: Mapping[str, str], options: argparse.Namespace, console: Console) -> int:
    """Start the promote job and follow it. The release is typed, so that it need not be in the job's list."""
    controller, folder = connect(options), folder_of(options)
    from agent.jenkins.starting import start
    from agent.jenkins.wanted import PROMOTE

    name = f"{folder}/{PROMOTE}"
    values = {**given, "REASON": options.reason, "STRATEGY": options.strategy}
    parameters = {parameter: value for parameter, value in values.items() if value}
    return show_build(
        controller, name, start(controller, name, parameters, where_offered={"RELEASE": ""}), options, console
    )
