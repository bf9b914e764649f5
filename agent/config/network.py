"""Networks: the subnets that containers are placed in, and how far they see from there."""

from pydantic import Field

from agent.config.field_types import SecurityGroupId, SubnetId
from agent.config.section import Section


class Vpc(Section):
    """Subnets and security groups of one VPC, in the account and region where the containers run."""

    subnets: tuple[SubnetId, ...] = Field(
        min_length=1, max_length=16, description="Subnets; several availability zones survive the loss of one."
    )
    security_groups: tuple[SecurityGroupId, ...] = Field(
        min_length=1, max_length=5, description="Security groups of the containers' network interfaces."
    )


class EndpointNetwork(Section):
    """Where the containers of an endpoint are; not for serverless endpoints."""

    vpc: Vpc | None = Field(default=None, description="Where they are placed; without it, in a network of SageMaker's.")
    isolated: bool = Field(
        default=False, description="Whether containers reach no network at all; SageMaker still brings the data."
    )


class JobNetwork(EndpointNetwork):
    """Where the containers of training and processing jobs are."""

    encrypt_traffic: bool = Field(
        default=False, description="Whether the traffic between the instances of a job is encrypted, which costs time."
    )
