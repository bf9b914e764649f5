"""Say what the configuration asks for, after everything in it was checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from agent.config.data_gates import DataGate
from agent.config.gate import ChampionGate
from agent.config.model import Configuration
from agent.evaluation.extra import require_statistics
from agent.step import Step, StepModel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.config.environment import Environment
    from agent.context import Context


class Inputs(StepModel):
    """The configuration in effect: file, overrides and request merged, and free of errors."""

    configuration: Configuration = Field(description="The configuration.")


class Result(StepModel):
    """What was found."""

    warnings: tuple[str, ...] = Field(description="What is allowed but probably not meant.")


def find_doubts(configuration: Configuration) -> Iterator[str]:
    """What is allowed but probably not meant, each with what to do about it."""
    yield from _doubts_about_gates(configuration)
    yield from _doubts_about_data(configuration)
    yield from _doubts_about_the_image(configuration)
    for name, environment in configuration.environments.items():
        if environment.production:
            yield from _doubts_about_production(name, environment)


def run(inputs: Inputs, context: Context) -> Result:
    """Tell every doubt; none of them ends the pipeline. UsageError where something cannot be measured here."""
    configuration = inputs.configuration
    if configuration.evaluation.predictions is not None:
        require_statistics("`evaluation.predictions` is")
    if any(isinstance(gate, DataGate) for gate in configuration.gates.values()):
        require_statistics("gates on data are")
    context.report.fact(
        f"{configuration.project}: {_count(len(configuration.gates), 'gate')}, then "
        f"{' → '.join(configuration.environments)}"
    )
    warnings = tuple(find_doubts(configuration))
    for warning in warnings:
        context.report.warn(warning)
    return Result(warnings=warnings)


def _doubts_about_gates(configuration: Configuration) -> Iterator[str]:
    gates = configuration.gates
    if not gates:
        yield "there are no gates: every model is released; write one under `gates`"
    elif all(gate.severity == "warn" for gate in gates.values()):
        yield "no gate blocks: every model is released; give one the severity `block`"
    first = next(iter(configuration.environments))
    for name, gate in gates.items():
        if isinstance(gate, ChampionGate) and gate.environment == first and len(configuration.environments) > 1:
            yield (
                f"gate `{name}` compares with `{first}`, where every run deploys: many small losses in a row pass it; "
                "compare with an environment that releases are promoted to"
            )


def _doubts_about_data(configuration: Configuration) -> Iterator[str]:
    evaluated = configuration.evaluation.data
    for channel, name in configuration.training.channels.items():
        if name == evaluated:
            yield (
                f"the model is evaluated on `{evaluated}`, which it is trained on (channel `{channel}`): "
                "the metrics say nothing about data that it has not seen; hold some rows back"
            )


def _doubts_about_the_image(configuration: Configuration) -> Iterator[str]:
    image = configuration.image
    if image.builder != "process" and image.base_image is not None and "@sha256:" not in image.base_image:
        yield (
            f"the base image {image.base_image} may be another one tomorrow; "
            f"name its digest: `base_image: {image.base_image}@sha256:…`"
        )


def _doubts_about_production(name: str, environment: Environment) -> Iterator[str]:
    checks, endpoint = environment.checks, environment.endpoint
    if not checks.requests and checks.sample is None and checks.evaluation is None:
        yield f"production environment `{name}` has no checks: a deployment counts as soon as the endpoint is up"
    if endpoint.instance is not None and not endpoint.strategy.alarms:
        yield (
            f"production environment `{name}` has no alarms: nothing undoes an update that fails; "
            "add `endpoint.strategy.alarms`"
        )
    if environment.keep == 0:
        yield f"production environment `{name}` keeps no earlier deployment: a rollback has to make its model anew"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


STEP = Step(inputs=Inputs, result=Result, run=run, account="none", effect="read")
