"""Endpoints: created, updated, scaled, described and deleted here; :mod:`deploying` does the work in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from agent.cloud.errors import could_not_find, validation_error
from agent.cloud.sagemaker import deployments
from agent.cloud.sagemaker.deploying import Deployer
from agent.cloud.sagemaker.endpoint_configs import variants_of
from agent.cloud.sagemaker.endpoint_description import describe, summary
from agent.cloud.sagemaker.endpoint_records import (
    STEADY,
    Endpoint,
    EndpointStatus,
    Generation,
    Pending,
    Serverless,
    Variant,
)
from agent.cloud.sagemaker.hosting import Hosting
from agent.cloud.sagemaker.listing import page
from agent.cloud.sagemaker.operation import Operation, named, request_tags
from agent.cloud.sagemaker.rollback_alarms import require_watchable
from agent.cloud.sagemaker.servable import servable
from agent.cloud.sagemaker.serving import DOWNLOAD_SECONDS, HEALTH_CHECK_SECONDS
from agent.cloud.sagemaker.volume_keys import require_endpoint_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from agent.cloud.identity import Call
    from agent.cloud.platform import Platform
    from agent.cloud.sagemaker.endpoint_configs import EndpointConfigs
    from agent.cloud.sagemaker.endpoint_records import EndpointConfig
    from agent.cloud.sagemaker.models import Models
    from agent.cloud.sagemaker.operation import Members
    from agent.cloud.sagemaker.tags import Tags


class ScaledVariants(Protocol):
    """The variants that Application Auto Scaling has in its hands."""

    def scaled(self, account: str, region: str, endpoint: str) -> Iterable[str]:
        """The names of an endpoint's variants that are registered as scalable targets."""

    def release(self, account: str, region: str, endpoint: str) -> None:
        """Deregister every variant of a deleted endpoint."""


