"""Images from scripts in a test, run as real containers; what the tests of the process runtime share."""

from __future__ import annotations

import asyncio
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from agent.images.unpack import UnpackedImage
from agent.runtime.container import ContainerSpec, Exit
from agent.runtime.isolation import Isolation, detect_isolation, namespaces, plain_isolation
from agent.runtime.process import ProcessRuntime
from agent.runtime.sandbox import this_host
from tests.tools import leave_out

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from agent.runtime.container import Container, LogLine

Answer = TypeVar("Answer")

PRIVILEGED, UNPRIVILEGED, PLAIN = "namespaces", "user-namespaces", "plain"
CONTAINED = (PRIVILEGED, UNPRIVILEGED)
EVERYWHERE = (*CONTAINED, PLAIN)


def isolation(kind: str) -> Isolation:
    """An isolation by name; the test is left out where the machine does not permit it."""
    if kind == PLAIN:
        return plain_isolation("the test asks for it")
    found = detect_isolation()
    if found.host is None:
        leave_out(found.reason)
    if kind == PRIVILEGED:
        return found
    programs = [shutil.which(name) or "" for name in ("unshare", "setpriv")]
    return namespaces(programs[0], programs[1], ("--user", "--map-root-user"), this_host())


@dataclass(kw_only=True)
class Workshop:
    """An image under construction, and the lines that its containers have written."""

    folder: Path
    isolation: Isolation
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.opt_ml.mkdir()
        self.rootfs.mkdir()

    @property
    def opt_ml(self) -> Path:
        return self.folder / "ml"

    @property
    def rootfs(self) -> Path:
        return self.folder / "rootfs"

    def script(self, text: str, path: str = "opt/program/train", mode: int = 0o755) -> None:
        """A program of the image: Python, unless it names its interpreter."""
        file = self.rootfs / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text if text.startswith("#!") else f"#!/usr/bin/env python3\n{text}")
        file.chmod(mode)

    def image(self, **changes: Any) -> UnpackedImage:
        """The image as its Dockerfile would say it: programs in /opt/program."""
        settings: dict[str, Any] = {"env": (("PATH", "/opt/program:/usr/bin:/bin"),), **changes}
        return UnpackedImage(digest="sha256:0", rootfs=self.rootfs, **settings)

    def spec(self, **changes: Any) -> ContainerSpec:
        """A training container of the image."""
        settings: dict[str, Any] = {"name": "job", "arguments": ("train",), "image": self.image(), **changes}
        return ContainerSpec(opt_ml=self.opt_ml, log=self.take, **settings)

    def take(self, line: LogLine) -> None:
        self.lines.append(line.text)

    def play(self, scenario: Callable[[ProcessRuntime], Awaitable[Answer]]) -> Answer:
        """Run ``scenario`` on a loop of its own; what it leaves running is killed."""

        async def play() -> Answer:
            runtime = ProcessRuntime(self.isolation)
            try:
                return await scenario(runtime)
            finally:
                await runtime.close()

        return asyncio.run(play())

    def run(self, **changes: Any) -> Exit:
        """Run the image's program to its end."""

        async def scenario(runtime: ProcessRuntime) -> Exit:
            return await (await runtime.start(self.spec(**changes))).wait()

        return self.play(scenario)

    async def until(self, text: str, container: Container) -> None:
        """Wait until the container has written a line with ``text``."""
        while not any(text in line for line in self.lines):
            assert container.alive, self.lines
            await asyncio.sleep(0.01)


def alive(mark: str) -> list[int]:
    """The processes of this machine whose command line holds ``mark`` and which are no zombies."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            command, stat = (folder / "cmdline").read_text(), (folder / "stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if mark in command and stat.rpartition(")")[2].split()[0] != "Z":
            found.append(int(folder.name))
    return found


def children(process: int) -> list[int]:
    """The processes that ``process`` has started and not yet collected."""
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
