"""Runs containers as processes of this machine: an image's files under the host's Python, and SageMaker's contract.

Each container is held together by a supervisor (:mod:`agent.runtime.supervisor`) that ends with us, however we end.
The processes run as the user who runs modelyard; an image's USER is not honoured: its ids mean nothing here.
"""

from __future__ import annotations

import asyncio
import errno
import json
import os
import signal
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from agent.errors import CloudFailedError
from agent.runtime import program, sandbox
from agent.runtime.container import CannotStartError, Container, ContainerSpec, Exit, LogLine
from agent.runtime.launch import Launch, Mount
from agent.runtime.lines import LineSplitter
from agent.runtime.whole_start import whole_start

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Callable, Mapping

    from agent.runtime.container import RunnableImage
    from agent.runtime.isolation import Isolation

_CHUNK = 1 << 16
_SUPERVISOR_GRACE_SECONDS = 5.0
_MARKER = "MODELYARD_CONTAINER"
_LONGEST_HOSTNAME = 63
_CODES = {errno.ENOENT: 127, errno.EACCES: 126, errno.ENOEXEC: 126}


def _utc_now() -> datetime:
    return datetime.now(UTC)


class ProcessRuntime:
    """Starts containers as processes; use it from one event loop, whose thread must outlive its containers."""

    def __init__(self, isolation: Isolation, now: Callable[[], datetime] = _utc_now) -> None:
        self._isolation = isolation
        self._now = now
        self._alive: set[ProcessContainer] = set()

    @property
    def isolation(self) -> str:
        """See :class:`agent.runtime.container.Runtime`."""
        return "namespaces" if self._isolation.host else f"processes only, because {self._isolation.reason}"

    def base_dir(self, image: RunnableImage, opt_ml: Path) -> PurePosixPath:  # noqa: ARG002
        """``/opt/ml`` under namespaces; otherwise the host's own folder, told by ``SAGEMAKER_BASE_DIR``."""
        return PurePosixPath(sandbox.OPT_ML if self._isolation.host else opt_ml)

    def interface(self, image: RunnableImage) -> str:  # noqa: ARG002
        """Loopback, since all containers are on this machine."""
        return "lo"

    async def start(self, spec: ContainerSpec) -> Container:
        """Start the container's program, or say why it cannot start; a cancelled start leaves nothing."""
        return await whole_start(self._start(spec))

    async def close(self) -> None:
        """Kill what is still alive, for instance because whoever started it was cancelled."""
        await asyncio.gather(*(container.kill() for container in tuple(self._alive)))

    async def _start(self, spec: ContainerSpec) -> ProcessContainer:
        launch, marker = self._launch(spec)
        process = await asyncio.create_subprocess_exec(
            *self._isolation.supervisor,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={_MARKER: marker},
            cwd="/",
            start_new_session=True,
        )
        container = ProcessContainer(spec, process, marker, lambda text: spec.log(self._line(text)))
        self._alive.add(container)
        container.ended.add_done_callback(lambda _: self._alive.discard(container))
        try:
            await container.launch(launch)
        except BaseException:
            await container.kill()
            raise
        return container

    def _line(self, text: str) -> LogLine:
        return LogLine(time=self._now(), text=text)

    def _launch(self, spec: ContainerSpec) -> tuple[Launch, str]:
        rootfs, host = spec.unpacked.rootfs, self._isolation.host
        view: program.View
        if host is None:
            view = program.PlainView(rootfs=rootfs, folders=program.folders(spec))
            view.furnish()
        else:
            view = program.ContainedView(rootfs=rootfs, folders=program.folders(spec))
        marker = uuid4().hex
        launch = Launch(
            argv=program.resolve(spec, view),
            environment={**program.environment(spec, view), _MARKER: marker},
            working_dir=view.working_dir(spec.unpacked.working_dir or "/"),
            mounts=None if host is None else _mounts(spec, host),
            hostname=(spec.hostname or spec.name)[:_LONGEST_HOSTNAME],
            network=spec.network,
            port=spec.port,
            memory_mb=spec.memory_mb,
        )
        return launch, marker


