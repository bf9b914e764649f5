"""A trained model as SageMaker serves it, to an endpoint's users as to the rows of a batch transform."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.jobs.network import of_model

if TYPE_CHECKING:
    from agent.artifacts import Model
    from agent.config.network import EndpointNetwork
    from agent.jobs.order import Request


def served(model: Model, role: str, network: EndpointNetwork | None) -> Request:
    """The members of CreateModel, but for the name and the tags; ``role`` is the ARN that its container runs with."""
    return {
        "PrimaryContainer": {"Image": model.image.uri, "ModelDataUrl": model.artifact},
        "ExecutionRoleArn": role,
        **of_model(network),
    }