class Endpoints:
    """The endpoints of every account."""

    def __init__(
        self,
        platform: Platform,
        tags: Tags,
        configs: EndpointConfigs,
        models: Models,
        scaling: ScaledVariants,
    ) -> None:
        self._platform = platform
        self._tags = tags
        self._configs = configs
        self._models = models
        self._scaling = scaling
        self.hosting = Hosting()
        self.records = platform.store.collection("endpoint", Endpoint)
        self._deployer = Deployer(platform, self.records, self.hosting)

    def operations(self) -> Mapping[str, Operation]:
        """What this room serves."""
        endpoint = named("endpoint", "EndpointName")
        return {
            "CreateEndpoint": Operation(run=self.create, resource=endpoint, conditions=request_tags),
            "UpdateEndpoint": Operation(run=self.update, resource=endpoint),
            "UpdateEndpointWeightsAndCapacities": Operation(run=self.update_weights, resource=endpoint),
            "DescribeEndpoint": Operation(run=self.describe, resource=endpoint),
            "DeleteEndpoint": Operation(run=self.delete, resource=endpoint),
            "ListEndpoints": Operation(run=self.list),
        }

    async def resume(self) -> None:
        """Give endpoints their containers back, and go on with what was under way."""
        self._deployer.resume()

    async def create(self, call: Call, request: Members) -> Members:
        """``CreateEndpoint``."""
        name, arn = request["EndpointName"], call.arn("endpoint", request["EndpointName"])
        config = self._config(call, request, "sagemaker:CreateEndpoint")
        if any(known.arn == arn for known in self.records.of(call.account, call.region)):
            raise validation_error(f'Cannot create already existing endpoint "{arn}".')
        now = self._platform.clock.now()
        endpoint = Endpoint(
            account=call.account,
            region=call.region,
            name=name,
            arn=arn,
            created=now,
            modified=now,
            status=EndpointStatus.CREATING,
            config_name=config.name,
            pending=self._pending(call, config, request.get("DeploymentConfig"), number=1),
        )
        self.hosting.drop(endpoint)
        self._begin(endpoint)
        self._tags.attach(arn, request.get("Tags"))
        return {"EndpointArn": arn}

    async def update(self, call: Call, request: Members) -> Members:
        """``UpdateEndpoint``; the configuration that is live must still exist, as on AWS."""
        endpoint, live = self._in_service(call, request["EndpointName"])
        config = self._config(call, request, "sagemaker:UpdateEndpoint")
        self._configs.find(call, endpoint.config_name)
        if request.get("RetainDeploymentConfig") and request.get("DeploymentConfig"):
            raise validation_error("DeploymentConfig cannot be given together with RetainDeploymentConfig.")
        retained = endpoint.last_deployment if request.get("RetainDeploymentConfig") else None
        deployment = request.get("DeploymentConfig") or retained
        self._refuse_loss_of_scaled_variants(endpoint, live, config)
        pending = self._pending(call, config, deployment, number=live.number + 1)
        if request.get("RetainAllVariantProperties"):
            excluded = {p["VariantPropertyType"] for p in request.get("ExcludeRetainedVariantProperties") or []}
            pending = pending.model_copy(update={"generation": retain(live, pending.generation, excluded)})
        self._begin(endpoint.model_copy(update={"pending": pending, "status": EndpointStatus.UPDATING}))
        return {"EndpointArn": endpoint.arn}

    async def update_weights(self, call: Call, request: Members) -> Members:
        """``UpdateEndpointWeightsAndCapacities``."""
        endpoint, live = self._in_service(call, request["EndpointName"])
        for desired in request["DesiredWeightsAndCapacities"]:
            variant = live.variant(desired["VariantName"])
            if variant is None:
                raise validation_error(
                    f'Could not find variant "{desired["VariantName"]}" in endpoint "{endpoint.arn}".'
                )
            live = live.with_variant(_desired(variant, desired))
        self._begin(endpoint.model_copy(update={"live": live, "status": EndpointStatus.UPDATING}))
        return {"EndpointArn": endpoint.arn}

    async def describe(self, call: Call, request: Members) -> Members:
        """``DescribeEndpoint``."""
        return describe(self._find(call, request["EndpointName"]))

    async def delete(self, call: Call, request: Members) -> Members:
        """``DeleteEndpoint``; needs the permission to deregister variants that are scaled."""
        endpoint = self._find(call, request["EndpointName"])
        self._refuse_in_progress(endpoint)
        if list(self._scaling.scaled(call.account, call.region, endpoint.name)):
            call.require("application-autoscaling:DeregisterScalableTarget", "*")
            self._scaling.release(call.account, call.region, endpoint.name)
        self._tags.drop(endpoint.arn)
        self._begin(endpoint.model_copy(update={"status": EndpointStatus.DELETING}))
        return {}

    async def list(self, call: Call, request: Members) -> Members:
        """``ListEndpoints``."""
        summaries = [summary(endpoint) for endpoint in self.records.of(call.account, call.region)]
        return page(summaries, request, answer="Endpoints", name="EndpointName", status="EndpointStatus")

    def documents(self, account: str, region: str) -> Iterator[Members]:
        """Every endpoint as ``Search`` sees it."""
        return (describe(endpoint) for endpoint in self.records.of(account, region))

    def scale(self, endpoint: Endpoint, variant: Variant, count: int) -> None:
        """Give a variant of an endpoint that is in service another number of instances, as Auto Scaling asks for it."""
        if endpoint.live is None or endpoint.status is not EndpointStatus.IN_SERVICE:
            raise validation_error(f'Cannot update in-progress endpoint "{endpoint.arn}".')
        live = endpoint.live.with_variant(variant.model_copy(update={"desired_count": count}))
        self._begin(endpoint.model_copy(update={"live": live, "status": EndpointStatus.UPDATING}))

    def _begin(self, endpoint: Endpoint) -> None:
        changed = endpoint.model_copy(update={"modified": self._platform.clock.now()})
        self._deployer.start(self.records.save(changed))

    def _find(self, call: Call, name: str) -> Endpoint:
        endpoint = self.records.get(call.account, call.region, name)
        if endpoint is None:
            raise could_not_find(call.arn("endpoint", name))
        return endpoint

    def _in_service(self, call: Call, name: str) -> tuple[Endpoint, Generation]:
        """An endpoint that can be changed now, with what is live."""
        endpoint = self._find(call, name)
        self._refuse_in_progress(endpoint)
        if endpoint.live is None:
            raise validation_error(f'Cannot update failed endpoint "{endpoint.arn}". Delete it and create it again.')
        return endpoint, endpoint.live

    def _refuse_in_progress(self, endpoint: Endpoint) -> None:
        if endpoint.status not in STEADY:
            raise validation_error(f'Cannot update in-progress endpoint "{endpoint.arn}".')

    def _config(self, call: Call, request: Members, action: str) -> EndpointConfig:
        """The configuration to deploy; the caller needs the permission for it as well as for the endpoint."""
        call.require(action, call.arn("endpoint-config", request["EndpointConfigName"]))
        config = self._configs.find(call, request["EndpointConfigName"])
        require_endpoint_key(call, config.request)
        return config

    def _pending(
        self, call: Call, config: EndpointConfig, deployment: Mapping[str, Any] | None, *, number: int
    ) -> Pending:
        names = {v["VariantName"] for v in config.request.get("ShadowProductionVariants") or []}
        variants = tuple(
            self._variant(call, configured, shadow=configured["VariantName"] in names)
            for configured in variants_of(config.request)
        )
        plan = deployments.plan(deployment, {v.name: v.desired_count for v in variants})
        if plan.alarms:
            require_watchable(self._platform, call, plan.alarms, sorted({v.model.role_arn for v in variants}))
        generation = Generation(number=number, config_name=config.name, config=config.request, variants=variants)
        return Pending(
            generation=generation,
            plan=plan,
            progress=deployments.begin(self._platform.clock.time()),
            deployment=dict(deployment) if deployment else None,
        )

    def _variant(self, call: Call, configured: Mapping[str, Any], *, shadow: bool) -> Variant:
        model = self._models.find(call.account, call.region, configured["ModelName"])
        serverless = configured.get("ServerlessConfig")
        weight = configured.get("InitialVariantWeight", 1.0)
        return Variant(
            name=configured["VariantName"],
            model=servable(model, self._models),
            shadow=shadow,
            instance_type=configured.get("InstanceType"),
            serverless=_serverless(serverless) if serverless else None,
            desired_count=configured.get("InitialInstanceCount", 0),
            weight=weight,
            desired_weight=weight,
            health_check_seconds=configured.get("ContainerStartupHealthCheckTimeoutInSeconds", HEALTH_CHECK_SECONDS),
            download_seconds=configured.get("ModelDataDownloadTimeoutInSeconds", DOWNLOAD_SECONDS),
        )

    def _refuse_loss_of_scaled_variants(self, endpoint: Endpoint, live: Generation, config: EndpointConfig) -> None:
        """Auto Scaling holds on to its variants; AWS refuses to take them away under it."""
        types = {v["VariantName"]: v.get("InstanceType") for v in variants_of(config.request)}
        lost = [
            name
            for name in self._scaling.scaled(endpoint.account, endpoint.region, endpoint.name)
            if (known := live.variant(name)) is not None and types.get(name) != known.instance_type
        ]
        if lost:
            raise validation_error(
                f'The variant(s) "[{", ".join(lost)}]" must be deregistered as scalable targets with AWS Auto Scaling '
                "before they can be removed or have their instance type updated."
            )


