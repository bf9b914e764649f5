"""Scheduled actions: put, described and deleted here; the scaler carries them out."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from agent.cloud.autoscaling import schedules
from agent.cloud.autoscaling.answers import no_such, not_registered, page, place_members
from agent.cloud.autoscaling.records import ScheduledAction
from agent.cloud.autoscaling.target_api import target_arn
from agent.cloud.errors import validation_error
from agent.cloud.sagemaker.listing import seconds
from agent.cloud.sagemaker.operation import Operation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.cloud.autoscaling.scaler import Scaler
    from agent.cloud.autoscaling.targets import ScalableTargets
    from agent.cloud.identity import Call
    from agent.cloud.platform import Platform
    from agent.cloud.sagemaker.operation import Members


class ScheduleApi:
    """PutScheduledAction and its kin."""

    def __init__(self, platform: Platform, targets: ScalableTargets, scaler: Scaler) -> None:
        self._platform = platform
        self._targets = targets
        self._scaler = scaler

    def operations(self) -> Mapping[str, Operation]:
        """What this room serves."""
        return {
            "PutScheduledAction": Operation(run=self.put, resource=target_arn),
            "DescribeScheduledActions": Operation(run=self.describe),
            "DeleteScheduledAction": Operation(run=self.delete, resource=target_arn),
        }

    async def put(self, call: Call, request: Members) -> Members:
        """``PutScheduledAction``; what a later call leaves out stays as it was, but for start and end."""
        target = self._targets.records.get(call.account, call.region, request["ResourceId"])
        if target is None:
            raise not_registered(request)
        known = self._targets.actions.get(call.account, call.region, _name(request))
        schedule = request.get("Schedule") or (known.schedule if known else None)
        action = request.get("ScalableTargetAction") or (known.action if known else None)
        if not schedule or not action:
            raise validation_error("A new scheduled action needs Schedule and ScalableTargetAction.")
        schedules.check(schedule)
        now = self._platform.clock.now()
        self._targets.actions.save(
            ScheduledAction(
                account=call.account,
                region=call.region,
                name=_name(request),
                arn=known.arn if known else _arn(call, request),
                action_name=request["ScheduledActionName"],
                resource_id=target.name,
                created=known.created if known else now,
                schedule=schedule,
                timezone=request.get("Timezone") or (known.timezone if known else None),
                start=seconds(request["StartTime"]) if "StartTime" in request else None,
                end=seconds(request["EndTime"]) if "EndTime" in request else None,
                action=action,
                done=now.timestamp(),
            )
        )
        self._scaler.watch()
        return {}

    async def describe(self, call: Call, request: Members) -> Members:
        """``DescribeScheduledActions``."""
        names = request.get("ScheduledActionNames")
        found = [
            _described(action)
            for action in self._targets.actions.of(call.account, call.region)
            if (not names or action.action_name in names)
            and action.resource_id == request.get("ResourceId", action.resource_id)
            and request["ServiceNamespace"] == "sagemaker"
        ]
        return page(found, request, "ScheduledActions")

    async def delete(self, call: Call, request: Members) -> Members:
        """``DeleteScheduledAction``."""
        action = self._targets.actions.get(call.account, call.region, _name(request))
        if action is None:
            raise no_such("scheduled action", request["ScheduledActionName"], request)
        self._targets.actions.delete(action)
        return {}


def _name(request: Members) -> str:
    return f"{request['ResourceId']} {request['ScheduledActionName']}"


def _arn(call: Call, request: Members) -> str:
    where = f"arn:aws:autoscaling:{call.region}:{call.account}:scheduledAction:{uuid.uuid4()}"
    return f"{where}:resource/sagemaker/{request['ResourceId']}:scheduledActionName/{request['ScheduledActionName']}"


def _described(action: ScheduledAction) -> Members:
    return {
        "ScheduledActionName": action.action_name,
        "ScheduledActionARN": action.arn,
        **place_members(action.resource_id),
        "Schedule": action.schedule,
        "Timezone": action.timezone,
        "StartTime": _moment(action.start),
        "EndTime": _moment(action.end),
        "ScalableTargetAction": action.action,
        "CreationTime": action.created,
    }


def _moment(value: float | None) -> datetime | None:
    return None if value is None else datetime.fromtimestamp(value, UTC)
