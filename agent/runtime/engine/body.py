"""What an engine is told to make: SageMaker's contract in the words of `docker create`, decided on values alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.runtime.container import Bind
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
class Surroundings:
    """What a container is made from and what is around it; ``relayed`` stands in its network for ``endpoint``."""

    identity: str
    machine: Machine
    folders: list[Bind]
    marks: Mapping[str, str]
    network: Network | None
    endpoint: str
    relayed: str

    def heard(self, value: str) -> str:
        """A variable's value as it is right in the container: the cloud's address is the relay's."""
        if value == self.endpoint or value.startswith(f"{self.endpoint}/"):
            return self.relayed + value[len(self.endpoint) :]
        return value


def container_body(spec: ContainerSpec, around: Surroundings) -> Any:
    """The document of `POST /containers/create`."""
    environment = {name: around.heard(value) for name, value in spec.environment.items()}
    if spec.port is not None:
        environment["SAGEMAKER_BIND_TO_PORT"] = str(PORT)
    body: dict[str, Any] = {
        "Image": around.identity,
        "Env": [f"{name}={value}" for name, value in environment.items()],
        "Labels": dict(around.marks),
        "HostConfig": _host_config(spec, around),
    }
    if spec.entrypoint is not None:
        body["Entrypoint"] = list(spec.entrypoint)
        body["Cmd"] = list(spec.arguments)
    elif spec.arguments:
        body["Cmd"] = list(spec.arguments)
    if spec.hostname:
        body["Hostname"] = spec.hostname[:_LONGEST_HOSTNAME]
    if around.network is not None and spec.cluster is not None:
        aliases = {"Aliases": [spec.hostname]}
        body["NetworkingConfig"] = {"EndpointsConfig": {around.network.wanted.name: aliases}}
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


def folders_of(spec: ContainerSpec) -> list[Bind]:
    """The job's folders, each for itself: what else the image has under /opt/ml, such as `code`, stays visible."""
    own = [Bind(source=path, target=f"{OPT_ML}/{path.name}") for path in sorted(spec.opt_ml.iterdir())]
    return [*own, *spec.binds]


def mounts(folders: list[Bind]) -> list[Any]:
    """Folders as an engine takes them; unlike with ``Binds``, one that does not see such a folder says so."""
    return [{"Type": "bind", "Source": str(bind.source), "Target": bind.target} for bind in folders]


def _host_config(spec: ContainerSpec, around: Surroundings) -> dict[str, Any]:
    machine = around.machine
    network = around.network.wanted.name if around.network else NO_NETWORK
    config: dict[str, Any] = {"NetworkMode": network, "Mounts": mounts(around.folders), "LogConfig": {"Type": "none"}}
    if around.network is None and spec.hostname:
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
