"""The instances of a job, as each of its containers is told about them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

HOMOGENEOUS = "homogeneousCluster"
"""The one group of a job that names no instance groups."""


@dataclass(frozen=True, kw_only=True)
class Host:
    """One instance: its name in the job's network (``algo-1``), its type (``ml.m5.large``) and its group."""

    name: str
    instance_type: str
    group: str = HOMOGENEOUS


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """All instances of a job, seen from the one at ``index``.

    ``interface`` is the network interface that reaches the others: ``lo``, since all of them are on this machine.
    """

    hosts: tuple[Host, ...]
    index: int = 0
    interface: str = "lo"

    @property
    def current(self) -> Host:
        """The instance whose container this is."""
        return self.hosts[self.index]

    @property
    def names(self) -> list[str]:
        """The names of all instances, as every container sees them in the same order."""
        return [host.name for host in self.hosts]

    @property
    def groups(self) -> list[dict[str, Any]]:
        """The instance groups, each with its type and the names of its hosts."""
        found: dict[str, dict[str, Any]] = {}
        for host in self.hosts:
            group = {"instance_group_name": host.group, "instance_type": host.instance_type, "hosts": []}
            found.setdefault(host.group, group)["hosts"].append(host.name)
        return list(found.values())


def resource_config(cluster: Cluster) -> dict[str, Any]:
    """`resourceconfig.json` of a training job ("Distributed training configuration" in the developer guide)."""
    return {
        "current_host": cluster.current.name,
        "current_instance_type": cluster.current.instance_type,
        "current_group_name": cluster.current.group,
        "hosts": cluster.names,
        "instance_groups": cluster.groups,
        "network_interface_name": cluster.interface,
    }


def compact_json(value: object) -> str:
    """JSON as sagemaker-training writes it into variables: sorted and without spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
