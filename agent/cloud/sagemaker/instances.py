"""The instances that a job's request asks for, as hosts of its cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.runtime.contract.cluster import HOMOGENEOUS, Host

if TYPE_CHECKING:
    from collections.abc import Mapping


def training_hosts(resources: Mapping[str, Any]) -> tuple[Host, ...]:
    """The hosts of a training job's ``ResourceConfig``, those of its groups in the order given."""
    groups = resources.get("InstanceGroups") or [{"InstanceGroupName": HOMOGENEOUS, **chosen(resources)}]
    machines = [(g["InstanceType"], g["InstanceGroupName"]) for g in groups for _ in range(g["InstanceCount"])]
    return tuple(
        Host(name=f"algo-{number}", instance_type=kind, group=group)
        for number, (kind, group) in enumerate(machines, start=1)
    )


def processing_hosts(cluster: Mapping[str, Any]) -> tuple[Host, ...]:
    """The hosts of a processing job's ``ClusterConfig``."""
    choice = chosen(cluster)
    numbers = range(1, choice["InstanceCount"] + 1)
    return tuple(Host(name=f"algo-{number}", instance_type=choice["InstanceType"]) for number in numbers)


def chosen(resources: Mapping[str, Any]) -> Mapping[str, Any]:
    """Type and count of the instances: the first of ``InstancePreferences`` where there are any."""
    preferences = resources.get("InstancePreferences")
    if not preferences:
        return resources
    return {"InstanceCount": resources.get("InstanceCount"), **preferences[0]}


def with_selection(resources: Mapping[str, Any]) -> dict[str, Any]:
    """A request's instances as they are described: with what was selected of ``InstancePreferences``, if there are."""
    if not resources.get("InstancePreferences"):
        return dict(resources)
    choice = chosen(resources)
    return {
        **resources,
        "SelectedInstanceType": choice["InstanceType"],
        "SelectedInstanceCount": choice["InstanceCount"],
    }


def addresses(hosts: tuple[Host, ...]) -> dict[str, str]:
    """An address of the loopback network for each host, so that every one may listen on the same port."""
    return {host.name: f"127.0.0.{number}" for number, host in enumerate(hosts, start=1)}
