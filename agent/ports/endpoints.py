"""SageMaker's hosting with what belongs to it: models, configurations, endpoints, alarms and scaling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

Request = Mapping[str, Any]
"""An AWS request in its own shape."""

TRANSITIONAL = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})
"""Values of ``EndpointStatus`` that pass by themselves (DescribeEndpoint in the API reference)."""


@dataclass(frozen=True, kw_only=True)
class EndpointState:
    """An endpoint as DescribeEndpoint shows it; ``config`` is what is live, not what was asked for.

    ``pending_config`` is what a running update or creation goes towards; a change of capacity goes towards none.
    ``images`` holds the deployed image by digest and ``desired_instances`` the number of instances of each production
    variant by name, None for serverless ones. ``changing_since`` is when the running change began, or the last one.
    """

    name: str
    arn: str
    status: str
    config: str
    pending_config: str | None = None
    failure_reason: str = ""
    images: Mapping[str, str] = field(default_factory=dict)
    desired_instances: Mapping[str, int | None] = field(default_factory=dict)
    changing_since: datetime | None = None

    @property
    def steady(self) -> bool:
        """Whether nothing will change by itself."""
        return self.status not in TRANSITIONAL

    @property
    def target(self) -> str:
        """The configuration that is live once the running change has ended well."""
        return self.pending_config or self.config


@dataclass(frozen=True, kw_only=True)
class ScalingState:
    """A scalable target with its target tracking policies by name, each in AWS's own shape."""

    min_count: int
    max_count: int
    policies: Mapping[str, Request] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What InvokeEndpoint answered."""

    body: bytes
    content_type: str
    variant: str


class Endpoints(Protocol):
    """Hosting in one account and region; blocking.

    Creating what exists already is not an error: names carry the content key, so it is the same thing.
    """

    def describe(self, name: str) -> EndpointState | None:
        """An endpoint, or None."""

    def create_model(self, request: Request) -> bool:
        """CreateModel; False where it exists already."""

    def describe_model(self, name: str) -> Request | None:
        """DescribeModel's answer, or None."""

    def create_config(self, request: Request) -> bool:
        """CreateEndpointConfig; False where it exists already."""

    def describe_config(self, name: str) -> Request | None:
        """DescribeEndpointConfig's answer, or None."""

    def create(self, request: Request) -> bool:
        """CreateEndpoint; False where it exists already."""

    def update(self, request: Request) -> bool:
        """UpdateEndpoint; False, and nothing asked for, while another change is running."""

    def delete_model(self, name: str) -> None:
        """DeleteModel; it need not be there."""

    def delete_config(self, name: str) -> None:
        """DeleteEndpointConfig; it need not be there."""

    def delete(self, name: str) -> None:
        """DeleteEndpoint; it need not be there."""

    def names(self, prefix: str) -> Iterator[str]:
        """Names of the endpoints that start with ``prefix``."""

    def tags(self, arn: str) -> Mapping[str, str]:
        """The tags of an endpoint, a configuration or a model (ListTags); none where it is gone."""

    def add_tags(self, request: Request) -> None:
        """AddTags; values of known keys are replaced."""

    def configs(self, prefix: str) -> Iterator[str]:
        """Names of the endpoint configurations that start with ``prefix``."""

    def models(self, prefix: str) -> Iterator[str]:
        """Names of the models that start with ``prefix``."""

    def invoke(self, name: str, body: bytes, *, content_type: str, accept: str | None = None) -> Answer:
        """InvokeEndpoint; UserCodeFailedError with what the model said when its container answers an error."""

    def last_lines(self, name: str, count: int, *, since: datetime | None = None) -> Sequence[str]:
        """The last lines that the endpoint's containers wrote to their log, of those that started since then."""

    def put_alarm(self, request: Request) -> None:
        """PutMetricAlarm."""

    def firing(self, names: Sequence[str]) -> Sequence[str]:
        """Which of these alarms are in the state ALARM (DescribeAlarms)."""

    def delete_alarms(self, names: Sequence[str]) -> None:
        """DeleteAlarms; they need not be there."""

    def scaling(self, resource: str) -> ScalingState | None:
        """The scalable target ``endpoint/NAME/variant/VARIANT``, or None."""

    def register_scaling(self, request: Request) -> None:
        """RegisterScalableTarget."""

    def put_scaling_policy(self, request: Request) -> None:
        """PutScalingPolicy."""

    def deregister_scaling(self, request: Request) -> None:
        """DeregisterScalableTarget, with its policies; it need not be there."""
