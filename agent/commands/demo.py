"""`modelyard demo`: shows in under a minute what the embedded cloud does, and proves that it does it here."""

from __future__ import annotations

import contextlib
import importlib.util
import shlex
import shutil
import signal
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from agent.command import Command
from agent.commands import purpose
from agent.commands.cloud.where import require_parts, runtime_argument
from agent.errors import ExitCode, UsageError

if TYPE_CHECKING:
    import argparse
    from types import FrameType

    from agent.console import Console
    from agent.demo.build_server import BuildServer


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``demo``."""
    runtime_argument(parser)
    parser.add_argument(
        "--base-image",
        metavar="IMAGE",
        default="python:3.11-slim",
        help="with --runtime docker: what the model's image is built from (default: python:3.11-slim)",
    )
    parser.add_argument(
        "--keep", action="store_true", help="leave the cloud and the repository, with the endpoints in service"
    )


def demo(arguments: argparse.Namespace, console: Console) -> int:
    """Bring the tumour example to production and back, across three accounts of a fresh cloud."""
    from agent.evaluation.extra import require_statistics

    require_parts()
    require_statistics("the demo's predictions are")
    contained = arguments.runtime == "docker"
    if not contained:
        _require_example()
    from agent.cloud.embedded import EmbeddedCloud
    from agent.demo.progress import progress_for
    from agent.demo.story import Demo

    signal.signal(signal.SIGTERM, _end_in_order)
    began = time.monotonic()
    progress = progress_for(console)
    kept = _folder_to_keep() if arguments.keep else None
    with contextlib.ExitStack() as ending:
        folder = kept or Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="modelyard-demo-")))
        with progress.chapter("Start a cloud with the accounts tools, qa and prod") as chapter:
            state, runtime = kept and kept / "cloud", arguments.runtime or "auto"
            cloud = ending.enter_context(EmbeddedCloud(state=state, runtime=runtime, detached=arguments.keep))
            chapter.fact(f"{cloud.endpoint}, with nothing in it")
        base_image = arguments.base_image if contained else None
        server = Demo(cloud=cloud, base_image=base_image, folder=folder, progress=progress, console=console).tell()
        if kept is None:
            with progress.chapter("Take it all down"):
                ending.close()
        else:
            cloud.leave()
            _say_how_to_go_on(console, kept / "cloud", server)
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
    if Place(folder / "cloud").in_use():
        raise UsageError(f"an earlier demo still runs; stop it with: modelyard cloud down --state {folder / 'cloud'}")
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def _say_how_to_go_on(console: Console, state: Path, server: BuildServer) -> None:
    where = f"--state {shlex.quote(str(state))}"
    console.say("The cloud runs on, with both endpoints in service and the repository beside it:")
    console.say(f"  go there           cd {shlex.quote(str(server.folder))}")
    console.say(f"  as build server    . {shlex.quote(str(_write_environment(state, server)))}; modelyard status")
    console.say(f'  as administrator   eval "$(modelyard cloud env --account prod {where})"')
    console.say("                     aws sagemaker describe-endpoint --endpoint-name tumour-prod")
    console.say(f"  stop it            modelyard cloud down {where}")


def _write_environment(state: Path, server: BuildServer) -> Path:
    """The build server's environment as a script for its owner's eyes only, for it holds the key."""
    file = state.with_name("build-server.env")
    names = sorted(name for name in server.environ if name.startswith("AWS_"))
    lines = [f"export {name}={shlex.quote(server.environ[name])}\n" for name in names]
    file.touch(mode=0o600)
    file.write_text("".join(lines))
    return file


def _end_in_order(number: int, _frame: FrameType | None) -> NoReturn:
    """Let SIGTERM unwind the demo as Ctrl-C does, so that it stops its cloud."""
    raise SystemExit(128 + number)


COMMAND = Command(name="demo", help=purpose(__doc__), arguments=arguments, run=demo)
