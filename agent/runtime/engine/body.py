"""What an engine is told to make: SageMaker's contract in the words of `docker create`, decided on values alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.runtime.engine.networks import NO_NETWORK
from agent.runtime.sandbox import OPT_ML

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.runtime.container import ContainerSpec
    from agent.runtime.engine.networks import Network

PORT = 8080
"""Where SageMaker expects a server ("Use your own inference code with hosting services" in the developer guide)."""
_MEBI = 1 << 20
_LONGEST_HOSTNAME = 63
_SUPERUSER = re.compile(r"(|0|root)(:.*)?")


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What the engine's machine has, and whether the engine gives GPUs to containers."""

    cpus: int
    memory_mb: int
    gpus: bool = False


@dataclass(frozen=True, kw_only=True)
class Ways:
    """How a container gets out: its network, and what stands there for the cloud's own address."""

    network: Network | None
    endpoint: str
    relayed: str

    def heard(self, value: str) -> str:
        """A variable's value as it is right in the container: the cloud's address is the relay's."""
        if value == self.endpoint or value.startswith(f"{self.endpoint}/"):
            return self.relayed + value[len(self.endpoint) :]
        return value


def container_body(spec: ContainerSpec, identity: str, machine: Machine, ways: Ways, marks: Mapping[str, str]) -> Any:
    """The document of `POST /containers/create`."""
    environment = {name: ways.heard(value) for name, value in spec.environment.items()}
    if spec.port is not None:
        environment["SAGEMAKER_BIND_TO_PORT"] = str(PORT)
    body: dict[str, Any] = {
        "Image": identity,
        "Env": [f"{name}={value}" for name, value in environment.items()],
        "Labels": dict(marks),
        "HostConfig": _host_config(spec, machine, ways),
    }
    if spec.entrypoint is not None:
        body["Entrypoint"] = list(spec.entrypoint)
        body["Cmd"] = list(spec.arguments)
    elif spec.arguments:
        body["Cmd"] = list(spec.arguments)
    if spec.hostname:
        body["Hostname"] = spec.hostname[:_LONGEST_HOSTNAME]
    if ways.network is not None and spec.cluster is not None:
        aliases = {"Aliases": [spec.hostname]}
        body["NetworkingConfig"] = {"EndpointsConfig": {ways.network.wanted.name: aliases}}
    return body


def shortfalls(spec: ContainerSpec, machine: Machine) -> list[str]:
    """In what this machine is less than the instance; the container gets what there is."""
    found = []
    if spec.cpus is not None and spec.cpus > machine.cpus:
        found.append(f"{machine.cpus} of {spec.cpus} CPUs")
    if spec.memory_mb is not None and spec.memory_mb > machine.memory_mb:
        found.append(f"{machine.memory_mb} of {spec.memory_mb} MiB of memory")
    if spec.gpus and not machine.gpus:
        found.append(f"none of {spec.gpus} GPUs")
    return found


def is_superuser(user: str) -> bool:
    """Whether an image's USER may write anywhere in its container."""
    return _SUPERUSER.fullmatch(user) is not None


def container_name(spec: ContainerSpec, cloud: str, number: str) -> str:
    """A name for people; engines take letters, digits, ``_``, ``.`` and ``-``."""
    words = re.sub(r"[^a-zA-Z0-9.-]+", "-", spec.name).strip("-.")
    return f"modelyard-{cloud}-{words[:80]}-{number}"


def mounts(spec: ContainerSpec) -> list[Any]:
    """The job's folders; unlike with ``Binds``, an engine that does not see such a folder says so."""
    folders = [(str(spec.opt_ml), OPT_ML), *((str(bind.source), bind.target) for bind in spec.binds)]
    return [{"Type": "bind", "Source": source, "Target": target} for source, target in folders]


def _host_config(spec: ContainerSpec, machine: Machine, ways: Ways) -> dict[str, Any]:
    network = ways.network.wanted.name if ways.network else NO_NETWORK
    config: dict[str, Any] = {"NetworkMode": network, "Mounts": mounts(spec), "LogConfig": {"Type": "none"}}
    if ways.network is None and spec.hostname:
        config["ExtraHosts"] = [f"{spec.hostname}:127.0.0.1"]
    if spec.memory_mb is not None:
        memory = min(spec.memory_mb, machine.memory_mb) * _MEBI
        # Instances do not swap, and have half of their memory as /dev/shm, like any Linux.
        config |= {"Memory": memory, "MemorySwap": memory, "ShmSize": memory // 2}
    if spec.cpus is not None and spec.cpus < machine.cpus:
        config["NanoCpus"] = spec.cpus * 10**9
    if spec.gpus and machine.gpus:
        config["DeviceRequests"] = [{"Count": -1, "Capabilities": [["gpu"]]}]
    return config
