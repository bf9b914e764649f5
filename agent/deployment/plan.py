"""Decides what a deployment changes, on values alone: what is wanted, what is live, and what happened before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.deployment.desired import VARIANT, resource
from agent.step import Action

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from agent.deployment.desired import Desired
    from agent.deployment.live import Live
    from agent.ledger.environments import Deployment
    from agent.ports.endpoints import EndpointState, Request, ScalingState

_SCALING = {"ServiceNamespace": "sagemaker", "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}


@dataclass(frozen=True, kw_only=True)
class Past:
    """What an environment's history says that still matters: alarms that stand, configurations that can go."""

    alarms: frozenset[str] = frozenset()
    removable: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The writes of a deployment, in the order of its phases.

    ``prepare`` comes before the endpoint is touched, ``change`` moves it, ``follow`` and ``remove`` come once the new
    configuration is proved to be live; ``restore`` comes instead when it was rolled back.
    """

    prepare: tuple[Action, ...] = ()
    change: tuple[Action, ...] = ()
    follow: tuple[Action, ...] = ()
    remove: tuple[Action, ...] = ()
    restore: tuple[Action, ...] = ()

    @property
    def actions(self) -> tuple[Action, ...]:
        """What happens when all goes well."""
        return self.prepare + self.change + self.follow + self.remove


def plan(wanted: Desired, live: Live, past: Past, *, account: str) -> Plan:
    """The writes that make ``wanted`` live."""
    there = live.state is not None and live.state.status != "Failed" and live.state.target == wanted.name
    released = () if there else _held_by_scaling(wanted, live)
    create = () if there else _new(wanted, live.made, account)
    return Plan(
        prepare=(
            *create,
            *(_action("cloudwatch:PutMetricAlarm", alarm["AlarmName"], account, alarm) for alarm in wanted.alarms),
            *(_deregister(wanted.endpoint, variant, account, _AWS_DEMANDS) for variant in released),
        ),
        change=() if there else tuple(_moves(wanted, live, account)),
        follow=(*_scale(wanted, live, released, account), *_drop_alarms(wanted, past, account)),
        remove=tuple(_removals(past.removable, account)),
        restore=tuple(
            action
            for variant in released
            for action in _register(resource(wanted.endpoint, variant), live.scaling[variant], account)
        ),
    )


def _new(wanted: Desired, made: frozenset[str], account: str) -> tuple[Action, ...]:
    """Model and configuration, as far as they do not exist: equal names are of equal content."""
    actions = {
        "model": _action("sagemaker:CreateModel", wanted.name, account, wanted.model),
        "config": _action("sagemaker:CreateEndpointConfig", wanted.name, account, wanted.config),
    }
    return tuple(action for kind, action in actions.items() if kind not in made)


# --- the endpoint --------------------------------------------------------------------------------------------------


def _moves(wanted: Desired, live: Live, account: str) -> Sequence[Action]:
    """An update in place where there is an endpoint that can be updated, else a new one."""
    create = _action("sagemaker:CreateEndpoint", wanted.endpoint, account, wanted.create)
    if live.state is None or live.state.status == "Deleting":
        return (create,)
    if live.state.status == "Failed":
        why = "a failed endpoint can only be deleted"
        return (
            _action("sagemaker:DeleteEndpoint", wanted.endpoint, account, {"EndpointName": wanted.endpoint}, why),
            create,
        )
    kept = keeps_capacity(wanted, live)
    note = f"keeps {live.state.desired_instances[VARIANT]} instances" if kept else ""
    request = {"EndpointName": wanted.endpoint, "EndpointConfigName": wanted.name, **_kept(kept), **_guarded(wanted)}
    return (_action("sagemaker:UpdateEndpoint", wanted.endpoint, account, request, note),)


def keeps_capacity(wanted: Desired, live: Live) -> bool:
    """Whether the variant keeps the number of instances that it has instead of taking the configured one.

    It does where it is scaled, unless it has fewer than the least; and where someone scaled it by hand, unless the
    configuration has asked for another number since.
    """
    count = live.state.desired_instances.get(VARIANT) if live.state is not None else None
    if wanted.count is None or not count:
        return False
    if wanted.scaling is not None:
        return count >= wanted.scaling.min_count
    return live.variants.get(VARIANT, {}).get("InitialInstanceCount") == wanted.count != count


def _kept(kept: bool) -> Mapping[str, Any]:
    """Of all that RetainAllVariantProperties keeps, only the number of instances: the rest is as configured."""
    if not kept:
        return {}
    left_out = [{"VariantPropertyType": kind} for kind in ("DesiredWeight", "DataCaptureConfig")]
    return {"RetainAllVariantProperties": True, "ExcludeRetainedVariantProperties": left_out}


def _guarded(wanted: Desired) -> Mapping[str, Any]:
    return {"DeploymentConfig": wanted.guard} if wanted.guard else {}


# --- scaling -------------------------------------------------------------------------------------------------------

_AWS_DEMANDS = "AWS changes the type of a scaled variant only without its target; it is registered again afterwards"


def _held_by_scaling(wanted: Desired, live: Live) -> tuple[str, ...]:
    """Scaled variants that AWS would not let an update take away, or give another instance type."""
    return tuple(
        variant
        for variant in live.scaling
        if variant != VARIANT or live.variants.get(variant, {}).get("InstanceType") != wanted.instance_type
    )


def _scale(wanted: Desired, live: Live, released: Sequence[str], account: str) -> Sequence[Action]:
    """Bring target and policy in step with the configuration; targets that someone else made stay as they are."""
    present = None if VARIANT in released else live.scaling.get(VARIANT)
    if wanted.scaling is None:
        ours = present is not None and wanted.policy_name in present.policies
        return (_deregister(wanted.endpoint, VARIANT, account, "no longer configured"),) if ours else ()
    if present is not None and _covers(present, wanted.scaling):
        return ()
    return tuple(_register(resource(wanted.endpoint), wanted.scaling, account))


def _covers(present: ScalingState, wanted: ScalingState) -> bool:
    limits = (present.min_count, present.max_count) == (wanted.min_count, wanted.max_count)
    return limits and all(present.policies.get(name) == policy for name, policy in wanted.policies.items())


def _register(name: str, scaling: ScalingState, account: str) -> Sequence[Action]:
    place = {**_SCALING, "ResourceId": name}
    target = {**place, "MinCapacity": scaling.min_count, "MaxCapacity": scaling.max_count}
    return (
        _action("application-autoscaling:RegisterScalableTarget", name, account, target),
        *(
            _action(
                "application-autoscaling:PutScalingPolicy",
                name,
                account,
                {
                    **place,
                    "PolicyName": policy,
                    "PolicyType": "TargetTrackingScaling",
                    "TargetTrackingScalingPolicyConfiguration": dict(tracking),
                },
            )
            for policy, tracking in scaling.policies.items()
            if tracking
        ),
    )


def _deregister(endpoint: str, variant: str, account: str, note: str) -> Action:
    name = resource(endpoint, variant)
    request = {**_SCALING, "ResourceId": name}
    return _action("application-autoscaling:DeregisterScalableTarget", name, account, request, note)


# --- what goes -----------------------------------------------------------------------------------------------------


def _drop_alarms(wanted: Desired, past: Past, account: str) -> Sequence[Action]:
    gone = sorted(past.alarms - set(wanted.alarm_names))
    return (_action("cloudwatch:DeleteAlarms", ", ".join(gone), account, {"AlarmNames": gone}),) if gone else ()


def _removals(names: Sequence[str], account: str) -> Sequence[Action]:
    return [
        action
        for name in names
        for action in (
            _action("sagemaker:DeleteEndpointConfig", name, account, {"EndpointConfigName": name}),
            _action("sagemaker:DeleteModel", name, account, {"ModelName": name}),
        )
    ]


def past(history: Sequence[Deployment], wanted: Desired, *, keep: int) -> Past:
    """What an environment's history, oldest first, leaves to do once ``wanted`` is live.

    Besides what is live, the configurations of the last ``keep`` deployments that were done are kept. Only what this
    environment made for this very endpoint is ever removed; names are never shared with another endpoint.
    """
    own = [one for one in history if one.endpoint.rpartition("/")[2].lower() == wanted.endpoint.lower()]
    present: dict[str, None] = {}
    for one in own:
        present[one.config] = None
        for name in one.removed:
            present.pop(name, None)
    proved = dict.fromkeys(one.config for one in reversed(own) if one.status == "done")
    kept = {wanted.name, *[name for name in proved if name != wanted.name][:keep]}
    return Past(
        alarms=frozenset(_standing_alarms(own)),
        removable=tuple(name for name in present if name not in kept),
    )


def _standing_alarms(own: Sequence[Deployment]) -> Iterator[str]:
    """Alarms of the last deployment that was done, and of those that were tried since."""
    for one in reversed(own):
        yield from one.alarms
        if one.status == "done":
            return


def _action(operation: str, what: str, account: str, request: Request, note: str = "") -> Action:
    return Action(operation=operation, resource=what, account=account, note=note, request=request)


def serves(wanted: Desired, state: EndpointState | None) -> bool:
    """Whether the endpoint serves the wanted configuration and nothing is about to change that."""
    return state is not None and state.status == "InService" and state.target == state.config == wanted.name
