"""The networks of a cloud's containers: instances of AWS do not see each other, unless they share a job.

- ``apart``: containers reach the world and the cloud (through a relay), and nobody else's container.
- ``isolated``: for servers without a network; nobody but this machine reaches them, and they reach nobody outside.
- one for each job of several instances, whose containers find each other by name.
- ``none``: Docker's own, for jobs without a network.
"""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import TYPE_CHECKING

from agent.runtime.engine.calls import EngineError
from agent.runtime.engine.relay import Relay

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.runtime.container import ContainerSpec
    from agent.runtime.engine.api import EngineApi

NO_NETWORK = "none"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A network as it has to be: whether its containers see each other, and whether they see anything else."""

    name: str
    together: bool
    outside: bool

    def options(self) -> Mapping[str, str]:
        """Its options for Docker's bridge driver."""
        return {"com.docker.network.bridge.enable_icc": str(self.together).lower()}


def wanted(spec: ContainerSpec, cloud: str) -> Wanted | None:
    """The network that a container belongs into; None for a container that needs none at all."""
    if spec.cluster is not None:
        job = hashlib.sha256(spec.cluster.encode()).hexdigest()[:12]
        return Wanted(name=f"modelyard-{cloud}-{job}", together=True, outside=spec.network)
    if spec.network:
        return Wanted(name=f"modelyard-{cloud}-apart", together=False, outside=True)
    if spec.port is not None:
        return Wanted(name=f"modelyard-{cloud}-isolated", together=False, outside=False)
    return None


@dataclass(kw_only=True)
class Network:
    """A network that exists, with the number of its containers."""

    wanted: Wanted
    identity: str
    relay: Relay | None
    members: int = 0


class Networks:
    """Makes networks when they are first needed; a job's goes with its last container, the others with the cloud."""

    def __init__(self, api: EngineApi, cloud: str, labels: Mapping[str, str], cloud_port: int) -> None:
        self._api = api
        self._cloud = cloud
        self._labels = labels
        self._port = cloud_port
        self._known: dict[str, Network] = {}
        self._changing = asyncio.Lock()

    async def join(self, spec: ContainerSpec) -> Network | None:
        """The network for a container, which must :meth:`leave` it at its end."""
        want = wanted(spec, self._cloud)
        if want is None:
            return None
        async with self._changing:
            network = self._known.get(want.name)
            if network is None:
                network = self._known[want.name] = await self._make(want)
            if network.relay is not None and not network.members:
                await network.relay.open()
            network.members += 1
            return network

    async def leave(self, network: Network | None) -> None:
        """A container of the network is gone."""
        if network is None:
            return
        async with self._changing:
            network.members -= 1
            if network.members:
                return
            if network.relay is not None:
                await network.relay.close()
            if network.wanted.together:
                await self._remove(network)

    async def close(self) -> None:
        """Remove every network."""
        async with self._changing:
            for network in tuple(self._known.values()):
                if network.relay is not None:
                    await network.relay.close()
                await self._remove(network)

    async def _remove(self, network: Network) -> None:
        self._known.pop(network.wanted.name, None)
        with suppress(EngineError):
            await self._api.call("DELETE", f"/networks/{network.identity}")

    async def _make(self, want: Wanted) -> Network:
        document = {
            "Name": want.name,
            "Driver": "bridge",
            "Internal": not want.outside,
            "Options": want.options(),
            "Labels": dict(self._labels),
        }
        identity = (await self._api.call("POST", "/networks/create", document))["Id"]
        if not want.outside:
            return Network(wanted=want, identity=identity, relay=None)
        described = await self._api.call("GET", f"/networks/{identity}")
        subnet, gateway = addresses(described["IPAM"]["Config"])
        return Network(wanted=want, identity=identity, relay=Relay(gateway, subnet, self._port))


def addresses(configured: list[Mapping[str, str]]) -> tuple[IPv4Network, str]:
    """A network's IPv4 subnet and its gateway, which is the subnet's first address where none is told."""
    for entry in configured:
        if "." in entry.get("Subnet", ""):
            subnet = IPv4Network(entry["Subnet"])
            return subnet, (entry.get("Gateway") or str(subnet[1])).partition("/")[0]
    raise EngineError("the container engine made a network without IPv4 addresses; give it an address pool")
