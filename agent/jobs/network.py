"""The network of a job as SageMaker's requests name it; what is not configured is not sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.config.network import EndpointNetwork, JobNetwork, Vpc
    from agent.jobs.order import Request


def vpc_config(vpc: Vpc) -> Request:
    """``VpcConfig`` of jobs and models."""
    return {"Subnets": list(vpc.subnets), "SecurityGroupIds": list(vpc.security_groups)}


def of_processing(network: JobNetwork | None) -> Request:
    """The member of CreateProcessingJob."""
    members = of_training(network)
    return {"NetworkConfig": members} if members else {}


def of_training(network: JobNetwork | None) -> Request:
    """The members of CreateTrainingJob, which are those of a ``NetworkConfig``, too."""
    encrypted = network is not None and network.encrypt_traffic
    return of_model(network) | ({"EnableInterContainerTrafficEncryption": True} if encrypted else {})


def of_model(network: EndpointNetwork | None) -> Request:
    """The members of CreateModel, whose containers do not talk to each other."""
    if network is None:
        return {}
    members: Request = {"VpcConfig": vpc_config(network.vpc)} if network.vpc else {}
    return members | ({"EnableNetworkIsolation": True} if network.isolated else {})
