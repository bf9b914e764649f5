"""`serve`: starts the workers, replaces those that die, and ends them gently on SIGTERM."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

from byo import logs, processors
from byo.board import Board, Place, created
from byo.closing import LINGER_SECONDS
from byo.settings import SettingError, Settings, ambient

if TYPE_CHECKING:
    from collections.abc import Callable

    from byo.application import Application
    from byo.readiness import Loaded

_USAGE = 2
_FAILED = 1
_LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "byo.logs.Formatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stderr"}},
    "loggers": {"_granian": {"handlers": ["stderr"], "level": "WARNING", "propagate": False}},
}


def main() -> int:
    """Serve until SIGTERM; 1 if the model could not be loaded, 2 if a setting is wrong."""
    try:
        settings = ambient()
    except SettingError as error:
        logs.say("error", str(error))
        return _USAGE
    # Before anything imports numpy: the libraries under it read these once.
    os.environ.update(processors.thread_environment(settings.threads, dict(os.environ)))
    return serve(settings)


def serve(settings: Settings) -> int:
    """The same with settings that are known. What every worker needs is imported here once and shared by them all."""
    # Workers share what is imported below, and the board; Python 3.14 would not fork by itself.
    multiprocessing.set_start_method("fork", force=True)
    from granian.constants import HTTPModes, Interfaces, Loops
    from granian.log import LogLevels
    from granian.server import Server

    import byo.application as _shared  # noqa: F401
    from byo import graph

    graph.prepare(settings.base / "model")
    try:
        loaded = _preloaded(settings)
    except Exception as error:  # noqa: BLE001 - the user's module may raise anything
        logs.say_exception("the model cannot be loaded", error)
        return _FAILED
    gc.freeze()  # what is here now stays, and need not be looked at, and so copied, in every worker
    board = created(settings.workers)
    server = Server(
        "byo.application",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.RSGI,
        workers=settings.workers,
        loop=Loops.uvloop,
        http=HTTPModes.http1,
        websockets=False,
        log_level=LogLevels.warning,
        log_dictconfig=_LOGGING,
        respawn_failed_workers=True,
        workers_kill_timeout=max(1, round(settings.drain)),
    )
    server.on_startup(lambda: _end_gently(server, board, settings))
    logs.say(
        "info", "serving", host=settings.host, port=settings.port, workers=settings.workers, threads=settings.threads
    )
    loader: Callable[..., Any] = partial(application, settings, board.place, loaded)
    server.serve(target_loader=loader, wrap_loader=False)
    return _FAILED if _any_failed(board) else 0


def application(settings: Settings, place: Place, loaded: Loaded | None) -> Application:
    """What a worker serves; called in its process."""
    from byo.application import Application

    return Application(settings, place, loaded)


def _preloaded(settings: Settings) -> Loaded | None:
    """Do what is to be done once for all workers; raises what the user's code raises."""
    from byo import program, readiness

    if settings.preload == "model":
        return readiness.Loaded(settings)
    if settings.preload == "module":
        program.imported(settings)
    return None


def _end_gently(server: Any, board: Board, settings: Settings) -> None:
    """On SIGTERM let clients leave first: /ping says 503, and every answer closes its connection."""

    def end(*_: object) -> None:
        wait = 0.0 if _any_failed(board) else min(LINGER_SECONDS, settings.drain)
        board.drain()
        timer = threading.Timer(wait, server.signal_handler_interrupt)
        timer.daemon = True
        timer.start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)


def _any_failed(board: Board) -> bool:
    return any(row["failed"] for row in board.rows())


if __name__ == "__main__":
    sys.exit(main())