class ProcessContainer:
    """A container that is held by a supervisor process, whose pipes are the only way to it."""

    def __init__(self, spec: ContainerSpec, process: Process, marker: str, take: Callable[[str], None]) -> None:
        self._name = spec.name
        self._port = spec.port
        self._process = process
        self._marker = marker
        self._take = take
        self._started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._exit: Exit | None = None
        self.ended: asyncio.Task[Exit] = asyncio.create_task(self._follow(), name=f"container {spec.name}")

    @property
    def pid(self) -> int:
        """The process id of the supervisor, or of the program that gave it its namespaces."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether anything of the container may still run."""
        return not self.ended.done()

    @property
    def address(self) -> str:
        """The port of this machine's loopback that the container was given."""
        return f"127.0.0.1:{self._port}"

    async def launch(self, launch: Launch) -> None:
        """Hand the program to the supervisor and wait until it has been executed."""
        self._write(launch.encode())
        await asyncio.shield(self._started)

    async def wait(self) -> Exit:
        """The end of the container; cancelling the wait does not touch the container."""
        return await asyncio.shield(self.ended)

    async def stop(self, grace_seconds: float) -> Exit:
        """SIGTERM to the program; after ``grace_seconds`` SIGKILL for everything."""
        return await self._end(signal.SIGTERM, grace_seconds) or await self.kill()

    async def kill(self) -> Exit:
        """SIGKILL for every process of the container."""
        ended = await self._end(signal.SIGKILL, _SUPERVISOR_GRACE_SECONDS)
        if ended is None:
            # The supervisor itself hangs (someone may have stopped it); without it the container goes too.
            self._process.kill()
        return ended or await self.wait()

    async def _end(self, number: signal.Signals, seconds: float) -> Exit | None:
        self._write(f"{int(number)}\n".encode())
        try:
            return await asyncio.wait_for(self.wait(), seconds)
        except TimeoutError:
            return None

    def _write(self, data: bytes) -> None:
        if self._process.returncode is None and self._process.stdin is not None:
            self._process.stdin.write(data)

    async def _follow(self) -> Exit:
        logs = asyncio.create_task(self._pump_logs())
        await self._read_reports()
        code = await self._process.wait()
        if self._exit is None:
            # The supervisor was killed before it could clean up; what it left still carries the container's mark.
            kill_marked(self._marker)
        await self._close_stdin()
        await logs
        return self._exit or _exit_of(code)

    async def _close_stdin(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        with suppress(ConnectionError):
            await self._process.stdin.wait_closed()

    async def _pump_logs(self) -> None:
        assert self._process.stdout is not None
        splitter = LineSplitter()
        try:
            while data := await self._process.stdout.read(_CHUNK):
                for text in splitter.feed(data):
                    self._take(text)
            for text in splitter.end():
                self._take(text)
        except Exception:
            self._process.kill()
            while await self._process.stdout.read(_CHUNK):
                continue  # the pipe must be emptied before it can be closed
            raise

    async def _read_reports(self) -> None:
        assert self._process.stderr is not None
        complaints = []
        async for line in self._process.stderr:
            if line.startswith(b"{"):
                self._heed(json.loads(line))
            else:
                complaints.append(line.decode("utf-8", "replace").strip())
        if not self._started.done():
            reason = "; ".join(complaints) or "it ended at once"
            self._started.set_exception(CloudFailedError(f"container {self._name} could not be prepared: {reason}"))

    def _heed(self, report: Mapping[str, Any]) -> None:
        if "exit" in report:
            self._exit = Exit(code=report["exit"], signal=report["signal"], out_of_memory=report["out_of_memory"])
        elif "failed" in report:
            code = _CODES.get(report["errno"], 126)
            self._started.set_exception(CannotStartError(f"exec: {report['program']}: {report['failed']}", code))
        else:
            self._started.set_result(None)


def _exit_of(returncode: int) -> Exit:
    return Exit(code=returncode) if returncode >= 0 else Exit(code=128 - returncode, signal=-returncode)


def _mounts(spec: ContainerSpec, host: sandbox.Host) -> tuple[Mount, ...]:
    return sandbox.mounts(
        image=spec.unpacked.rootfs,
        opt_ml=spec.opt_ml,
        host=host,
        binds=spec.binds,
        hosts=spec.hosts,
        working_dir=spec.unpacked.working_dir or "/",
    )


def kill_marked(marker: str) -> None:
    """SIGKILL every process of this machine that was started with a container's mark in its environment."""
    mark = f"{_MARKER}={marker}".encode()
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and mark in (folder / "environ").read_bytes().split(b"\0"):
                os.kill(int(folder.name), signal.SIGKILL)
        except OSError:  # it has ended since, or is another user's and so not ours
            continue
