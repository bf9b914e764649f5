"""What a release comes to in an environment: every request that deploying it there takes, decided on values alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from agent import naming
from agent.config.environment import CanaryStrategy, GradualStrategy, LinearStrategy, RollingStrategy
from agent.jobs.served_model import served
from agent.ports.endpoints import ScalingState
from agent.step import digest as digest_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent.artifacts import Model, Release
    from agent.config.environment import Alarm, Autoscaling, DataCapture, Endpoint, Environment, UpdateStrategy
    from agent.ports.endpoints import Request

    Tags = list[dict[str, str]]

VARIANT = "main"
"""The one production variant of every endpoint."""
_PERCENTILES = frozenset({"p50", "p90", "p99"})
_LONGEST_WAIT = 3600
"""TerminationWaitInSeconds is at most an hour (BlueGreenUpdatePolicy)."""


@dataclass(frozen=True, kw_only=True)
class Desired:
    """A deployment: requests in AWS's own shape, without the account that they go to.

    ``name`` is that of the model and of the endpoint configuration; ``settings`` a sha256 over everything here that
    lasts; ``guard`` is UpdateEndpoint's DeploymentConfig, ``alarms`` and ``scaling`` what stands beside the endpoint.
    """

    name: str
    settings: str
    endpoint: str
    image: str
    instance_type: str | None
    count: int | None
    model: Request
    config: Request
    create: Request
    guard: Request | None
    alarms: tuple[Request, ...]
    scaling: ScalingState | None
    policy_name: str

    @property
    def alarm_names(self) -> tuple[str, ...]:
        """The names of the alarms."""
        return tuple(str(alarm["AlarmName"]) for alarm in self.alarms)


@dataclass(frozen=True, kw_only=True)
class Names:
    """What is called how, and tagged: what was made by its own digest, alarms after ``alarms``."""

    made: Callable[[str], str]
    alarms: str
    tags: Tags
    endpoint_tags: Tags


def desired(release: Release, digest: str, *, name: str, environment: Environment, run: str) -> Desired:
    """What ``release`` comes to in the environment called ``name``; equal content comes to equal names.

    ``run`` is only written into tags, for people.
    """
    project = release.project
    names = Names(
        made=partial(naming.deployment, project),
        alarms=f"{project}-{name}",
        tags=naming.tags(project=project, release=digest, run=run),
        endpoint_tags=naming.tags(project=project, environment=name),
    )
    return serving(release.model, environment, project=project, names=names)


def serving(model: Model, environment: Environment, *, project: str, names: Names) -> Desired:
    """What serving a model as an environment says comes to."""
    endpoint = environment.endpoint
    container = served(model, environment.execution_role, environment.network)
    config = _config(environment)
    content = {"model": container, "artifact": model.sha256, "config": config, "endpoint": endpoint.name}
    own = names.made(digest_of(content))
    alarms = tuple(_alarm(f"{names.alarms}-{key}", alarm, endpoint) for key, alarm in _alarms(endpoint).items())
    scaling = _scaling(project, endpoint)
    lasting = {"config": own, "alarms": alarms, "scaling": _written(scaling)}
    return Desired(
        name=own,
        settings=digest_of(lasting),
        endpoint=endpoint.name,
        image=model.image.uri,
        instance_type=endpoint.instance.type if endpoint.instance else None,
        count=endpoint.instance.count if endpoint.instance else None,
        model={"ModelName": own, **container, "Tags": names.tags},
        config={"EndpointConfigName": own, **_named(config, own), "Tags": names.tags},
        create={"EndpointName": endpoint.name, "EndpointConfigName": own, "Tags": names.endpoint_tags},
        guard=_guard(endpoint, tuple(str(alarm["AlarmName"]) for alarm in alarms)),
        alarms=alarms,
        scaling=scaling,
        policy_name=policy_name(project),
    )


def policy_name(project: str) -> str:
    """The scaling policy of a project's endpoints, by which one tells them from what others have put there."""
    return f"{project}-invocations"


def resource(endpoint: str, variant: str = VARIANT) -> str:
    """A variant as Application Auto Scaling names it."""
    return f"endpoint/{endpoint}/variant/{variant}"


def _config(environment: Environment) -> dict[str, Any]:
    """CreateEndpointConfig without the names, which derive from it."""
    endpoint, key = environment.endpoint, environment.kms_key
    config: dict[str, Any] = {"ProductionVariants": [{"VariantName": VARIANT, **_hosting(endpoint)}]}
    if endpoint.data_capture is not None:
        config["DataCaptureConfig"] = _capture(endpoint.data_capture, key)
    return config | ({"KmsKeyId": key} if key else {})


def _named(config: Mapping[str, Any], model: str) -> dict[str, Any]:
    variants = [{**variant, "ModelName": model} for variant in config["ProductionVariants"]]
    return {**config, "ProductionVariants": variants}


