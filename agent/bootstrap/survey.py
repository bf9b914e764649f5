"""What the end of a project's stacks would take along, what it would leave, and what stands in its way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ruamel.yaml import YAML

from agent import naming
from agent.bootstrap.orders import TOOLS
from agent.ports.kept import Kept, KeptKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.bootstrap.orders import StackOrder
    from agent.config.model import Configuration
    from agent.ports.endpoints import Endpoints
    from agent.ports.kept import KeptThings
    from agent.ports.stacks import StackPart, Stacks

WHY_KEPT: Mapping[KeptKind, str] = {
    KeptKind.BUCKET: "data, models, and the ledger: who released, approved and deployed what",
    KeptKind.REPOSITORY: "the images that released models run in",
    KeptKind.MODEL_PACKAGE_GROUP: "every registered version, and its approval",
    KeptKind.KEY: "without it nothing can be read that it encrypted, and no signature be verified that it made",
}
_RETAINING = ("Retain", "RetainExceptOnCreate")


@dataclass(frozen=True, kw_only=True)
class Survey:
    """One stack before its end.

    ``status`` is CloudFormation's, or None where there is no such stack; ``goes`` is what ends with it, ``stays`` what
    is there and outlives it, ``endpoints`` what still serves and could not without the stack's roles.
    """

    order: StackOrder
    status: str | None
    goes: tuple[StackPart, ...] = ()
    stays: tuple[Kept, ...] = ()
    endpoints: tuple[str, ...] = ()


def survey(
    configuration: Configuration, order: StackOrder, *, stacks: Stacks, kept: KeptThings, endpoints: Endpoints
) -> Survey:
    """Look at one stack and at what is beside it; nothing is changed."""
    state = stacks.describe(order.name)
    retained = retained_resources(stacks.template(order.name)) if state else frozenset()
    parts = stacks.parts(order.name) if state else ()
    return Survey(
        order=order,
        status=state.status if state else None,
        goes=tuple(part for part in parts if part.resource not in retained),
        stays=_kept(configuration, order, kept),
        endpoints=_serving(configuration, order, endpoints),
    )


def retained_resources(template: str) -> frozenset[str]:
    """The logical ids of what outlives a stack made of this template (``DeletionPolicy``)."""
    yaml = YAML(typ="safe", pure=True)
    yaml.constructor.add_multi_constructor("!", lambda *_: None)
    resources = yaml.load(template).get("Resources", {})
    return frozenset(name for name, resource in resources.items() if resource.get("DeletionPolicy") in _RETAINING)


def _kept(configuration: Configuration, order: StackOrder, kept: KeptThings) -> tuple[Kept, ...]:
    """By their names and their stack's tags, so that they are found without the stack, too."""
    named = _named(configuration) if order.label == TOOLS else ()
    tags: Mapping[str, str | None] = {naming.tag("environment"): None, **order.tags}
    return (*(each for each in named if kept.exists(each)), *kept.keys(tags))


def _named(configuration: Configuration) -> tuple[Kept, ...]:
    project, tools = configuration.project, configuration.tools
    return (
        Kept(kind=KeptKind.BUCKET, name=naming.bucket(project, tools.account, tools.region)),
        Kept(kind=KeptKind.REPOSITORY, name=naming.repository(project)),
        Kept(kind=KeptKind.MODEL_PACKAGE_GROUP, name=naming.model_package_group(project)),
    )


def _serving(configuration: Configuration, order: StackOrder, endpoints: Endpoints) -> tuple[str, ...]:
    """The environment's endpoint and those of its pull requests, as far as they are there."""
    if order.label == TOOLS:
        return ()
    name = configuration.environments[order.label].endpoint.name
    found = endpoints.names(name)
    return tuple(each for each in found if each.lower() == name.lower() or naming.previewed(each, name) is not None)


def left_behind(configuration: Configuration, surveys: Sequence[Survey]) -> tuple[str, ...]:
    """The environments that would stay without the tools account, whose models and images they run."""
    labels = {each.order.label for each in surveys}
    return tuple(name for name in configuration.environments if TOOLS in labels and name not in labels)


def in_the_way(surveys: Sequence[Survey]) -> tuple[str, ...]:
    """For each endpoint that still serves, where it is and the command that ends it."""
    return tuple(
        f"{endpoint} of {each.order.label} (account {each.order.account}): "
        f"aws sagemaker delete-endpoint --endpoint-name {endpoint} --region {each.order.region}"
        for each in surveys
        for endpoint in each.endpoints
    )
