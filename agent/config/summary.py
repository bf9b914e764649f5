"""What a valid configuration says, in a few lines for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from agent.config.data_gates import DataGate
from agent.config.field_types import in_words
from agent.config.gate import ChampionGate, CustomGate, ThresholdGate
from agent.config.judging_section import ClaimingSection
from agent.config.prediction_gates import BusinessGate, CalibrationGate, FairnessGate, SlicesGate
from agent.config.robustness import RobustnessGate
from agent.config.supply_gates import ImageGate
from agent.config.system_gates import ModelSizeGate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agent.config.environment import Endpoint, Environment
    from agent.config.gate import Gate
    from agent.config.model import Configuration, Document
    from agent.config.prediction_gates import PredictionGate


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
    subject, rule = _rule(gate)
    sure = f", proved at {gate.confidence:g}" if isinstance(gate, ClaimingSection) and gate.confidence else ""
    return [gate.name, subject, f"{rule}{sure}", told]


def _rule(gate: Gate) -> tuple[str, str]:
    """What a gate judges, and by which limits."""
    if isinstance(gate, ImageGate | DataGate | ModelSizeGate):
        return gate.kind, gate.brief
    match gate:
        case CustomGate():
            return gate.entry_point, ""
        case ThresholdGate():
            return gate.metric, _limits(("≥", gate.min), ("≤", gate.max))
        case ChampionGate():
            return gate.metric, f"against {gate.environment}, margin {gate.margin:g}"
        case SlicesGate() | FairnessGate() | CalibrationGate() | BusinessGate() | RobustnessGate():
            return _rule_of_predictions(gate)
        case _:
            assert_never(gate)


def _rule_of_predictions(gate: PredictionGate) -> tuple[str, str]:
    match gate:
        case SlicesGate():
            return f"{gate.metric} by {gate.slice}", _limits(("≥", gate.min), ("≤", gate.max), ("gap ≤", gate.max_gap))
        case FairnessGate():
            limits = (
                ("impact ≥", gate.disparate_impact),
                ("opportunity ≤", gate.equal_opportunity),
                ("odds ≤", gate.equalised_odds),
            )
            return f"groups by {gate.slice}", _limits(*limits)
        case CalibrationGate():
            return "calibration", _limits(("ece ≤", gate.max_ece), ("brier ≤", gate.max_brier))
        case BusinessGate():
            return "expected value", _limits(("≥", gate.min))
        case RobustnessGate():
            return gate.metric, gate.brief
        case _:
            assert_never(gate)


def _limits(*limits: tuple[str, float | None]) -> str:
    return " and ".join(f"{side} {limit:g}" for side, limit in limits if limit is not None)


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
