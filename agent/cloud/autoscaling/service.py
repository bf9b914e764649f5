"""Application Auto Scaling's front door (``X-Amz-Target: AnyScaleFrontendService.…``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.cloud import validation
from agent.cloud.autoscaling.answers import page, place_members
from agent.cloud.autoscaling.policy_api import PolicyApi
from agent.cloud.autoscaling.scaler import Scaler
from agent.cloud.autoscaling.schedule_api import ScheduleApi
from agent.cloud.autoscaling.target_api import TargetApi
from agent.cloud.errors import AwsError
from agent.cloud.sagemaker.operation import Operation
from agent.cloud.service_models import service_model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.cloud.autoscaling.alarms import ScalingAlarms
    from agent.cloud.autoscaling.targets import ScalableTargets
    from agent.cloud.identity import Call
    from agent.cloud.platform import Platform
    from agent.cloud.sagemaker.endpoints import Endpoints
    from agent.cloud.sagemaker.operation import Members


class AutoScaling:
    """The operations on scalable targets, policies, scheduled actions and activities."""

    def __init__(
        self, platform: Platform, targets: ScalableTargets, endpoints: Endpoints, alarms: ScalingAlarms
    ) -> None:
        self._model = service_model("application-autoscaling")
        self._scaler = Scaler(platform, targets, endpoints, alarms)
        rooms = (
            TargetApi(platform, targets, self._scaler),
            PolicyApi(platform, targets, self._scaler, alarms),
            ScheduleApi(platform, targets, self._scaler),
        )
        self.operations: Mapping[str, Operation] = {
            "DescribeScalingActivities": Operation(run=self._activities),
            **{name: operation for room in rooms for name, operation in room.operations().items()},
        }

    async def handle(self, call: Call, request: Members) -> Members:
        """The answer to one request; raises :class:`AwsError`."""
        operation = self.operations.get(call.operation)
        if operation is None:
            raise AwsError("UnknownOperationException", f"The operation {call.operation} is not served here.")
        shape = self._model.operation_model(call.operation).input_shape
        read = validation.read(shape, request)
        conditions = operation.conditions(read) if operation.conditions else {}
        call.require(f"application-autoscaling:{call.operation}", operation.resource(call, read), conditions)
        validation.check(shape, read)
        return await operation.run(call, read)

    async def resume(self) -> None:
        """Look after targets again."""
        self._scaler.watch()

    async def _activities(self, call: Call, request: Members) -> Members:
        """``DescribeScalingActivities``, newest first."""
        self._scaler.finish_activities()
        found = [
            activity
            for activity in self._scaler.activities.of(call.account, call.region)
            if activity.resource_id == request.get("ResourceId", activity.resource_id)
            and request["ServiceNamespace"] == "sagemaker"
        ]
        found.sort(key=lambda activity: activity.started, reverse=True)
        described = [
            {
                "ActivityId": activity.name,
                **place_members(activity.resource_id),
                "Description": activity.description,
                "Cause": activity.cause,
                "StartTime": activity.started,
                "EndTime": activity.ended,
                "StatusCode": activity.status,
                "StatusMessage": activity.message,
            }
            for activity in found
        ]
        return page(described, request, "ScalingActivities")
