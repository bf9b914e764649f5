"""The process that is an embedded cloud: builds the services, serves them, and leaves nothing running behind."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import secrets
import shutil
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import uvicorn
from pydantic import BaseModel, ConfigDict

from agent.cloud import emulator as emulators
from agent.cloud.accounts import DEFAULT_ACCOUNTS, DEFAULT_REGION, Administrator
from agent.cloud.autoscaling.service import AutoScaling
from agent.cloud.autoscaling.targets import ScalableTargets
from agent.cloud.calls import CallLog
from agent.cloud.clock import Clock
from agent.cloud.control import Control, Logs
from agent.cloud.decisions import DecisionLog
from agent.cloud.ecr.service import Ecr
from agent.cloud.faults import Faults
from agent.cloud.gateway import Gateway, Routes
from agent.cloud.holds import Holds
from agent.cloud.place import Place, Running, write_private
from agent.cloud.platform import Platform
from agent.cloud.sagemaker.service import SageMaker
from agent.cloud.stack_resources import stack_resources
from agent.cloud.store import Store
from agent.cloud.where_containers_run import RuntimeChoice, engine_in_use, runtime_of
from agent.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import FrameType

    from agent.cloud.where_containers_run import EngineInUse

logger = logging.getLogger(__name__)


class Settings(BaseModel):
    """What stays the same over the lives of one cloud."""

    model_config = ConfigDict(frozen=True)

    region: str
    accounts: dict[str, str]
    administrators: list[Administrator] = []
    clock_offset: float = 0.0


class Cloud:
    """All services of one cloud, from its state folder."""

    def __init__(self, place: Place, settings: Settings, endpoint: str, engine: EngineInUse | None = None) -> None:
        self._place = place
        self._engine = engine
        self._settings = settings
        self._keeping: asyncio.Task[None] | None = None
        self._token = secrets.token_urlsafe(24)
        clock = Clock(offset=settings.clock_offset)
        store = Store(place.folder / "services.sqlite")
        decisions = DecisionLog()
        self._emulator = emulators.Emulator(clock, decisions)
        self._ecr = Ecr(self._emulator, store, clock, place.folder / "ecr", engine)
        self.platform = Platform(
            state=place.folder,
            endpoint=endpoint,
            clock=clock,
            identity=self._emulator.identity,
            store=store,
            faults=Faults(),
            telemetry=self._emulator.telemetry,
            events=self._emulator.events,
            registry=self._ecr.puller,
            runtime=runtime_of(engine, place.folder, clock.now),
        )
        targets = ScalableTargets(self.platform, self._emulator.scaling_alarms)
        self._sagemaker = SageMaker(self.platform, targets)
        self._autoscaling = AutoScaling(
            self.platform, targets, self._sagemaker.endpoints, self._emulator.scaling_alarms
        )
        own = stack_resources(self._sagemaker, self._autoscaling, self.platform.identity, clock)
        self._emulator.stacks.provide(own)
        calls, holds = CallLog(), Holds()
        routes = Routes(
            json_services={"sagemaker": self._sagemaker, "application-autoscaling": self._autoscaling},
            runtime=self._sagemaker.runtime,
            control=Control(
                self.platform,
                Logs(calls, decisions),
                self._token,
                self.reset,
                self._keep_clock,
                holds=holds,
                advise=self._emulator.repositories.advise,
            ),
            registry=self._ecr.door,
        )
        self.gateway = Gateway(self.platform, self._emulator, routes, calls=calls, holds=holds)

    async def open(self) -> None:
        """Let the administrators in, take up what was running, and tell where the cloud is."""
        known = {administrator.account: administrator for administrator in self._settings.administrators}
        administrators = [
            self._emulator.administrator(name, account, known.get(account))
            for name, account in self._settings.accounts.items()
        ]
        self._settings = self._settings.model_copy(update={"administrators": administrators})
        self._keep_settings()
        self._keeping = asyncio.create_task(self._keep(), name="keep")
        if self._engine is not None:
            await asyncio.to_thread(self._engine.clear_leftovers)
        await self._sagemaker.resume()
        await self._autoscaling.resume()
        self._place.publish(
            Running(
                pid=os.getpid(),
                endpoint=self.platform.endpoint,
                region=self._settings.region,
                token=self._token,
                administrators=administrators,
            )
        )

    async def close(self) -> None:
        """Stop every process of every job and endpoint, and keep what an `up` continues from."""
        self._place.description.unlink(missing_ok=True)
        await self.platform.settle()
        await self._stop_keeping()
        await self.platform.runtime.close()
        if self._engine is not None:
            await self._engine.close()
        self._keep_settings()
        self.platform.store.close()

    async def reset(self) -> None:
        """Forget everything but the accounts, their administrators and the clock."""
        await self.platform.settle()
        await self._stop_keeping()
        self.platform.faults.clear()
        self.platform.store.reset()
        self._emulator.reset()
        self._ecr.reset()
        for administrator in self._settings.administrators:
            self._emulator.administrator(administrator.name, administrator.account, administrator)
        self._keeping = asyncio.create_task(self._keep(), name="keep")

    async def _keep(self) -> None:
        """Keep on disk what changes in the emulator and on the clock, so that even a killed cloud continues."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._emulator.keep())
            while True:
                await asyncio.sleep(1)
                if self.platform.clock.rate != 1:
                    self._keep_clock()

    async def _stop_keeping(self) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
            self._keeping = None

    def _keep_clock(self) -> None:
        """Keep the clock as it will be before it is kept again, so that after a crash it has not gone back."""
        self._keep_settings(ahead=2 * max(0.0, self.platform.clock.rate - 1))

    def _keep_settings(self, ahead: float = 0.0) -> None:
        self._settings = self._settings.model_copy(update={"clock_offset": self.platform.clock.offset + ahead})
        write_private(self._place.settings, self._settings.model_dump_json(indent=2))


