"""The way of one deployment, chosen instead of the configured one."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from agent.config.environment import Strategy
from agent.deployment.desired import desired
from agent.deployment.strategy import CHOICES, StrategyChoice, updated_by
from agent.errors import UsageError
from tests.unit.deployment.stage import digest, environment, release

CONFIGURED: dict[str, Any] = {
    "kind": "canary",
    "percent": 5,
    "alarms": {"errors": {"metric": "Invocation5XXErrors", "above": 1}},
    "timeout": 7200,
}


def test_every_kind_that_can_be_configured_can_be_chosen() -> None:
    kinds = [get_args(one.model_fields["kind"].annotation)[0] for one in get_args(get_args(Strategy)[0])]
    assert ["configured", *kinds] == list(CHOICES)


@pytest.mark.parametrize("choice", ["configured", "canary"])
def test_the_configured_kind_is_as_configured(choice: StrategyChoice) -> None:
    configured = environment(endpoint={"strategy": CONFIGURED})
    assert updated_by(configured, choice, "qa") == configured


@pytest.mark.parametrize("choice", ["all_at_once", "linear", "rolling"])
def test_another_kind_has_its_own_defaults_and_the_configured_alarms(choice: StrategyChoice) -> None:
    configured = environment(endpoint={"strategy": CONFIGURED})
    chosen = updated_by(configured, choice, "qa").endpoint.strategy
    assert (chosen.kind, chosen.alarms) == (choice, configured.endpoint.strategy.alarms)
    assert (chosen.timeout, getattr(chosen, "percent", 25)) == (7200, 25)


def test_a_short_timeout_does_not_end_the_steps_of_another_kind() -> None:
    configured = environment(endpoint={"strategy": {"kind": "all_at_once", "timeout": 600}})
    assert updated_by(configured, "linear", "qa").endpoint.strategy.timeout == 3600


@pytest.mark.parametrize("choice", CHOICES)
def test_what_lasts_is_the_same_whichever_way(choice: StrategyChoice) -> None:
    configured = environment(endpoint={"strategy": CONFIGURED})
    chosen = updated_by(configured, choice, "qa")
    wanted, plain = (
        desired(release(1), digest(1), name="qa", environment=one, run="run-1") for one in (chosen, configured)
    )
    assert (wanted.settings, wanted.name) == (plain.settings, plain.name)
    assert (wanted.guard == plain.guard) is (choice in {"configured", "canary"})


def test_a_serverless_endpoint_knows_one_way() -> None:
    serverless = environment(endpoint={"instance": None, "serverless": {"memory_mb": 1024, "max_concurrency": 5}})
    assert updated_by(serverless, "all_at_once", "qa").endpoint.strategy.kind == "all_at_once"
    for choice in ("canary", "linear", "rolling"):
        with pytest.raises(UsageError, match=f"endpoint of qa is serverless.*not by {choice}"):
            updated_by(serverless, choice, "qa")
