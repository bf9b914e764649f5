"""Inputs of the steps by which people decide: they choose, and the rest is configured."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agent.pipeline.wiring import better_of, environment_of
from pipeline_steps import approve, override, review

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent.config.model import Configuration
    from agent.step import StepModel

    Chosen = Mapping[str, Any]


def wire_review(configuration: Configuration, environment_name: str) -> review.Inputs:
    """The review of a promotion to an environment, before a release is chosen."""
    environment, names = environment_of(configuration, environment_name), list(configuration.environments)
    return review.Inputs(
        project=configuration.project,
        tools=configuration.tools,
        environment_name=environment_name,
        environment=environment,
        main_branches=configuration.main_branches,
        releases=configuration.releases,
        gate_overrides=configuration.gate_overrides,
        before=tuple(names[: names.index(environment_name)]),
        better=better_of(configuration),
    )


def wire_approve(configuration: Configuration, environment_name: str) -> approve.Inputs:
    """An approval for an environment, before anybody has said anything."""
    return approve.Inputs(
        project=configuration.project,
        release="",
        environment_name=environment_name,
        environment=environment_of(configuration, environment_name),
        by="",
        reason="",
    )


def wire_override(configuration: Configuration, _environment_name: str) -> override.Inputs:
    """An override of a gate, before anybody has said anything."""
    return override.Inputs(
        project=configuration.project,
        gate="",
        by="",
        reason="",
        until=datetime.min.replace(tzinfo=UTC),
        rule=configuration.gate_overrides,
    )


_WIRES: Mapping[str, Callable[[Configuration, str], StepModel]] = {
    review.STEP.name: wire_review,
    approve.STEP.name: wire_approve,
    override.STEP.name: wire_override,
}


def wire_decision(step: str, configuration: Configuration, chosen: Chosen) -> StepModel | None:
    """What is configured of a step's inputs for the environment that was chosen; None for any step of a pipeline."""
    wire = _WIRES.get(step)
    return wire(configuration, str(chosen.get("environment_name", ""))) if wire else None
