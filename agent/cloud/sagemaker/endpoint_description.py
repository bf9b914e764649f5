"""How an endpoint's record reads in DescribeEndpoint and ListEndpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.cloud.sagemaker import deployments
from agent.cloud.sagemaker.deployments import Stage
from agent.cloud.sagemaker.endpoint_records import Endpoint, EndpointStatus, Generation, Pending, Variant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.cloud.sagemaker.operation import Members

_NEW_FLEET = {
    Stage.PROVISIONING: "Creating",
    Stage.BAKING: "Baking",
    Stage.TERMINATING: "Baking",
    Stage.ROLLING_BACK: "Deleting",
}
_OLD_FLEET = {Stage.BAKING: "Baking", Stage.TERMINATING: "Deleting"}
_AS_CONFIGURED = ("ManagedInstanceScaling", "RoutingConfig")


def describe(endpoint: Endpoint) -> Members:
    """The answer of DescribeEndpoint."""
    pending, live = endpoint.pending, endpoint.live
    old_status = _OLD_FLEET.get(pending.progress.stage) if pending else None
    return {
        **summary(endpoint),
        "EndpointConfigName": endpoint.config_name,
        "FailureReason": endpoint.failure_reason,
        "LastDeploymentConfig": endpoint.last_deployment,
        "PendingDeploymentSummary": _pending(pending) if pending else None,
        **(_live(live, old_status, endpoint) if live else {}),
    }


def summary(endpoint: Endpoint) -> Members:
    """The endpoint in the answer of ListEndpoints."""
    return {
        "EndpointName": endpoint.name,
        "EndpointArn": endpoint.arn,
        "CreationTime": endpoint.created,
        "LastModifiedTime": endpoint.modified,
        "EndpointStatus": endpoint.status.value,
    }


def _live(live: Generation, variant_status: str | None, endpoint: Endpoint) -> Members:
    config = live.config
    capture = config.get("DataCaptureConfig")
    return {
        **_variants(live, variant_status, _left(endpoint.pending)),
        "DataCaptureConfig": _capture(capture, endpoint) if capture else None,
        "AsyncInferenceConfig": config.get("AsyncInferenceConfig"),
        "MetricsConfig": config.get("MetricsConfig"),
    }


def _capture(capture: Mapping[str, Any], endpoint: Endpoint) -> Members:
    enabled = capture.get("EnableCapture", True)
    running = enabled and endpoint.status is not EndpointStatus.DELETING
    return {
        "EnableCapture": enabled,
        "CaptureStatus": "Started" if running else "Stopped",
        "CurrentSamplingPercentage": capture["InitialSamplingPercentage"],
        "DestinationS3Uri": capture["DestinationS3Uri"],
        "KmsKeyId": capture.get("KmsKeyId", ""),
    }


def _pending(pending: Pending) -> Members:
    status = _NEW_FLEET.get(pending.progress.stage)
    part = deployments.share(pending.plan, pending.progress) if pending.plan.rolling else 1.0
    return {
        "EndpointConfigName": pending.generation.config_name,
        **_variants(pending.generation, status, part),
        "StartTime": pending.progress.started,
    }


def _left(pending: Pending | None) -> float:
    """The part of the old fleet that a rolling update has not replaced yet."""
    if pending is None or not pending.plan.rolling:
        return 1.0
    return 1.0 - deployments.share(pending.plan, pending.progress)


def _variants(generation: Generation, status: str | None, part: float) -> Members:
    production = [_variant(v, generation, status, part) for v in generation.variants if not v.shadow]
    shadow = [_variant(v, generation, status, part) for v in generation.variants if v.shadow]
    return {"ProductionVariants": production, "ShadowProductionVariants": shadow or None}


def _variant(variant: Variant, generation: Generation, status: str | None, part: float) -> Members:
    configured = _configured(variant, generation)
    if variant.serverless is not None:
        size: Members = {
            "CurrentServerlessConfig": _serverless(variant),
            "DesiredServerlessConfig": _serverless(variant),
        }
    else:
        size = {
            "CurrentInstanceCount": round(variant.count * part),
            "DesiredInstanceCount": variant.desired_count,
        }
    return {
        "VariantName": variant.name,
        "DeployedImages": [
            {"SpecifiedImage": image.specified, "ResolvedImage": image.resolved, "ResolutionTime": image.time}
            for image in variant.images
        ],
        "CurrentWeight": variant.weight,
        "DesiredWeight": variant.desired_weight,
        **size,
        "VariantStatus": [{"Status": status}] if status else None,
        **{member: configured[member] for member in _AS_CONFIGURED if member in configured},
    }


def _configured(variant: Variant, generation: Generation) -> Mapping[str, Any]:
    listed = generation.config["ShadowProductionVariants" if variant.shadow else "ProductionVariants"]
    return next((one for one in listed if one["VariantName"] == variant.name), {})


def _serverless(variant: Variant) -> Members | None:
    config = variant.serverless
    if config is None:
        return None
    return {
        "MemorySizeInMB": config.memory_mb,
        "MaxConcurrency": config.max_concurrency,
        "ProvisionedConcurrency": config.provisioned_concurrency,
    }
