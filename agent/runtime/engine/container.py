"""One container of an engine, from its start to its removal."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from agent.runtime.container import Exit
from agent.runtime.engine.body import PORT
from agent.runtime.engine.calls import EngineError
from agent.runtime.engine.frames import FrameReader

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from agent.runtime.engine.api import EngineApi, Output

_SIGNALLED = 128
_GONE = 404


class EngineContainer:
    """A container that has been started; ``described`` is what the engine said about it then."""

    def __init__(
        self,
        api: EngineApi,
        described: dict[str, Any],
        output: Output,
        take: Callable[[str], None],
        clear_away: Callable[[], Awaitable[None]],
    ) -> None:
        self._api = api
        self._id: str = described["Id"]
        self._output = output
        self._take = take
        self._clear_away = clear_away
        self.pid = int(described["State"]["Pid"])
        self.address = f"{_ip(described)}:{PORT}"
        self.ended: asyncio.Task[Exit] = asyncio.create_task(self._follow(), name=f"container {described['Name']}")

    @property
    def alive(self) -> bool:
        """Whether the container has not ended yet."""
        return not self.ended.done()

    async def wait(self) -> Exit:
        """The end of the container; cancelling the wait does not touch the container."""
        return await asyncio.shield(self.ended)

    async def stop(self, grace_seconds: float) -> Exit:
        """SIGTERM to the program, and SIGKILL for the container after ``grace_seconds``."""
        await self._signal(signal.SIGTERM)
        try:
            return await asyncio.wait_for(self.wait(), grace_seconds)
        except TimeoutError:
            return await self.kill()

    async def kill(self) -> Exit:
        """SIGKILL for every process of the container."""
        await self._signal(signal.SIGKILL)
        return await self.wait()

    async def _signal(self, number: signal.Signals) -> None:
        with suppress(EngineError):  # it has ended by itself
            await self._api.call("POST", f"/containers/{self._id}/kill", signal=number.name)

    async def _follow(self) -> Exit:
        try:
            logs = asyncio.create_task(self._pump_logs())
            try:
                waited = await self._api.call("POST", f"/containers/{self._id}/wait")
                await logs
            finally:
                logs.cancel()
                self._output.close()
            return exit_of(int(waited["StatusCode"]), out_of_memory=await self._out_of_memory())
        except EngineError as error:
            # An engine that ends takes its containers with it; one that keeps them has lost them to us all the same.
            self._take(str(error))
            return exit_of(_SIGNALLED + signal.SIGKILL, out_of_memory=False)
        finally:
            await self._clear_away()

    async def _pump_logs(self) -> None:
        reader = FrameReader()
        try:
            async for chunk in self._output.chunks():
                for text in reader.feed(chunk):
                    self._take(text)
            for text in reader.end():
                self._take(text)
        except Exception:
            await self._signal(signal.SIGKILL)
            raise

    async def _out_of_memory(self) -> bool:
        try:
            described = await self._api.call("GET", f"/containers/{self._id}/json")
        except EngineError as error:
            if error.status == _GONE:  # somebody has removed it
                return False
            raise
        return bool(described["State"]["OOMKilled"])


def exit_of(code: int, *, out_of_memory: bool) -> Exit:
    """A container's end; one that went on well after the kernel had taken a child of it did not fail for memory."""
    number = code - _SIGNALLED
    return Exit(
        code=code,
        signal=number if number in {int(each) for each in signal.Signals} else None,
        out_of_memory=out_of_memory and code != 0,
    )


def _ip(described: dict[str, Any]) -> str:
    networks = described["NetworkSettings"]["Networks"] or {}
    return next((str(each["IPAddress"]) for each in networks.values() if each.get("IPAddress")), "")
