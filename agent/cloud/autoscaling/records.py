"""What Application Auto Scaling remembers: scalable targets, their policies, scheduled actions and activities."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from agent.cloud.store import Record

DIMENSION = "sagemaker:variant:DesiredInstanceCount"


class Suspended(BaseModel):
    """SuspendedState: which scaling activities do not happen."""

    model_config = ConfigDict(frozen=True)

    scale_in: bool = False
    scale_out: bool = False
    scheduled: bool = False


class ScalableTarget(Record):
    """A variant that may be scaled between ``least`` and ``most`` instances; the record's name is its resource id."""

    model_config = ConfigDict(frozen=True)

    arn: str
    least: int
    most: int
    created: datetime
    role_arn: str
    suspended: Suspended = Suspended()
    tags: dict[str, str] = {}

    @property
    def endpoint(self) -> str:
        """The endpoint that the variant belongs to."""
        return self.name.split("/")[1]

    @property
    def variant(self) -> str:
        """The variant's name."""
        return self.name.split("/")[3]


class ScalingPolicy(Record):
    """A policy of a scalable target; the record's name is the resource id and the policy's own name.

    ``scaled_out`` and ``scaled_in`` say when it last acted (seconds since the epoch), for its cooldowns.
    """

    model_config = ConfigDict(frozen=True)

    arn: str
    policy_name: str
    resource_id: str
    type: str
    configuration: dict[str, Any]
    created: datetime
    alarms: tuple[str, ...] = ()
    scaled_out: float | None = None
    scaled_in: float | None = None


class ScheduledAction(Record):
    """A change of a target's limits at a time; the record's name is the resource id and the action's own name."""

    model_config = ConfigDict(frozen=True)

    arn: str
    action_name: str
    resource_id: str
    created: datetime
    schedule: str
    timezone: str | None = None
    start: float | None = None
    end: float | None = None
    action: dict[str, int] = {}
    done: float | None = None


class Activity(Record):
    """One scaling activity; the record's name is its id."""

    model_config = ConfigDict(frozen=True)

    resource_id: str
    description: str
    cause: str
    started: datetime
    ended: datetime | None = None
    status: str
    message: str = ""