def _hosting(endpoint: Endpoint) -> dict[str, Any]:
    if endpoint.serverless is not None:
        sizes = {
            "MemorySizeInMB": endpoint.serverless.memory_mb,
            "MaxConcurrency": endpoint.serverless.max_concurrency,
        }
        return {"ServerlessConfig": sizes}
    assert endpoint.instance is not None  # the configuration's rules: exactly one of the two
    return {
        "InstanceType": endpoint.instance.type,
        "InitialInstanceCount": endpoint.instance.count,
        "InitialVariantWeight": 1.0,
    }


def _capture(capture: DataCapture, key: str | None) -> dict[str, Any]:
    return {
        "EnableCapture": True,
        "InitialSamplingPercentage": capture.percent,
        "DestinationS3Uri": capture.prefix,
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        # What is not named here is captured as base64.
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]},
        **({"KmsKeyId": key} if key else {}),
    }


def _alarms(endpoint: Endpoint) -> Mapping[str, Alarm]:
    return endpoint.strategy.alarms


def _alarm(name: str, alarm: Alarm, endpoint: Endpoint) -> dict[str, Any]:
    """PutMetricAlarm; an endpoint that nobody calls is well."""
    statistic = "ExtendedStatistic" if alarm.statistic in _PERCENTILES else "Statistic"
    return {
        "AlarmName": name,
        "AlarmDescription": f"Undoes an update of endpoint {endpoint.name} when it goes off.",
        "Namespace": "AWS/SageMaker",
        "MetricName": alarm.metric,
        "Dimensions": [
            {"Name": "EndpointName", "Value": endpoint.name},
            {"Name": "VariantName", "Value": VARIANT},
        ],
        statistic: alarm.statistic,
        "Period": alarm.period,
        "EvaluationPeriods": alarm.periods,
        "Threshold": alarm.above,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    }


def _scaling(project: str, endpoint: Endpoint) -> ScalingState | None:
    scaling = endpoint.instance.autoscaling if endpoint.instance else None
    if scaling is None:
        return None
    return ScalingState(
        min_count=scaling.min_count, max_count=scaling.max_count, policies={policy_name(project): _tracking(scaling)}
    )


def _tracking(scaling: Autoscaling) -> dict[str, Any]:
    return {
        "TargetValue": float(scaling.invocations_per_instance),
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
        "ScaleInCooldown": scaling.scale_in_cooldown,
        "ScaleOutCooldown": scaling.scale_out_cooldown,
    }


def _written(scaling: ScalingState | None) -> dict[str, Any] | None:
    if scaling is None:
        return None
    return {"min": scaling.min_count, "max": scaling.max_count, "policies": dict(scaling.policies)}


# --- deployment guardrails -----------------------------------------------------------------------------------------


def _guard(endpoint: Endpoint, alarms: tuple[str, ...]) -> dict[str, Any] | None:
    """DeploymentConfig; serverless endpoints know none of the policies."""
    rollback = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name} for name in alarms]}} if alarms else {}
    if endpoint.serverless is not None:
        return rollback or None
    strategy = endpoint.strategy
    if isinstance(strategy, RollingStrategy):
        batch = {"MaximumBatchSize": _percent(strategy.percent), "WaitIntervalInSeconds": strategy.interval}
        return {"RollingUpdatePolicy": {**batch, "MaximumExecutionTimeoutInSeconds": strategy.timeout}, **rollback}
    policy = {
        "TrafficRoutingConfiguration": _routing(strategy),
        "MaximumExecutionTimeoutInSeconds": strategy.timeout,
    }
    watch = _watch_at_the_end(strategy)
    return {"BlueGreenUpdatePolicy": policy | ({"TerminationWaitInSeconds": watch} if watch else {}), **rollback}


def _routing(strategy: UpdateStrategy) -> dict[str, Any]:
    if isinstance(strategy, CanaryStrategy):
        part = {"Type": "CANARY", "CanarySize": _percent(strategy.percent)}
    elif isinstance(strategy, LinearStrategy):
        part = {"Type": "LINEAR", "LinearStepSize": _percent(strategy.percent)}
    else:
        part = {"Type": "ALL_AT_ONCE"}
    wait = strategy.interval if isinstance(strategy, GradualStrategy) else 0
    return {**part, "WaitIntervalInSeconds": wait}


def _watch_at_the_end(strategy: UpdateStrategy) -> int:
    """How long the old fleet stands by where traffic moves at once: without it no alarm would have time to go off."""
    if isinstance(strategy, GradualStrategy) or not strategy.alarms:
        return 0
    longest = max(alarm.period * (alarm.periods + 1) for alarm in strategy.alarms.values())
    return min(longest, _LONGEST_WAIT, strategy.timeout // 2)


def _percent(value: int) -> dict[str, Any]:
    return {"Type": "CAPACITY_PERCENT", "Value": value}
