"""Runs containers in an engine of this machine, as SageMaker runs them: `docker run IMAGE train` and `… serve`.

The engine keeps them; a cloud that is killed leaves a reaper behind, which ends them.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from agent.runtime.container import CannotStartError, Container, ContainerSpec, EngineImage, LogLine
from agent.runtime.engine.body import Surroundings, container_body, container_name, folders_of, is_superuser, shortfalls
from agent.runtime.engine.calls import EngineError
from agent.runtime.engine.container import EngineContainer
from agent.runtime.engine.labels import labels
from agent.runtime.engine.networks import Networks
from agent.runtime.engine.ownership import handover_body, open_to_all
from agent.runtime.engine.reaper import Reaper
from agent.runtime.sandbox import OPT_ML
from agent.runtime.whole_start import whole_start

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from agent.runtime.container import Bind, RunnableImage
    from agent.runtime.engine.api import EngineApi
    from agent.runtime.engine.found import FoundEngine
    from agent.runtime.engine.networks import Network

logger = logging.getLogger(__name__)
_CANNOT_START = 127


def _utc_now() -> datetime:
    return datetime.now(UTC)


class EngineRuntime:
    """Starts containers in an engine.

    ``cloud`` names whose they are, ``endpoint`` is that cloud's address on this machine, and ``owner`` the user and
    group to whom the files of their jobs have to go; None where that does not matter.
    """

    def __init__(
        self,
        api: EngineApi,
        found: FoundEngine,
        *,
        cloud: str,
        endpoint: str,
        discard: bool = False,
        owner: tuple[int, int] | None = None,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._api = api
        self._found = found
        self._cloud = cloud
        self._endpoint = endpoint
        self._owner = owner
        self._now = now
        self._marks = labels(cloud, os.getpid())
        self._networks = Networks(api, cloud, self._marks, int(endpoint.rpartition(":")[2]))
        self._reaper = Reaper(found.address, cloud, discard=discard)
        self._alive: set[EngineContainer] = set()
        self._said: set[str] = set()

    @property
    def isolation(self) -> str:
        """See :class:`agent.runtime.container.Runtime`."""
        return f"containers of {self._found}"

    def base_dir(self, image: RunnableImage, opt_ml: Path) -> PurePosixPath:  # noqa: ARG002
        """Where SageMaker has it."""
        return PurePosixPath(OPT_ML)

    def interface(self, image: RunnableImage) -> str:  # noqa: ARG002
        """The container's first, as on SageMaker."""
        return "eth0"

    async def start(self, spec: ContainerSpec) -> Container:
        """See :class:`agent.runtime.container.Runtime`; a cancelled start leaves nothing."""
        return await whole_start(self._start(spec))

    async def close(self) -> None:
        """Kill what is still alive, and remove the networks."""
        await asyncio.gather(*(container.kill() for container in tuple(self._alive)), return_exceptions=True)
        await self._networks.close()
        await asyncio.to_thread(self._reaper.dismiss)

    async def _start(self, spec: ContainerSpec) -> EngineContainer:
        assert isinstance(spec.image, EngineImage), f"{spec.image.digest} was made ready for another runtime"
        self._tell_shortfalls(spec)
        self._reaper.watch()
        if not is_superuser(spec.image.user):
            await asyncio.to_thread(open_to_all, folders_of(spec))
        network = await self._networks.join(spec)
        try:
            return await self._start_in(network, spec, spec.image)
        except BaseException:
            await self._networks.leave(network)
            raise

    async def _start_in(self, network: Network | None, spec: ContainerSpec, image: EngineImage) -> EngineContainer:
        folders = folders_of(spec)
        around = Surroundings(
            identity=image.identity,
            machine=self._found.machine,
            folders=folders,
            marks=self._marks,
            network=network,
            endpoint=self._endpoint,
            relayed=network.relay.url if network and network.relay else self._endpoint,
        )
        identity = await self._create(spec, container_body(spec, around))
        try:
            output = await self._api.attach(identity)
            await self._run(identity)
            described = await self._api.call("GET", f"/containers/{identity}/json")
        except BaseException:
            await self._remove(identity)
            raise

        async def clear_away() -> None:
            await self._remove(identity)
            await self._networks.leave(network)
            if self._owner is not None:
                await self._hand_over(spec, folders, image, self._owner)

        container = EngineContainer(self._api, described, output, lambda text: spec.log(self._line(text)), clear_away)
        self._alive.add(container)
        container.ended.add_done_callback(lambda _: self._alive.discard(container))
        return container

    async def _create(self, spec: ContainerSpec, body: Mapping[str, Any]) -> str:
        name = container_name(spec, self._cloud, secrets.token_hex(4))
        created: dict[str, str] = await self._api.call("POST", "/containers/create", body, name=name)
        return created["Id"]

    async def _run(self, identity: str) -> None:
        """Start a container, or say as which exit code of `docker run` its program cannot start."""
        try:
            await self._api.call("POST", f"/containers/{identity}/start")
        except EngineError as error:
            described = await self._api.call("GET", f"/containers/{identity}/json")
            code = int(described["State"]["ExitCode"])
            if code not in {126, _CANNOT_START}:
                raise
            raise CannotStartError(_last_words(described["State"]["Error"]), code) from error

    async def _remove(self, identity: str) -> None:
        with suppress(EngineError):  # somebody else was faster
            await self._api.call("DELETE", f"/containers/{identity}", force="1", v="1")

    async def _hand_over(
        self, spec: ContainerSpec, folders: list[Bind], image: EngineImage, owner: tuple[int, int]
    ) -> None:
        """Make the cloud the owner of what its containers have written, which it could not remove otherwise."""
        try:
            identity = await self._create(spec, handover_body(folders, image.identity, owner, self._marks))
            try:
                await self._run(identity)
                await self._api.call("POST", f"/containers/{identity}/wait")
            finally:
                await self._remove(identity)
        except (EngineError, CannotStartError) as error:
            logger.warning("%s: what it wrote stays the property of its user: %s", spec.name, error)

    def _tell_shortfalls(self, spec: ContainerSpec) -> None:
        missing = ", ".join(shortfalls(spec, self._found.machine))
        if missing and missing not in self._said:
            self._said.add(missing)
            logger.info("%s: this machine is smaller than the instance: the container gets %s", spec.name, missing)

    def _line(self, text: str) -> LogLine:
        return LogLine(time=self._now(), text=text)


def _last_words(error: str) -> str:
    """What an engine says about a program that cannot start, without the layers that passed it on."""
    start = error.find("exec: ")
    return error[max(start, 0) :].removesuffix(": unknown")
