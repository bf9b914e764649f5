"""Proves that a deployment is live: an endpoint that was silently rolled back is InService, too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.errors import CloudFailedError, ModelyardError, TemporaryError, UserCodeFailedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.deployment.desired import Desired
    from agent.ports.endpoints import EndpointState

_CAUSES: Mapping[type[ModelyardError], Sequence[str]] = {
    TemporaryError: ("InsufficientInstanceCapacity", "Unable to provision requested ML compute capacity"),
    UserCodeFailedError: ("did not pass the ping health check", "alarm", "container", "CannotStartContainer"),
}
"""Whose fault a FailureReason speaks of, by the words that SageMaker uses; asked in this order."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a deployment is not live, in SageMaker's words as far as it has any."""

    kind: type[ModelyardError]
    reason: str


def failure(wanted: Desired, state: EndpointState | None) -> Failure | None:
    """Why the endpoint does not serve what is wanted, now that it has come to rest; None when it does."""
    if state is None:
        return Failure(kind=CloudFailedError, reason="the endpoint is gone: someone deleted it during the deployment")
    if state.status != "InService":
        return _told(state, f"the endpoint is {state.status}")
    if state.config != wanted.name:
        return _told(state, f"the update was rolled back, {state.config} is live as before")
    wrong = sorted(uri for uri in state.images.values() if _digest(uri) != _digest(wanted.image))
    if wrong or not state.images:
        shown = ", ".join(wrong) or "no image"
        return Failure(
            kind=CloudFailedError,
            reason=f"{wanted.name} is live, but serves {shown} instead of {wanted.image}",
        )
    return None


def _told(state: EndpointState, what: str) -> Failure:
    reason = state.failure_reason
    kinds = (kind for kind, words in _CAUSES.items() if any(word in reason for word in words))
    return Failure(kind=next(kinds, CloudFailedError), reason=f"{what}: {reason or 'SageMaker gives no reason'}")


def _digest(uri: str) -> str:
    return uri.rpartition("@")[2]
