"""Endpoint configurations: which models on which instances, and what is captured (``CreateEndpointConfig`` and kin)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.cloud.errors import validation_error
from agent.cloud.sagemaker.endpoint_records import EndpointConfig
from agent.cloud.sagemaker.listing import page
from agent.cloud.sagemaker.operation import Operation, named, request_tags, without
from agent.cloud.sagemaker.roles import pass_role
from agent.cloud.sagemaker.servable import servable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from agent.cloud.identity import Call
    from agent.cloud.platform import Platform
    from agent.cloud.sagemaker.models import Models
    from agent.cloud.sagemaker.operation import Members
    from agent.cloud.sagemaker.tags import Tags

_NOT_SERVED = ("ExplainerConfig",)
_NOT_SERVED_IN_VARIANTS = ("InstancePools", "CapacityReservationConfig", "CoreDumpConfig")


class EndpointConfigs:
    """The endpoint configurations of every account."""

    def __init__(self, platform: Platform, tags: Tags, models: Models) -> None:
        self._platform = platform
        self._tags = tags
        self._models = models
        self._records = platform.store.collection("endpoint-config", EndpointConfig)

    def operations(self) -> Mapping[str, Operation]:
        """What this room serves."""
        config = named("endpoint-config", "EndpointConfigName")
        return {
            "CreateEndpointConfig": Operation(run=self.create, resource=config, conditions=_conditions),
            "DescribeEndpointConfig": Operation(run=self.describe, resource=config),
            "DeleteEndpointConfig": Operation(run=self.delete, resource=config),
            "ListEndpointConfigs": Operation(run=self.list),
        }

    async def resume(self) -> None:
        """Nothing runs here."""

    async def create(self, call: Call, request: Members) -> Members:
        """``CreateEndpointConfig``."""
        name = request["EndpointConfigName"]
        arn = call.arn("endpoint-config", name)
        if self._records.get(call.account, call.region, name):
            raise validation_error(f'Cannot create already existing endpoint configuration "{arn}".')
        refuse_contradictions(request)
        for variant in variants_of(request):
            model = self._models.find(call.account, call.region, variant["ModelName"])
            servable(model, self._models)
        if "ExecutionRoleArn" in request:
            pass_role(call, request["ExecutionRoleArn"])
        self._records.save(
            EndpointConfig(
                account=call.account,
                region=call.region,
                name=name,
                arn=arn,
                created=self._platform.clock.now(),
                request=without(request, "Tags"),
            )
        )
        self._tags.attach(arn, request.get("Tags"))
        return {"EndpointConfigArn": arn}

    async def describe(self, call: Call, request: Members) -> Members:
        """``DescribeEndpointConfig``."""
        config = self.find(call, request["EndpointConfigName"])
        return {
            "EnableNetworkIsolation": False,
            **config.request,
            "ProductionVariants": [_with_defaults(v) for v in config.request["ProductionVariants"]],
            "EndpointConfigArn": config.arn,
            "CreationTime": config.created,
        }

    async def delete(self, call: Call, request: Members) -> Members:
        """``DeleteEndpointConfig``; an endpoint that uses it keeps running but cannot be updated, as on AWS."""
        config = self.find(call, request["EndpointConfigName"])
        self._records.delete(config)
        self._tags.drop(config.arn)
        return {}

    async def list(self, call: Call, request: Members) -> Members:
        """``ListEndpointConfigs``."""
        summaries = [
            {"EndpointConfigName": c.name, "EndpointConfigArn": c.arn, "CreationTime": c.created}
            for c in self._records.of(call.account, call.region)
        ]
        return page(summaries, request, answer="EndpointConfigs", name="EndpointConfigName")

    def find(self, call: Call, name: str) -> EndpointConfig:
        """The caller's configuration of that name; raises ``ValidationException`` when there is none."""
        config = self._records.get(call.account, call.region, name)
        if config is None:
            arn = call.arn("endpoint-config", name)
            raise validation_error(f'Could not find endpoint configuration "{arn}".')
        return config


def variants_of(request: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Production variants, then shadow variants."""
    return [*request["ProductionVariants"], *(request.get("ShadowProductionVariants") or [])]


def refuse_contradictions(request: Mapping[str, Any]) -> None:
    """Raise for what the service model allows and SageMaker does not; the API reference's ProductionVariant says it."""
    _refuse_members(request, _NOT_SERVED)
    variants = variants_of(request)
    names = [variant["VariantName"] for variant in variants]
    doubles = sorted({name for name in names if names.count(name) > 1})
    if doubles:
        raise validation_error(f"Variant names must be unique within an endpoint configuration: {', '.join(doubles)}.")
    if request.get("ShadowProductionVariants") and len(variants) != 2:
        raise validation_error("Shadow mode needs exactly one production variant and one shadow production variant.")
    for variant in variants:
        _refuse_variant(variant)
    serverless = [variant for variant in variants if "ServerlessConfig" in variant]
    if serverless and len(serverless) < len(variants):
        raise validation_error("Serverless and instance-based variants cannot be mixed in one endpoint configuration.")
    for member in ("DataCaptureConfig", "AsyncInferenceConfig", "ShadowProductionVariants"):
        if serverless and request.get(member):
            raise validation_error(f"{member} is not supported for serverless endpoints.")


def _refuse_variant(variant: Mapping[str, Any]) -> None:
    name = variant["VariantName"]
    _refuse_members(variant, _NOT_SERVED_IN_VARIANTS)
    if "ModelName" not in variant:
        raise validation_error(
            f"Variant {name} names no model: inference components are not served by this embedded cloud."
        )
    serverless = variant.get("ServerlessConfig")
    instances = [member for member in ("InstanceType", "InitialInstanceCount") if member in variant]
    if serverless and instances:
        raise validation_error(f"Variant {name} cannot have both ServerlessConfig and {' and '.join(instances)}.")
    if not serverless and len(instances) < 2:
        raise validation_error(
            f"Variant {name} needs either ServerlessConfig, or InstanceType and InitialInstanceCount."
        )
    if serverless and serverless["MemorySizeInMB"] % 1024:
        raise validation_error(f"Variant {name}: MemorySizeInMB must be a multiple of 1024.")
    if serverless and serverless.get("ProvisionedConcurrency", 0) > serverless["MaxConcurrency"]:
        raise validation_error(f"Variant {name}: ProvisionedConcurrency must not be more than MaxConcurrency.")


def _refuse_members(request: Mapping[str, Any], members: Iterable[str]) -> None:
    for member in members:
        if member in request:
            raise validation_error(f"{member} is not served by this embedded cloud.")


def _with_defaults(variant: Mapping[str, Any]) -> Members:
    return {"InitialVariantWeight": 1.0, **variant}


def _conditions(request: Members) -> Mapping[str, Any]:
    """SageMaker's condition keys for CreateEndpointConfig (IAM service authorization reference)."""
    variants = request.get("ProductionVariants") or []
    types = [variant["InstanceType"] for variant in variants if "InstanceType" in variant]
    serverless = [variant["ServerlessConfig"] for variant in variants if variant.get("ServerlessConfig")]
    found: dict[str, Any] = {**request_tags(request)}
    if types:
        found["sagemaker:InstanceTypes"] = types
    if request.get("KmsKeyId"):
        found["sagemaker:VolumeKmsKey"] = request["KmsKeyId"]
    if serverless:
        found["sagemaker:ServerlessMaxConcurrency"] = str(serverless[0].get("MaxConcurrency"))
        found["sagemaker:ServerlessMemorySize"] = str(serverless[0].get("MemorySizeInMB"))
    return found