class Server(uvicorn.Server):
    """uvicorn, with the cloud opened after the emulator is up and closed before it goes down."""

    def __init__(self, config: uvicorn.Config, cloud: Cloud) -> None:
        super().__init__(config)
        self._cloud = cloud
        self.abandoned: Path | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """See :class:`uvicorn.Server`."""
        await super().startup(sockets)
        if not self.should_exit:
            await self._cloud.open()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See :class:`uvicorn.Server`."""
        await self._cloud.close()
        await super().shutdown(sockets)
        logging.shutdown()
        if self.abandoned is not None:
            shutil.rmtree(self.abandoned, ignore_errors=True)
        # All is kept. A thread of the emulator may still wait for a stack that nobody finishes, and so would asyncio.
        os._exit(os.EX_OK)


def serve(
    place: Place,
    settings: Settings,
    listener: socket.socket,
    *,
    runtime: RuntimeChoice,
    until_eof: bool,
    discard: bool,
) -> None:
    """Serve a cloud on loopback until SIGTERM, SIGINT or, with ``until_eof``, the end of standard input.

    With ``discard`` that end takes the state folder with it.
    """
    emulators.configure(place.folder, settings.region)
    endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}"
    cloud = Cloud(place, settings, endpoint, engine_in_use(runtime, place.folder, endpoint, discard=discard))
    config = uvicorn.Config(
        cloud.gateway,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=3,
    )
    server = Server(config, cloud)
    if until_eof:
        abandoned = place.folder if discard else None
        threading.Thread(target=_exit_at_eof, args=(server, abandoned), daemon=True).start()
    server.run(sockets=[listener])


def _exit_at_eof(server: Server, abandoned: Path | None) -> None:
    """A parent that is killed cannot send a signal or clear away, but its end of our standard input closes."""
    while sys.stdin.buffer.read(4096):
        pass
    server.abandoned = abandoned
    server.should_exit = True


def _end_in_order(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def load_settings(place: Place, accounts: Mapping[str, str], region: str) -> Settings:
    """The settings of the cloud in that folder; those given count only for a new one."""
    if place.settings.exists():
        return Settings.model_validate_json(place.settings.read_text())
    return Settings(region=region, accounts=dict(accounts))


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point of ``python -m agent.cloud.server``; used by :mod:`agent.cloud.embedded`, not by people."""
    parser = argparse.ArgumentParser(prog="modelyard cloud server")
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--region", default=DEFAULT_REGION)
    parser.add_argument("--account", action="append", default=[], metavar="NAME=ID")
    parser.add_argument("--runtime", type=RuntimeChoice, default=RuntimeChoice.PROCESS)
    parser.add_argument("--until-eof", action="store_true")
    parser.add_argument("--discard", action="store_true", help="remove the state when standard input has ended")
    options = parser.parse_args(argv)
    # Until uvicorn listens to signals itself; whoever starts us may have blocked them for a while.
    signal.signal(signal.SIGTERM, _end_in_order)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    accounts = dict(pair.split("=", 1) for pair in options.account) or DEFAULT_ACCOUNTS
    place = Place(options.state)
    if not place.occupy():
        logger.error("another cloud already uses %s", place.folder)
        return 1
    try:
        listener = socket.create_server(("127.0.0.1", options.port))
    except OSError as error:
        logger.error("cannot listen on 127.0.0.1:%d: %s", options.port, error.strerror)  # noqa: TRY400 - for people
        return 1
    settings = load_settings(place, accounts, options.region)
    try:
        with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
            serve(
                place,
                settings,
                listener,
                runtime=options.runtime,
                until_eof=options.until_eof,
                discard=options.discard,
            )
    except UsageError as error:
        logger.error("%s", error)  # noqa: TRY400 - for people
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
