"""A job's network is told to SageMaker as far as it is configured, and changes what the job is called."""

from __future__ import annotations

import pytest

from agent.config.network import JobNetwork, Vpc
from agent.jobs.network import of_processing, of_training

VPC = Vpc(subnets=("subnet-a", "subnet-b"), security_groups=("sg-1",))
PLACED = {"VpcConfig": {"Subnets": ["subnet-a", "subnet-b"], "SecurityGroupIds": ["sg-1"]}}


@pytest.mark.parametrize("network", [None, JobNetwork()])
def test_what_is_not_configured_is_not_sent(network: JobNetwork | None) -> None:
    assert of_training(network) == of_processing(network) == {}


def test_all_of_it_is_sent_each_way() -> None:
    network = JobNetwork(vpc=VPC, isolated=True, encrypt_traffic=True)
    members = {**PLACED, "EnableNetworkIsolation": True, "EnableInterContainerTrafficEncryption": True}
    assert of_training(network) == members
    assert of_processing(network) == {"NetworkConfig": members}
