"""The containers of one job: they run together, one failure ends them all, and a stop leaves them two minutes."""

from __future__ import annotations

import asyncio
import math
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest

from agent.cloud.clock import Clock
from agent.cloud.sagemaker.cluster import GRACE_SECONDS, Cut, Ended, run_cluster
from agent.images.unpack import UnpackedImage
from agent.runtime.container import CannotStartError, ContainerSpec, Exit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.runtime.container import Container, LogLine, RunnableImage

WELL, BADLY, KILLED = Exit(code=0), Exit(code=3), Exit(code=137, signal=9)


class ObedientContainer:
    """Ends when told to; at SIGTERM only if it ``heeds`` it."""

    def __init__(self, *, heeds: bool) -> None:
        self._heeds = heeds
        self._end: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        self.signals: list[str] = []
        self.signalled = asyncio.Event()
        self.pid = 1
        self.address = ""

    @property
    def alive(self) -> bool:
        return not self._end.done()

    def finish(self, end: Exit) -> None:
        self._end.set_result(end)

    async def wait(self) -> Exit:
        return await asyncio.shield(self._end)

    async def stop(self, grace_seconds: float) -> Exit:
        self.signals.append("SIGTERM")
        self.signalled.set()
        if self._heeds:
            self.finish(WELL)
        return await asyncio.wait_for(self.wait(), grace_seconds)

    async def kill(self) -> Exit:
        self.signals.append("SIGKILL")
        if self.alive:
            self.finish(KILLED)
        return await self.wait()


class ObedientRuntime:
    """Starts containers that a test holds in its hands; programs named ``missing`` cannot start."""

    isolation = "none"

    def __init__(self, *, heeds: bool = True) -> None:
        self._heeds = heeds
        self._new: asyncio.Queue[ObedientContainer] = asyncio.Queue()
        self.started: list[ObedientContainer] = []

    async def next(self) -> ObedientContainer:
        """The next container that is started."""
        return await self._new.get()

    def base_dir(self, image: RunnableImage, opt_ml: Path) -> PurePosixPath:
        return PurePosixPath(opt_ml)

    def interface(self, image: RunnableImage) -> str:
        return "lo"

    async def start(self, spec: ContainerSpec) -> Container:
        if spec.name == "missing":
            raise CannotStartError("exec: no such program", 127)
        self.started.append(ObedientContainer(heeds=self._heeds))
        self._new.put_nowait(self.started[-1])
        return self.started[-1]

    async def close(self) -> None:
        """Nothing to close."""


def spec(name: str, log: list[LogLine] | None = None) -> ContainerSpec:
    image = UnpackedImage(digest="sha256:0", rootfs=Path("/"))
    return ContainerSpec(name=name, image=image, opt_ml=Path("/"), log=([] if log is None else log).append)


@contextmanager
def alarm(cut: Cut) -> Iterator[tuple[asyncio.Event, dict[asyncio.Task[None], Cut]]]:
    """An alarm that sounds when its event is set."""
    event = asyncio.Event()

    async def sound() -> None:
        await event.wait()

    task = asyncio.create_task(sound())
    try:
        yield event, {task: cut}
    finally:
        task.cancel()


def test_the_end_is_everyone_s_end() -> None:
    async def scenario() -> Ended:
        runtime = ObedientRuntime()
        run = asyncio.create_task(run_cluster(runtime, Clock(), [spec("a"), spec("b")], {}))
        first, second = await runtime.next(), await runtime.next()
        first.finish(WELL)
        await asyncio.sleep(0)
        assert not run.done()
        second.finish(WELL)
        return await run

    assert asyncio.run(scenario()) == Ended(exits=(WELL, WELL))


def test_one_failure_takes_the_others_with_it() -> None:
    async def scenario() -> Ended:
        runtime = ObedientRuntime()
        run = asyncio.create_task(run_cluster(runtime, Clock(), [spec("a"), spec("b")], {}))
        await runtime.next()
        (await runtime.next()).finish(BADLY)
        return await run

    assert asyncio.run(scenario()) == Ended(exits=(KILLED, BADLY), failed=1)


def test_a_program_that_cannot_start_fails_its_host_and_says_why() -> None:
    log: list[LogLine] = []
    runtime = ObedientRuntime()
    ended = asyncio.run(run_cluster(runtime, Clock(), [spec("a"), spec("missing", log)], {}))
    assert ended.failed == 1
    assert ended.exits[1] == Exit(code=127)
    assert [line.text for line in log] == ["exec: no such program"]
    assert runtime.started[0].signals == ["SIGKILL"]


@pytest.mark.parametrize("cut", [Cut.STOP, Cut.MAX_RUNTIME, Cut.MAX_WAIT])
def test_containers_that_must_stop_get_sigterm(cut: Cut) -> None:
    async def scenario() -> tuple[Ended, list[str]]:
        runtime = ObedientRuntime()
        with alarm(cut) as (event, alarms):
            event.set()
            ended = await run_cluster(runtime, Clock(), [spec("a")], alarms)
        return ended, runtime.started[0].signals

    assert asyncio.run(scenario()) == (Ended(exits=(WELL,), cut=cut), ["SIGTERM"])


def test_containers_that_ignore_sigterm_are_killed_when_their_grace_is_over_on_the_cloud_s_clock() -> None:
    async def scenario() -> tuple[Ended, list[str]]:
        runtime, clock = ObedientRuntime(heeds=False), Clock()
        with alarm(Cut.STOP) as (event, alarms):
            event.set()
            run = asyncio.create_task(run_cluster(runtime, clock, [spec("a")], alarms))
            container = await runtime.next()
            await container.signalled.wait()
            clock.advance(GRACE_SECONDS - 10)
            await asyncio.sleep(0.01)
            assert not run.done()
            clock.advance(11)
            return await run, container.signals

    assert asyncio.run(scenario()) == (Ended(exits=(KILLED,), cut=Cut.STOP), ["SIGTERM", "SIGKILL"])


@pytest.mark.parametrize("cut", [Cut.INTERRUPTION, Cut.FAILURE])
def test_hosts_that_are_lost_end_at_once(cut: Cut) -> None:
    async def scenario() -> tuple[Ended, list[str]]:
        runtime = ObedientRuntime()
        with alarm(cut) as (event, alarms):
            event.set()
            ended = await run_cluster(runtime, Clock(), [spec("a")], alarms)
        return ended, runtime.started[0].signals

    assert asyncio.run(scenario()) == (Ended(exits=(KILLED,), cut=cut), ["SIGKILL"])


def test_a_cancelled_run_leaves_nothing_running() -> None:
    async def scenario() -> list[bool]:
        runtime = ObedientRuntime()
        run = asyncio.create_task(run_cluster(runtime, Clock(), [spec("a"), spec("b")], {}))
        await runtime.next()
        await runtime.next()
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        return [container.alive for container in runtime.started]

    assert asyncio.run(scenario()) == [False, False]


def test_grace_is_two_minutes_as_stop_training_job_documents() -> None:
    assert math.isclose(GRACE_SECONDS, 120)
