"""The candidate's metrics beside those of the models that are deployed, measured on the same rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from agent.artifacts import Evaluation, Verdict
from agent.report.build import Compared, Fact, MetricRow
from agent.report.outcome import read
from agent.report.wording import duration, number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.artifacts import Interval, Metric
    from agent.report.outcome import StageOutcome

    Better = Literal["higher", "lower"]

_SIDE: Mapping[str, Literal["higher", "lower"]] = {"at least": "higher", "at most": "lower"}


def verdicts_of(outcomes: Sequence[StageOutcome]) -> tuple[Verdict, ...]:
    """What the gates said, in their order."""
    found = (read(outcome.result, "verdicts", tuple[Verdict, ...]) for outcome in outcomes)
    return tuple(verdict for verdicts in found if verdicts for verdict in verdicts)


def evaluation_of(outcomes: Sequence[StageOutcome]) -> tuple[Evaluation | None, Mapping[str, Evaluation]]:
    """The candidate's evaluation, and the champions' by environment."""
    for outcome in outcomes:
        candidate = read(outcome.result, "evaluation", Evaluation)
        if candidate is not None:
            return candidate, read(outcome.result, "champions", dict[str, Evaluation]) or {}
    return None, {}


def metric_rows(
    candidate: Evaluation | None,
    champions: Mapping[str, Evaluation],
    verdicts: Sequence[Verdict],
    better: Mapping[str, Better],
) -> tuple[MetricRow, ...]:
    """One row for each metric of the candidate: those that a gate judges first."""
    if candidate is None:
        return ()
    judged = [verdict.metric for verdict in verdicts]
    names = [*dict.fromkeys(name for name in judged if name in candidate.metrics), *candidate.metrics]
    return tuple(
        _row(name, candidate, champions, [one for one in verdicts if one.metric == name], better.get(name))
        for name in dict.fromkeys(names)
    )


def training_facts(outcomes: Sequence[StageOutcome]) -> tuple[Fact, ...]:
    """What the training job itself reported."""
    facts: list[Fact] = []
    for outcome in outcomes:
        metrics = read(outcome.result, "metrics", dict[str, float])
        if metrics is None:
            continue
        facts += [Fact(label=name, value=number(value), exact=False) for name, value in metrics.items()]
        billed = read(outcome.result, "billable_seconds", int)
        facts += [Fact(label="billed", value=duration(billed), exact=False)] if billed is not None else []
    return tuple(facts)


def _row(
    name: str,
    candidate: Evaluation,
    champions: Mapping[str, Evaluation],
    gates: Sequence[Verdict],
    better: Better | None,
) -> MetricRow:
    """What is better follows from the configuration, else from the side on which the gates let pass."""
    metric = candidate.metrics[name]
    better = better or next((_SIDE[gate.comparison] for gate in gates if gate.comparison in _SIDE), None)
    return MetricRow(
        name=name,
        value=metric.value,
        standard_deviation=metric.standard_deviation,
        interval=metric.interval,
        better=better,
        champions=tuple(
            _compared(environment, metric.value, champion.metrics[name], better, _interval(environment, gates))
            for environment, champion in champions.items()
            if name in champion.metrics
        ),
        gates=tuple(gates),
    )


def _interval(environment: str, gates: Sequence[Verdict]) -> Interval | None:
    """The interval of the difference from an environment's champion."""
    against = f"the champion of {environment}"
    of = (gate for gate in gates if gate.against == against or gate.against.startswith(f"{against} "))
    return next((gate.difference.interval for gate in of if gate.difference), None)


def _compared(
    environment: str, value: float, held: Metric, better: Better | None, interval: Interval | None
) -> Compared:
    difference = value - held.value
    return Compared(
        environment=environment,
        value=held.value,
        standard_deviation=held.standard_deviation,
        difference=difference,
        interval=interval,
        better=None if better is None or difference == 0 else (difference > 0) == (better == "higher"),
    )
