"""`modelyard demo`: shows in under a minute what the embedded cloud does, and proves that it does it here."""

from __future__ import annotations

import contextlib
import importlib.util
import shlex
import shutil
import signal
import time
from typing import TYPE_CHECKING, NoReturn

from agent.command import Command
from agent.commands.cloud.where import require_parts
from agent.errors import ExitCode, UsageError

if TYPE_CHECKING:
    import argparse
    from pathlib import Path
    from types import FrameType

    from agent.console import Console


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``demo``."""
    parser.add_argument("--keep", action="store_true", help="leave the cloud running with the endpoint in service")


def demo(arguments: argparse.Namespace, console: Console) -> int:
    """Train and deploy the iris example across two accounts of a fresh cloud."""
    require_parts()
    _require_example()
    from agent.cloud.embedded import EmbeddedCloud
    from agent.demo.progress import progress_for
    from agent.demo.story import tell

    signal.signal(signal.SIGTERM, _end_in_order)
    began = time.monotonic()
    progress = progress_for(console)
    kept = _folder_to_keep() if arguments.keep else None
    with contextlib.ExitStack() as ending:
        with progress.chapter("Start a cloud") as chapter:
            cloud = ending.enter_context(EmbeddedCloud(state=kept, detached=arguments.keep))
            chapter.fact(f"{cloud.endpoint}, with nothing in it")
        tell(cloud, progress, keep=arguments.keep)
        if kept is None:
            with progress.chapter("Stop the cloud"):
                ending.close()
        else:
            cloud.leave()
            _say_how_to_go_on(console, kept)
    console.say(f"All of it worked, in {time.monotonic() - began:.0f} s.", "good")
    return ExitCode.DONE


def _require_example() -> None:
    missing = [part for part in ("joblib", "sklearn") if importlib.util.find_spec(part) is None]
    if missing:
        raise UsageError(f"the demo's model needs {', '.join(missing)}; install them with: pip install scikit-learn")


def _folder_to_keep() -> Path:
    """An empty state folder beside the user's own cloud; raises UsageError while an earlier demo still uses it."""
    from agent.cloud.place import Place, default_place

    usual = default_place().folder.absolute()
    folder = usual.with_name(f"{usual.name}-demo")
    if Place(folder).in_use():
        raise UsageError(f"an earlier demo still runs; stop it with: modelyard cloud down --state {folder}")
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def _say_how_to_go_on(console: Console, folder: Path) -> None:
    state = f"--state {shlex.quote(str(folder))}"
    console.say("The cloud runs on, with its endpoint in service in the account qa:")
    console.say(f'  use it    eval "$(modelyard cloud env --account qa {state})"')
    console.say("            aws sagemaker describe-endpoint --endpoint-name iris")
    console.say(f"  stop it   modelyard cloud down {state}")


def _end_in_order(number: int, _frame: FrameType | None) -> NoReturn:
    """Let SIGTERM unwind the demo as Ctrl-C does, so that it stops its cloud."""
    raise SystemExit(128 + number)


COMMAND = Command(name="demo", help="see it all work on the embedded cloud", arguments=arguments, run=demo)
