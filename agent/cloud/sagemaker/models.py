"""Models: an image with the artifact it serves, and the role it runs as (``CreateModel`` and its kin)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from agent.cloud.errors import could_not_find, validation_error
from agent.cloud.sagemaker import model_rules
from agent.cloud.sagemaker.job_conditions import job_conditions
from agent.cloud.sagemaker.listing import page
from agent.cloud.sagemaker.model_access import require_access
from agent.cloud.sagemaker.network_check import require_network
from agent.cloud.sagemaker.operation import Operation, named, without
from agent.cloud.sagemaker.roles import execution_role_invalid, pass_role
from agent.cloud.store import Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from agent.cloud.identity import Call
    from agent.cloud.platform import Platform
    from agent.cloud.sagemaker.model_packages import ModelPackages
    from agent.cloud.sagemaker.operation import Members
    from agent.cloud.sagemaker.tags import Tags


class Model(Record):
    """A model as it was created; models never change.

    ``packaged`` keeps the containers of its model packages, for those may be deleted or withdrawn afterwards.
    """

    arn: str
    created: datetime
    request: dict[str, Any]
    packaged: dict[str, list[dict[str, Any]]] = {}


class Models:
    """The models of every account."""

    def __init__(self, platform: Platform, tags: Tags, packages: ModelPackages) -> None:
        self._platform = platform
        self._tags = tags
        self._packages = packages
        self.records = platform.store.collection("model", Model)

    def operations(self) -> Mapping[str, Operation]:
        """What this room serves."""
        model = named("model", "ModelName")
        return {
            "CreateModel": Operation(run=self.create, resource=model, conditions=job_conditions),
            "DescribeModel": Operation(run=self.describe, resource=model),
            "DeleteModel": Operation(run=self.delete, resource=model),
            "ListModels": Operation(run=self.list),
        }

    async def resume(self) -> None:
        """Nothing runs here."""

    async def create(self, call: Call, request: Members) -> Members:
        """``CreateModel``."""
        name = request["ModelName"]
        arn = call.arn("model", name)
        model_rules.check(request)
        self._refuse_taken(call, name, arn)
        pass_role(call, request["ExecutionRoleArn"], execution_role_invalid)
        await require_network(self._platform, call, request["ExecutionRoleArn"], request.get("VpcConfig"))
        packaged = self._packaged(call, request)
        defined = [each for each in model_rules.definitions(request) if "ModelPackageName" not in each]
        containers = [*defined, *(part for parts in packaged.values() for part in parts)]
        await require_access(self._platform, request["ExecutionRoleArn"], call.region, containers)
        self._refuse_taken(call, name, arn)
        self._tags.attach(arn, request.get("Tags"))
        self.records.save(
            Model(
                account=call.account,
                region=call.region,
                name=name,
                arn=arn,
                created=self._platform.clock.now(),
                request=without(request, "Tags"),
                packaged=packaged,
            )
        )
        return {"ModelArn": arn}

    def _refuse_taken(self, call: Call, name: str, arn: str) -> None:
        """Raise for a taken name; asked again after every wait, for another request may have taken it."""
        if self.records.get(call.account, call.region, name):
            raise validation_error(f'Cannot create already existing model "{arn}".')

    def _packaged(self, call: Call, request: Members) -> dict[str, list[Members]]:
        return {
            _key(definition): list(
                self._packages.containers_for(
                    call, definition["ModelPackageName"], definition.get("InferenceSpecificationName")
                )
            )
            for definition in model_rules.definitions(request)
            if "ModelPackageName" in definition
        }

    def containers(self, model: Model, definition: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        """The containers of the package that a container definition of ``model`` names, as they were on creation."""
        return model.packaged[_key(definition)]

    async def describe(self, call: Call, request: Members) -> Members:
        """``DescribeModel``."""
        return described(self.find(call.account, call.region, request["ModelName"]))

    async def delete(self, call: Call, request: Members) -> Members:
        """``DeleteModel``; endpoints that serve the model keep running, as on AWS."""
        model = self.find(call.account, call.region, request["ModelName"])
        self.records.delete(model)
        self._tags.drop(model.arn)
        return {}

    async def list(self, call: Call, request: Members) -> Members:
        """``ListModels``."""
        summaries = [
            {"ModelName": model.name, "ModelArn": model.arn, "CreationTime": model.created}
            for model in self.records.of(call.account, call.region)
        ]
        return page(summaries, request, answer="Models", name="ModelName")

    def find(self, account: str, region: str, name: str) -> Model:
        """The model of that name; raises ``ValidationException`` when there is none."""
        model = self.records.get(account, region, name)
        if model is None:
            raise could_not_find(f"arn:aws:sagemaker:{region}:{account}:model/{name.lower()}")
        return model

    def documents(self, account: str, region: str) -> Iterator[Members]:
        """Every model as ``Search`` sees it."""
        return (described(model) for model in self.records.of(account, region))


def described(model: Model) -> Members:
    """A model as DescribeModel answers it, with the defaults that AWS fills in."""
    document = {
        "EnableNetworkIsolation": False,
        **model.request,
        "ModelArn": model.arn,
        "CreationTime": model.created,
    }
    if "PrimaryContainer" in document:
        document["PrimaryContainer"] = _with_defaults(document["PrimaryContainer"])
    else:
        document["Containers"] = [_with_defaults(container) for container in document["Containers"]]
    return document


def _with_defaults(container: Members) -> Members:
    mode = {} if "ModelPackageName" in container else {"Mode": "SingleModel"}
    return {**mode, "Environment": {}, **container}


def _key(definition: Mapping[str, Any]) -> str:
    return f"{definition['ModelPackageName']} {definition.get('InferenceSpecificationName', '')}"
