"""Looks whether there is an engine that containers of a cloud can run in, and what its machine has."""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.errors import UsageError
from agent.runtime.engine.address import EngineAddress, chosen_address
from agent.runtime.engine.body import Machine
from agent.runtime.engine.calls import EngineError, call
from agent.runtime.engine.networks import addresses

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOOK_SECONDS = 3.0


@dataclass(frozen=True, kw_only=True)
class FoundEngine:
    """An engine that can be used."""

    address: EngineAddress
    name: str
    machine: Machine

    def __str__(self) -> str:
        return f"{self.name} at {self.address}"


def find_engine() -> FoundEngine:
    """The engine that this process's environment names; :class:`agent.errors.UsageError` says why it cannot be used."""
    address = chosen_address()
    try:
        info = call(address, "GET", "/info", _LOOK_SECONDS)
        bridge = call(address, "GET", "/networks/bridge", _LOOK_SECONDS)
        _, gateway = addresses(bridge["IPAM"]["Config"])
    except EngineError as error:
        raise UsageError(str(error)) from error
    if info.get("OSType", "linux") != "linux":
        raise UsageError(f"the engine at {address} runs {info['OSType']} containers")
    if not _is_ours(gateway):
        raise UsageError(
            f"the engine at {address} has its networks elsewhere (in a virtual machine, or rootless): "
            f"{gateway} is no address of this machine, and its containers could not be reached"
        )
    return FoundEngine(address=address, name=f"Docker {info['ServerVersion']}", machine=machine(info))


def machine(info: Mapping[str, Any]) -> Machine:
    """What `docker info` says about the machine."""
    return Machine(
        cpus=int(info["NCPU"]),
        memory_mb=int(info["MemTotal"]) >> 20,
        gpus="nvidia" in (info.get("Runtimes") or {}),
    )


def _is_ours(address: str) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((address, 0))
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                return False
            raise
    return True
