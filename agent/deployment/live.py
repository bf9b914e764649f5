"""What an endpoint is like before it is changed: read in one place, so that plans are made on values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.deployment.desired import resource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.deployment.desired import Desired
    from agent.ports.endpoints import Endpoints, EndpointState, Request, ScalingState


@dataclass(frozen=True, kw_only=True)
class Live:
    """An endpoint with its live configuration and what scales its variants, by variant; nothing where there is none.

    ``made`` names the kinds (``model``, ``config``) that exist already under the name of what is to be deployed.
    """

    state: EndpointState | None = None
    variants: Mapping[str, Request] = field(default_factory=dict)
    scaling: Mapping[str, ScalingState] = field(default_factory=dict)
    made: frozenset[str] = frozenset()


def look(endpoints: Endpoints, wanted: Desired) -> Live:
    """What there is now of what is wanted."""
    state, made = endpoints.describe(wanted.endpoint), _made(endpoints, wanted.name)
    if state is None:
        return Live(made=made)
    config = endpoints.describe_config(state.config) or {}
    variants = {str(variant["VariantName"]): variant for variant in config.get("ProductionVariants", [])}
    found = {variant: endpoints.scaling(resource(state.name, variant)) for variant in state.desired_instances}
    return Live(
        state=state,
        variants=variants,
        scaling={variant: scaling for variant, scaling in found.items() if scaling is not None},
        made=made,
    )


def _made(endpoints: Endpoints, name: str) -> frozenset[str]:
    there = {"model": endpoints.describe_model(name), "config": endpoints.describe_config(name)}
    return frozenset(kind for kind, found in there.items() if found is not None)
