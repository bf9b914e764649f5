"""What a valid configuration says, in a few lines for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.config.field_types import in_words
from agent.config.gate import CustomGate, ThresholdGate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agent.config.environment import Endpoint, Environment
    from agent.config.gate import Gate
    from agent.config.model import Configuration, Document


def summarise(document: Document) -> str:
    """Project, training, gates and environments in aligned columns."""
    return "\n".join(
        line
        for title, table in (
            ("project", [[document.project, f"in {document.tools.account}, {document.tools.region}"]]),
            ("data", [[", ".join(document.data)]]),
            ("training", [[_training(document)]]),
            ("gates", [_gate(gate) for gate in document.gates.values()] or [["none: every model passes"]]),
            ("environments", [_environment(environment) for environment in document.environments.values()]),
            ("overrides", [[name] for name in _overrides(document)]),
        )
        for line in _titled(title, table)
    )


def _titled(title: str, table: Sequence[Sequence[str]]) -> Iterator[str]:
    columns = max((len(row) for row in table), default=0)
    padded = [[*row, *[""] * (columns - len(row))] for row in table]
    widths = [max(len(row[column]) for row in padded) for column in range(columns)]
    for number, row in enumerate(padded):
        cells = "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        yield f"  {title if number == 0 else '':<13} {cells}".rstrip()


def _training(configuration: Configuration) -> str:
    training, resources = configuration.training, configuration.training.resources
    how = f"spot, waits at most {in_words(training.spot.max_wait)}" if training.spot else "on demand"
    machines = f"{resources.instance_count} x {resources.instance_type}"
    return f"{machines} {how}, runs at most {in_words(training.max_runtime)}"


def _gate(gate: Gate) -> list[str]:
    does = "blocks" if gate.severity == "block" else "warns"
    scope = [", ".join(gate.environments), f"in builds of {', '.join(gate.builds)}" if gate.builds else ""]
    told = " ".join(part for part in (does, *scope) if part)
    if isinstance(gate, CustomGate):
        return [gate.name, gate.entry_point, "", told]
    if isinstance(gate, ThresholdGate):
        limits = [f"≥ {gate.min:g}" if gate.min is not None else "", f"≤ {gate.max:g}" if gate.max is not None else ""]
        rule = " and ".join(limit for limit in limits if limit)
    else:
        rule = f"against {gate.environment}, margin {gate.margin:g}"
    return [gate.name, gate.metric, rule, told]


def _environment(environment: Environment) -> list[str]:
    endpoint = environment.endpoint
    updated = endpoint.strategy.kind.replace("_", " ")
    kind = "production" if environment.production else ""
    return [
        environment.name, environment.account, environment.region, endpoint.name, _hosting(endpoint), updated, kind
    ]  # fmt: skip


def _hosting(endpoint: Endpoint) -> str:
    if endpoint.instance:
        scaling = endpoint.instance.autoscaling
        count = f"{scaling.min_count} to {scaling.max_count}" if scaling else f"{endpoint.instance.count}"
        return f"{count} x {endpoint.instance.type}"
    return f"serverless {endpoint.serverless.memory_mb} MiB" if endpoint.serverless else ""


def _overrides(document: Document) -> Iterator[str]:
    overrides = document.overrides
    yield from (f"environment {name}" for name in overrides.environments)
    yield from (f"branch {pattern}" for pattern in overrides.branches)
    if overrides.pr:
        yield "pull requests"
