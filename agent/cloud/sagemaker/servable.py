"""What it takes to serve a model, whether CreateModel named its containers or a model package did."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import BaseModel, ConfigDict

from agent.cloud.errors import validation_error

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.cloud.sagemaker.models import Model


class Packages(Protocol):
    """Model packages, as models refer to them."""

    def containers(self, model: Model, definition: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        """The container definitions of the package that a ``definition`` of ``model`` names."""


class ModelData(BaseModel):
    """Where a container's artifact is: a ``.tar.gz`` object, an object as it is, or every object under a prefix."""

    model_config = ConfigDict(frozen=True)

    uri: str
    prefix: bool = False
    compressed: bool = True


class ModelContainer(BaseModel):
    """One container of a model; ``hostname`` is ``primary`` for the only one, else ContainerHostname or a number."""

    model_config = ConfigDict(frozen=True)

    hostname: str
    image: str
    environment: dict[str, str] = {}
    data: ModelData | None = None
    additional: dict[str, ModelData] = {}


class DeployedImage(BaseModel):
    """An image by the name the model gave it and by the digest it had when it was pulled."""

    model_config = ConfigDict(frozen=True)

    specified: str
    resolved: str
    time: datetime


class ServableModel(BaseModel):
    """A model as endpoints and transform jobs run it: containers in the order in which a request visits them."""

    model_config = ConfigDict(frozen=True, protected_namespaces=())

    name: str
    account: str
    region: str
    role_arn: str
    containers: tuple[ModelContainer, ...]
    direct: bool = False
    network: bool = True


def servable(model: Model, packages: Packages) -> ServableModel:
    """The model as it would be served; raises ``ValidationException`` for what cannot be served here."""
    request = model.request
    defined = request.get("Containers") or [request["PrimaryContainer"]]
    resolved = [part for definition in defined for part in _resolved(model, definition, packages)]
    single = len(resolved) == 1
    return ServableModel(
        name=model.name,
        account=model.account,
        region=model.region,
        role_arn=request["ExecutionRoleArn"],
        containers=tuple(_container(part, n, single=single) for n, part in enumerate(resolved, start=1)),
        direct=(request.get("InferenceExecutionConfig") or {}).get("Mode") == "Direct",
        network=not request.get("EnableNetworkIsolation", False),
    )


def _resolved(model: Model, definition: Mapping[str, Any], packages: Packages) -> Sequence[Mapping[str, Any]]:
    """The definition itself, or those of the package that it names with its own environment over theirs."""
    if not definition.get("ModelPackageName"):
        return [definition]
    own = definition.get("Environment") or {}
    return [
        {**part, "Environment": {**(part.get("Environment") or {}), **own}}
        for part in packages.containers(model, definition)
    ]


def _container(definition: Mapping[str, Any], number: int, *, single: bool) -> ModelContainer:
    if definition.get("Mode") == "MultiModel":
        raise validation_error("Multi-model containers (Mode MultiModel) are not served by this embedded cloud.")
    named = definition.get("ContainerHostname") or f"container-{number}"
    return ModelContainer(
        hostname="primary" if single else named,
        image=definition["Image"],
        environment=definition.get("Environment") or {},
        data=_data(definition),
        additional={
            more["ChannelName"]: _source(more["S3DataSource"])
            for more in definition.get("AdditionalModelDataSources") or []
        },
    )


def _data(definition: Mapping[str, Any]) -> ModelData | None:
    if definition.get("ModelDataUrl"):
        return ModelData(uri=definition["ModelDataUrl"])
    source = (definition.get("ModelDataSource") or {}).get("S3DataSource")
    return _source(source) if source else None


def _source(source: Mapping[str, Any]) -> ModelData:
    return ModelData(
        uri=source["S3Uri"],
        prefix=source["S3DataType"] == "S3Prefix",
        compressed=source["CompressionType"] == "Gzip",
    )
