"""Removes a cloud's containers when the cloud is killed: a small process of its own that holds a pipe to it.

An engine's containers belong to the engine; nothing ends them when the process that asked for them is gone.
"""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from agent.runtime.engine.address import EngineAddress
from agent.runtime.engine.calls import EngineError
from agent.runtime.engine.labels import forget_images, sweep

_DONE = b"done"
_TRIES = 20
_PAUSE_SECONDS = 0.25


class Reaper:
    """The cloud's side of the pipe; the process starts with the first container."""

    def __init__(self, address: EngineAddress, cloud: str, *, discard: bool) -> None:
        self._address = address
        self._cloud = cloud
        self._discard = discard
        self._process: subprocess.Popen[bytes] | None = None

    def watch(self) -> None:
        """Have the process running from now on."""
        if self._process is not None and self._process.poll() is None:
            return
        home = str(Path(__file__).parents[3])
        start = f"import sys; sys.path.append({home!r}); from agent.runtime.engine.reaper import main; main()"
        given = [self._address.socket, str(self._address.port), self._cloud, "discard" if self._discard else "keep"]
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", start, *given], stdin=subprocess.PIPE, env={}, start_new_session=True
        )

    def dismiss(self) -> None:
        """All is cleared away: end the process."""
        if self._process is None:
            return
        with suppress(BrokenPipeError):
            self._process.communicate(_DONE)
        self._process = None


def main() -> None:
    """Wait for the end of standard input; one that came without a word is a cloud that was killed."""
    socket, port, cloud, images = sys.argv[1:]
    if sys.stdin.buffer.read() == _DONE:
        return
    clear_away(EngineAddress(socket=socket, port=int(port)), cloud, images=images == "discard")


def clear_away(address: EngineAddress, cloud: str, *, images: bool) -> None:
    """Remove until nothing is left: a container that was just being made appears a moment later."""
    for _ in range(_TRIES):
        try:
            if not sweep(address, cloud):
                break
        except EngineError:
            return  # without the engine there are no containers
        time.sleep(_PAUSE_SECONDS)
    if images:
        with suppress(EngineError):
            forget_images(address, cloud)
