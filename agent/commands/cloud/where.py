"""Which cloud a command is about: the one of ``--state``, of ``$MODELYARD_CLOUD``, or the user's own."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from agent.errors import UsageError

if TYPE_CHECKING:
    import argparse

    from agent.cloud.place import Place, Running

_PARTS = ("aiohttp", "cryptography", "ministack", "uvicorn")


def state_argument(parser: argparse.ArgumentParser) -> None:
    """Declare ``--state``."""
    parser.add_argument(
        "--state",
        type=Path,
        metavar="DIR",
        help="the cloud's folder (default: $MODELYARD_CLOUD, else modelyard/cloud in the user's state folder)",
    )


def runtime_argument(parser: argparse.ArgumentParser) -> None:
    """Declare ``--runtime``."""
    parser.add_argument(
        "--runtime",
        choices=("auto", "process", "docker"),
        help="how containers run: in this machine's container engine (docker), as processes, or auto (the default): "
        "in an engine where one answers, but images of `builder: process` as processes",
    )


def json_argument(parser: argparse.ArgumentParser) -> None:
    """Declare ``--json``."""
    parser.add_argument("--json", action="store_true", help="answer one JSON document")


def require_parts() -> None:
    """Raise UsageError unless the packages of the extra ``cloud`` are installed."""
    missing = [part for part in _PARTS if importlib.util.find_spec(part) is None]
    if missing:
        raise UsageError(
            f"the embedded cloud needs {', '.join(missing)}; install it with: pip install 'modelyard[cloud]'"
        )


def chosen_place(arguments: argparse.Namespace) -> Place:
    """The state folder that the command line or the environment names."""
    from agent.cloud.place import Place, default_place

    place = Place(arguments.state) if arguments.state else default_place()
    return Place(place.folder.absolute())


def running_cloud(arguments: argparse.Namespace) -> Running:
    """The running cloud of the chosen folder; raises UsageError with what to do when there is none."""
    place = chosen_place(arguments)
    running = place.running()
    if running is None:
        raise UsageError(f"no cloud runs in {place.folder}; start one with: modelyard cloud up{hint(place)}")
    return running


def hint(place: Place) -> str:
    """What to add to a ``modelyard cloud`` command so that it finds this cloud; nothing for the usual folder."""
    import shlex

    from agent.cloud.place import default_place

    usual = default_place().folder.absolute() == place.folder.absolute()
    return "" if usual else f" --state {shlex.quote(str(place.folder))}"
