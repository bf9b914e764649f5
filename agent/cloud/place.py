"""Where a cloud keeps itself on disk, and how others find a running one (``cloud.json`` in its state folder)."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from agent.cloud.accounts import Administrator

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOOKS_TAKE = 0.2
"""Seconds after which a lock is a server's, not that of someone who just looks (:meth:`Place.in_use`)."""


class Running(BaseModel):
    """What a running cloud tells about itself; the file is readable by its owner only, for it holds keys."""

    model_config = ConfigDict(frozen=True)

    pid: int
    endpoint: str
    region: str
    token: str = Field(repr=False)
    administrators: list[Administrator]

    def administrator(self, name: str) -> Administrator:
        """The administrator of the account with that name or number; raises KeyError."""
        for administrator in self.administrators:
            if name in {administrator.name, administrator.account}:
                return administrator
        raise KeyError(name)


@dataclass(frozen=True)
class Place:
    """A cloud's state folder."""

    folder: Path

    @property
    def description(self) -> Path:
        """The file that describes the running cloud; absent when it is down."""
        return self.folder / "cloud.json"

    @property
    def log(self) -> Path:
        """Everything the cloud had to say."""
        return self.folder / "cloud.log"

    @property
    def settings(self) -> Path:
        """Accounts, region and keys, kept from one life of the cloud to the next."""
        return self.folder / "settings.json"

    @property
    def lock(self) -> Path:
        """Held by the one server that uses this folder."""
        return self.folder / "lock"

    def running(self) -> Running | None:
        """The cloud that runs here, or None; a description left by a killed one does not count."""
        if not self.in_use():
            return None
        with contextlib.suppress(FileNotFoundError):
            return Running.model_validate_json(self.description.read_text())
        return None

    def in_use(self) -> bool:
        """Whether a server holds this folder.

        A lock tells for sure where a process id cannot: it may have been given to another program since.
        """
        try:
            lock = os.open(self.lock, os.O_RDONLY)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(lock)
        return False

    def occupy(self) -> bool:
        """Take this folder until the process ends; whether that worked, for it may be another server's."""
        lock = os.open(self.lock, os.O_WRONLY | os.O_CREAT, 0o600)
        deadline = time.monotonic() + _LOOKS_TAKE
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    os.close(lock)
                    return False
                time.sleep(0.01)
            else:
                self.description.unlink(missing_ok=True)
                return True

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keep others who also want to start the cloud of this folder waiting."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def publish(self, running: Running) -> None:
        """Write the description in one step, readable by nobody else."""
        write_private(self.description, running.model_dump_json(indent=2))


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step with one that only its owner can read."""
    temporary = path.with_suffix(".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    temporary.replace(path)


def default_place() -> Place:
    """The user's own cloud: ``$MODELYARD_CLOUD``, else ``modelyard/cloud`` under the XDG state folder."""
    chosen = os.environ.get("MODELYARD_CLOUD")
    if chosen:
        return Place(Path(chosen))
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Place(Path(state) / "modelyard" / "cloud")
