"""What a deployment would change of its endpoint's settings, in words, and what it would write for that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.deployment.comparison import texts
from agent.deployment.desired import VARIANT
from agent.deployment.evidence import Change
from agent.deployment.live import look
from agent.deployment.order import enter
from agent.deployment.plan import keeps_capacity, past, plan
from agent.ledger.environments import Environments

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agent.context import Context
    from agent.deployment.desired import Desired
    from agent.deployment.live import Live
    from agent.deployment.order import Order
    from agent.ports.endpoints import Endpoints, Request, ScalingState
    from agent.step import Action


def would_change(order: Order, ctx: Context) -> tuple[Change, ...]:
    """The settings of what is live against those that are wanted, and every write that the order comes to now."""
    target, wanted = enter(order.environment, ctx), order.desired(ctx)
    live, history = look(target.endpoints, wanted), Environments(ctx.ledger).history(order.name)
    alarms = next((one.alarms for one in reversed(history) if one.status == "done"), ())
    rows = texts("settings", _wanted(wanted, live), _live(target.endpoints, live, alarms))
    actions = plan(wanted, live, past(history, wanted, keep=order.environment.keep), account=target.id).actions
    return (*rows, *_writes(actions))


def _writes(actions: tuple[Action, ...]) -> Iterator[Change]:
    for action in actions:
        yield Change(topic="writes", name=action.operation, wanted=action.resource, judgement="new", note=action.note)


def _wanted(wanted: Desired, live: Live) -> dict[str, str]:
    shown = {"endpoint": wanted.endpoint, **_shown(wanted.config, wanted.model, wanted.scaling, wanted.alarm_names)}
    if live.state is not None and keeps_capacity(wanted, live):
        shown["instances"] = str(live.state.desired_instances[VARIANT])
    return shown


def _live(endpoints: Endpoints, live: Live, alarms: tuple[str, ...]) -> dict[str, str]:
    """What the endpoint has; nothing where there is none."""
    if live.state is None:
        return {}
    config = endpoints.describe_config(live.state.config) or {}
    model = endpoints.describe_model(str(_variant(config).get("ModelName", ""))) or {}
    shown = {"endpoint": live.state.name, **_shown(config, model, live.scaling.get(VARIANT), alarms)}
    count = live.state.desired_instances.get(VARIANT)
    return {**shown, **({"instances": str(count)} if count is not None else {})}


def _shown(config: Request, model: Request, scaling: ScalingState | None, alarms: tuple[str, ...]) -> dict[str, str]:
    """An endpoint configuration, its model and what stands beside it, in the words of `modelyard.yaml`."""
    variant, capture = _variant(config), config.get("DataCaptureConfig", {})
    serverless: Mapping[str, Any] = variant.get("ServerlessConfig", {})
    facts: dict[str, object] = {
        "instance type": variant.get("InstanceType"),
        "instances": variant.get("InitialInstanceCount"),
        "memory in MiB": serverless.get("MemorySizeInMB"),
        "concurrency": serverless.get("MaxConcurrency"),
        "autoscaling": _scaling(scaling),
        "captured percent": capture.get("InitialSamplingPercentage"),
        "captured to": capture.get("DestinationS3Uri"),
        "encrypted with": config.get("KmsKeyId"),
        "execution role": model.get("ExecutionRoleArn"),
        "alarms": ", ".join(alarms),
    }
    return {name: str(value) for name, value in facts.items() if value not in {None, ""}}


def _variant(config: Request) -> Mapping[str, Any]:
    variants: Iterator[Mapping[str, Any]] = iter(config.get("ProductionVariants", []))
    return next((one for one in variants if one.get("VariantName") == VARIANT), {})


def _scaling(scaling: ScalingState | None) -> str:
    if scaling is None:
        return ""
    targets = [
        f"{policy['TargetValue']:g} invocations" for policy in scaling.policies.values() if "TargetValue" in policy
    ]
    return f"{scaling.min_count} to {scaling.max_count} instances{' for ' + targets[0] if targets else ''}"
