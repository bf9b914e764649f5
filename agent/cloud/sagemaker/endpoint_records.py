"""What the cloud remembers of an endpoint: everything needed to serve it again after a restart."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

from agent.cloud.sagemaker.deployments import DeploymentPlan, Progress
from agent.cloud.sagemaker.servable import DeployedImage, ServableModel
from agent.cloud.sagemaker.serving import DOWNLOAD_SECONDS, HEALTH_CHECK_SECONDS
from agent.cloud.store import Record


class EndpointStatus(StrEnum):
    """EndpointStatus of DescribeEndpoint."""

    CREATING = "Creating"
    UPDATING = "Updating"
    ROLLING_BACK = "RollingBack"
    IN_SERVICE = "InService"
    DELETING = "Deleting"
    FAILED = "Failed"


STEADY = frozenset({EndpointStatus.IN_SERVICE, EndpointStatus.FAILED})


class EndpointConfig(Record):
    """An endpoint configuration as it was created; it never changes."""

    arn: str
    created: datetime
    request: dict[str, Any]


class Serverless(BaseModel):
    """ServerlessConfig."""

    model_config = ConfigDict(frozen=True)

    memory_mb: int
    max_concurrency: int
    provisioned_concurrency: int | None = None


class Variant(BaseModel):
    """A production variant as deployed, with its model as it was then: deleting the model changes nothing here.

    ``desired_count`` and ``desired_weight`` differ from what is current only while the endpoint is being updated.
    """

    model_config = ConfigDict(frozen=True, protected_namespaces=())

    name: str
    model: ServableModel
    shadow: bool = False
    instance_type: str | None = None
    serverless: Serverless | None = None
    count: int = 0
    desired_count: int = 0
    weight: float = 1.0
    desired_weight: float = 1.0
    health_check_seconds: int = HEALTH_CHECK_SECONDS
    download_seconds: int = DOWNLOAD_SECONDS
    images: tuple[DeployedImage, ...] = ()


class Generation(BaseModel):
    """One deployment of a configuration; its number tells apart fleets of the same configuration deployed twice."""

    model_config = ConfigDict(frozen=True)

    number: int
    config_name: str
    config: dict[str, Any]
    variants: tuple[Variant, ...]

    def variant(self, name: str) -> Variant | None:
        """The variant of that name."""
        return next((variant for variant in self.variants if variant.name == name), None)

    def with_variant(self, changed: Variant) -> Generation:
        """The same with one variant changed."""
        variants = tuple(changed if variant.name == changed.name else variant for variant in self.variants)
        return self.model_copy(update={"variants": variants})


class Pending(BaseModel):
    """A deployment on its way."""

    model_config = ConfigDict(frozen=True)

    generation: Generation
    plan: DeploymentPlan
    progress: Progress
    deployment: dict[str, Any] | None = None


class Endpoint(Record):
    """An endpoint: what is live, and what is to become so."""

    model_config = ConfigDict(frozen=True)

    arn: str
    created: datetime
    modified: datetime
    status: EndpointStatus
    config_name: str
    failure_reason: str | None = None
    live: Generation | None = None
    pending: Pending | None = None
    last_deployment: dict[str, Any] | None = None