def retain(live: Generation, new: Generation, excluded: set[str]) -> Generation:
    """``new`` with the instance counts and weights that variants of the same name have now.

    Source: RetainAllVariantProperties and ExcludeRetainedVariantProperties of UpdateEndpoint.
    """
    for variant in new.variants:
        known = live.variant(variant.name)
        if known is None:
            continue
        change: dict[str, Any] = {}
        if "DesiredInstanceCount" not in excluded and not (known.serverless or variant.serverless):
            change["desired_count"] = known.desired_count
        if "DesiredWeight" not in excluded:
            change |= {"weight": known.weight, "desired_weight": known.desired_weight}
        new = new.with_variant(variant.model_copy(update=change))
    return new


def _desired(variant: Variant, request: Mapping[str, Any]) -> Variant:
    """A variant with the weight and capacity that UpdateEndpointWeightsAndCapacities asks for."""
    change: dict[str, Any] = {}
    if "DesiredWeight" in request:
        change["desired_weight"] = float(request["DesiredWeight"])
    if "DesiredInstanceCount" in request:
        if variant.serverless or request["DesiredInstanceCount"] < 1:
            raise validation_error(f"DesiredInstanceCount of variant {variant.name} cannot be changed to that.")
        change["desired_count"] = request["DesiredInstanceCount"]
    if "ServerlessUpdateConfig" in request:
        if variant.serverless is None:
            raise validation_error(f"Variant {variant.name} is not serverless.")
        asked = request["ServerlessUpdateConfig"]
        change["serverless"] = variant.serverless.model_copy(
            update={
                "max_concurrency": asked.get("MaxConcurrency", variant.serverless.max_concurrency),
                "provisioned_concurrency": asked.get(
                    "ProvisionedConcurrency", variant.serverless.provisioned_concurrency
                ),
            }
        )
    return variant.model_copy(update=change)


def _serverless(config: Mapping[str, Any]) -> Serverless:
    return Serverless(
        memory_mb=config["MemorySizeInMB"],
        max_concurrency=config["MaxConcurrency"],
        provisioned_concurrency=config.get("ProvisionedConcurrency"),
    )
