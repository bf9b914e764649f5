"""What every process of the suite was started with: its arguments, and in users' containers its environment."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROC = Path("/proc")
_PAUSE_SECONDS = 0.2
_CLOUD = b"agent.cloud.server"
"""In the arguments of a cloud, whose descendants are users' containers."""
_HANDED = (b"AWS_ACCESS_KEY_ID=", b"AWS_SECRET_ACCESS_KEY=", b"AWS_SESSION_TOKEN=")
"""The session of its own role, which a container is handed."""


class Processes:
    """Looks at this process's descendants every now and then; ``seen`` is what was found, each once."""

    def __init__(self) -> None:
        self.seen: set[bytes] = set()
        self._known: dict[int, bool | None] = {os.getpid(): False}
        self._young: dict[int, Path] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True, name="secret scan")

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look a last time."""
        self._ended.set()
        self._thread.join()

    def look(self) -> None:
        """Look once at the processes that are new."""
        running = {int(each.name): each for each in _PROC.iterdir() if each.name.isdigit()}
        for gone in self._known.keys() - running.keys():
            del self._known[gone]
        new = [running[pid] for pid in sorted(running.keys() - self._known.keys())]
        # Once more, for a process is another program's before it is its own.
        for process in (*self._young.values(), *new):
            self._known[int(process.name)] = self._meet(process)
        self._young = {int(process.name): process for process in new if self._known[int(process.name)] is not None}

    def _watch(self) -> None:
        while not self._ended.wait(_PAUSE_SECONDS):
            self.look()
        self.look()

    def _meet(self, process: Path) -> bool | None:
        """Whether a process is a cloud's or descends from one; None for a stranger."""
        try:
            parent = int(process.joinpath("stat").read_bytes().rpartition(b")")[2].split()[1])
            above = self._known.get(parent)
            if above is None:
                return None
            arguments = process.joinpath("cmdline").read_bytes()
            self.seen.add(arguments.replace(b"\0", b" "))
            if above:
                self.seen.update(_told(process.joinpath("environ").read_bytes()))
        except (OSError, IndexError):  # it has ended meanwhile
            return None
        return above or _CLOUD in arguments


def _told(environment: bytes) -> Iterator[bytes]:
    yield from (each for each in environment.split(b"\0") if each and not each.startswith(_HANDED))
