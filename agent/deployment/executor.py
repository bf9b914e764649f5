"""Carries out planned actions: the only place of a deployment that writes to AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.deployment.watch import gone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from agent.deployment.watch import Watch
    from agent.ports.endpoints import Endpoints, Request
    from agent.step import Action

_DO: Mapping[str, Callable[[Endpoints, Request], object]] = {
    "sagemaker:CreateModel": lambda endpoints, request: endpoints.create_model(request),
    "sagemaker:CreateEndpointConfig": lambda endpoints, request: endpoints.create_config(request),
    "sagemaker:CreateEndpoint": lambda endpoints, request: endpoints.create(request),
    "sagemaker:UpdateEndpoint": lambda endpoints, request: endpoints.update(request),
    "sagemaker:DeleteEndpoint": lambda endpoints, request: endpoints.delete(request["EndpointName"]),
    "sagemaker:DeleteEndpointConfig": lambda endpoints, request: endpoints.delete_config(request["EndpointConfigName"]),
    "sagemaker:DeleteModel": lambda endpoints, request: endpoints.delete_model(request["ModelName"]),
    "cloudwatch:PutMetricAlarm": lambda endpoints, request: endpoints.put_alarm(request),
    "cloudwatch:DeleteAlarms": lambda endpoints, request: endpoints.delete_alarms(request["AlarmNames"]),
    "application-autoscaling:RegisterScalableTarget": lambda endpoints, request: endpoints.register_scaling(request),
    "application-autoscaling:PutScalingPolicy": lambda endpoints, request: endpoints.put_scaling_policy(request),
    "application-autoscaling:DeregisterScalableTarget": (
        lambda endpoints, request: endpoints.deregister_scaling(request)
    ),
}


def carry_out(actions: Iterable[Action], watch: Watch) -> bool:
    """Do the actions in order; False as soon as SageMaker refuses one because another change is running.

    A deletion is waited for, since what follows it takes the same name.
    """
    for action in actions:
        watch.beat()
        watch.report.doing(f"{action.operation.partition(':')[2]} {action.resource}")
        if action.operation == "sagemaker:DeleteEndpoint" and action.note:
            watch.report.warn(f"endpoint {action.resource} is deleted and created again: {action.note}")
        if _DO[action.operation](watch.endpoints, action.request) is False and action.operation in _MUST_BEGIN:
            return False
        if action.operation == "sagemaker:DeleteEndpoint":
            gone(action.resource, watch)
    return True


_MUST_BEGIN = frozenset({"sagemaker:UpdateEndpoint", "sagemaker:CreateEndpoint"})
"""What is there already means that it is done for all others; for these it means that someone else was faster."""
