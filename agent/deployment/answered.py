"""An evaluation through an endpoint: its held-out rows are asked, and the answers held against the release's own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.deployment.asking import NotAnsweredError, answers
from agent.errors import UserCodeFailedError
from agent.evaluation.through_endpoint import measured
from agent.ledger.environments import RatedInterval, RatedMetric

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.artifacts import Evaluation
    from agent.config.environment import CheckEvaluation
    from agent.context import Context
    from agent.deployment.sample import Row
    from agent.evaluation.prediction_files import Place
    from agent.evaluation.through_endpoint import ThroughEndpoint
    from agent.ports.endpoints import Endpoints

_SKEWED = "the endpoint answers otherwise than the model's own evaluation"
_WHAT_TO_DO = "compare how the serving code and the evaluation script prepare a row"


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """Rows that an endpoint is asked, where its answers are kept, and the model's ``own`` evaluation."""

    wanted: ThroughEndpoint
    place: Place
    own: Evaluation


@dataclass(frozen=True, kw_only=True)
class Rated:
    """What came of it: metrics by name, the S3 address of all that was measured, and what is wrong."""

    metrics: Mapping[str, RatedMetric] = field(default_factory=dict)
    measurements: str = ""
    failures: tuple[str, ...] = ()


def rated(
    endpoints: Endpoints, name: str, rows: Sequence[Row], held_out: HeldOut, *, wanted: CheckEvaluation, ctx: Context
) -> Rated:
    """Ask the endpoint every row, and have the answers measured."""
    tell, check = ctx.report.doing, ctx.clock.check
    tell(f"sending {len(rows):,} held-out rows to endpoint {name}")
    try:
        found = answers(endpoints, name, rows, concurrency=wanted.concurrency, check=check, tell=tell)
        evaluation, failures = measured(
            [row.line for row in rows],
            found,
            ctx,
            wanted=held_out.wanted,
            limits=wanted.metrics,
            place=held_out.place,
            model=held_out.own.model,
        )
    except NotAnsweredError as error:
        return Rated(failures=(str(error),))
    except UserCodeFailedError as error:
        return Rated(failures=(f"held-out rows: {error}",))
    # Of another data set, another value would say nothing.
    own = held_out.own.metrics if held_out.own.data == evaluation.data else {}
    return Rated(
        metrics={
            metric: RatedMetric(
                value=each.value,
                interval=RatedInterval(**each.interval.model_dump()) if each.interval else None,
                own=own[metric].value if metric in own else None,
                limited=metric in wanted.metrics,
            )
            for metric, each in evaluation.metrics.items()
        },
        measurements=evaluation.measurements,
        failures=failures,
    )


def metrics_in_words(metrics: Mapping[str, RatedMetric]) -> str:
    """The metrics that are limited, with their intervals."""
    return ", ".join(f"{name} {_in_words(each)}" for name, each in metrics.items() if each.limited)


def skewed(metrics: Mapping[str, RatedMetric]) -> str:
    """A sentence on metrics that the model's own evaluation found elsewhere than the endpoint; empty without any."""
    found = [f"{name} is {_in_words(each)}, and was {each.own:.6g}" for name, each in metrics.items() if each.differs]
    return f"{_SKEWED}: {'; '.join(found)}; {_WHAT_TO_DO}" if found else ""


def _in_words(metric: RatedMetric) -> str:
    interval = metric.interval
    return f"{metric.value:.6g}" + (f" ({interval.low:.4g} to {interval.high:.4g})" if interval else "")
