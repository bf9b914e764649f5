"""Loads the model beside the event loop, so that a server that is not ready yet can say so."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from byo import program
from byo.rows import as_kind

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from byo.program import Program
    from byo.rows import Table
    from byo.settings import Settings


class ModelError(Exception):
    """`predict` has raised what would end a program."""


class Loaded:
    """The user's program with its model: what turns a table into predictions."""

    def __init__(self, settings: Settings) -> None:
        """Import the module and load the model; raises what the user's code raises. Blocking."""
        self.program: Program = program.imported(settings)
        load, self._predict = self.program.function("load"), self.program.function("predict")
        self._model = load(settings.base / "model")

    def rows(self, table: Table) -> Any:
        """A table as `predict` wants it."""
        return as_kind(table, self.program.kind)

    def predict(self, rows: Any) -> Any:
        """What the user's `predict` answers; raises what it raises, and an Exception where that is none."""
        try:
            return self._predict(self._model, rows)
        except Exception:
            raise
        except BaseException as error:  # sys.exit, or a panic of a library in Rust: it must not end the event loop
            raise ModelError(f"`predict` raised {error!r}") from error


def begin(
    settings: Settings,
    loop: asyncio.AbstractEventLoop,
    done: Callable[[Loaded], None],
    failed: Callable[[BaseException], None],
) -> None:
    """Load in a thread, then call ``done`` or ``failed`` on the event loop."""

    def load() -> None:
        try:
            loaded = Loaded(settings)
        except BaseException as error:  # noqa: BLE001 - even SystemExit of the user's module must be told
            loop.call_soon_threadsafe(failed, error)
        else:
            loop.call_soon_threadsafe(done, loaded)

    threading.Thread(target=load, name="load", daemon=True).start()
