"""How an update moves, chosen for one deployment: the configured way, or another with that way's own defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from agent.config.environment import (
    AllAtOnceStrategy,
    CanaryStrategy,
    LinearStrategy,
    RollingStrategy,
    UpdateStrategy,
)
from agent.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.config.environment import Environment

StrategyChoice = Literal["configured", "all_at_once", "canary", "linear", "rolling"]
CHOICES: tuple[StrategyChoice, ...] = get_args(StrategyChoice)
DESCRIPTION = "How the update moves: as `configured`, or another kind with its defaults and the configured alarms."

_KINDS: Mapping[str, type[UpdateStrategy]] = {
    "all_at_once": AllAtOnceStrategy,
    "canary": CanaryStrategy,
    "linear": LinearStrategy,
    "rolling": RollingStrategy,
}
_LONG_ENOUGH = 3600
"""Every kind's default steps fit into it."""


def updated_by(environment: Environment, choice: StrategyChoice, name: str) -> Environment:
    """The environment called ``name``, to be updated in the chosen way; what lasts of a deployment is the same.

    Alarms stay, since they guard whatever moves. UsageError where the endpoint does not know the way.
    """
    configured = environment.endpoint.strategy
    if choice in {"configured", configured.kind}:
        return environment
    if environment.endpoint.serverless is not None and choice != "all_at_once":
        raise UsageError(
            f"the endpoint of {name} is serverless, which SageMaker updates only by all_at_once, not by {choice}"
        )
    timeout = max(configured.timeout, _LONG_ENOUGH)
    strategy = _KINDS[choice](kind=choice, alarms=configured.alarms, timeout=timeout)
    endpoint = environment.endpoint.model_copy(update={"strategy": strategy})
    return environment.model_copy(update={"endpoint": endpoint})
