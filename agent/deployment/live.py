"""What an endpoint is like before it is changed: read in one place, so that plans are made on values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.deployment.desired import resource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.ports.endpoints import Endpoints, EndpointState, Request, ScalingState


@dataclass(frozen=True, kw_only=True)
class Live:
    """An endpoint with its live configuration and what scales its variants, by variant; nothing where there is none."""

    state: EndpointState | None = None
    variants: Mapping[str, Request] = field(default_factory=dict)
    scaling: Mapping[str, ScalingState] = field(default_factory=dict)


def look(endpoints: Endpoints, name: str) -> Live:
    """The endpoint as it is now."""
    state = endpoints.describe(name)
    if state is None:
        return Live()
    config = endpoints.describe_config(state.config) or {}
    variants = {str(variant["VariantName"]): variant for variant in config.get("ProductionVariants", [])}
    found = {variant: endpoints.scaling(resource(name, variant)) for variant in state.desired_instances}
    return Live(
        state=state,
        variants=variants,
        scaling={variant: scaling for variant, scaling in found.items() if scaling is not None},
    )
