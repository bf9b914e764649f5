"""The examination of an endpoint: the questions and held-out rows of its checks, asked at its own door."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import Field

from agent.deployment import sample
from agent.deployment.answered import Rated, metrics_in_words, rated, skewed
from agent.deployment.checks import Measured, ask, measured
from agent.deployment.load import Payload, first_answer, in_words, missed, put
from agent.deployment.order import enter
from agent.errors import InputMissingError, UsageError, UserCodeFailedError
from agent.evaluation.through_endpoint import require_measurable
from agent.ledger.environments import RatedMetric
from agent.step import StepModel

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agent.artifacts import DataSet
    from agent.config.environment import CheckLoad, Environment
    from agent.context import Context
    from agent.deployment.answered import HeldOut
    from agent.deployment.load import Load
    from agent.deployment.sample import Row
    from agent.ports.account import Account
    from agent.ports.endpoints import Endpoints


class Answers(StepModel):
    """What an endpoint did."""

    requests: int = Field(description="Number of declared requests that were answered as expected.")
    rows: int = Field(description="Number of held-out rows that were sent.")
    metric: str | None = Field(default=None, description="Metric of labels and answers.")
    value: float | None = Field(default=None, description="Its value, in its own unit.")
    evaluated: int = Field(default=0, description="Number of held-out rows whose answers were measured.")
    metrics: Mapping[str, RatedMetric] = Field(default={}, description="Metrics of these, by name.")
    measurements: str = Field(
        default="", description="S3 address of their curves, histograms and slices; empty without any."
    )
    load: int = Field(default=0, description="Number of requests of the load.")
    error_rate: float | None = Field(default=None, description="Share of those that were not answered.")
    p50_ms: float | None = Field(default=None, description="Time within which half of the answers came, in ms.")
    p99_ms: float | None = Field(default=None, description="Time within which 99 of 100 answers came, in ms.")
    first_ms: float | None = Field(default=None, description="Time of the very first answer, in ms.")
    cost: float | None = Field(default=None, description="What 1,000 answers cost at that load.")
    missed: tuple[str, ...] = Field(default=(), description="What it did not do as it must; empty if it passed.")


class ChecksFailedError(UserCodeFailedError):
    """An endpoint does not do what it must; what it did is told nevertheless."""

    def __init__(self, message: str, answers: Answers) -> None:
        super().__init__(message)
        self.found = answers.model_dump(mode="json")


@dataclass(frozen=True, kw_only=True)
class Examination:
    """An endpoint, the configuration that it must serve, and what it must do; ``name`` is its environment's."""

    name: str
    environment: Environment
    config: str
    sample: DataSet | None
    held_out: HeldOut | None = None


@dataclass(frozen=True, kw_only=True)
class Examined:
    """What came of it; ``endpoint`` says which and where."""

    endpoint: str
    where: str
    answers: Answers

    def require_passed(self, ctx: Context) -> None:
        """Tell what was measured; raise ChecksFailedError with everything that the endpoint did not do as it must."""
        for fact in self._told():
            ctx.report.fact(fact)
        if skew := skewed(self.answers.metrics):
            ctx.report.warn(skew)
        if self.answers.missed:
            title = f"endpoint {self.endpoint} in {self.where} does not do what it must:"
            raise ChecksFailedError("\n".join([title, *(f"  {each}" for each in self.answers.missed)]), self.answers)

    def _told(self) -> Iterator[str]:
        found = self.answers
        if found.metric is not None and found.value is not None:
            yield f"{found.metric} {found.value:.6g} on {found.rows} held-out rows through endpoint {self.endpoint}"
        if found.metrics:
            told = metrics_in_words(found.metrics)
            yield f"{told} on {found.evaluated:,} held-out rows, evaluated through endpoint {self.endpoint}"
        if found.p50_ms is not None and found.p99_ms is not None:
            yield (
                f"{in_words(found.load, found.p50_ms, found.p99_ms, found.cost)} by endpoint {self.endpoint}; the "
                f"very first answer took {found.first_ms or math.nan:.0f} ms"
            )


def examine(wanted: Examination, ctx: Context) -> Examined:
    """Ask and measure; InputMissingError where the endpoint does not serve what is to be examined."""
    target = enter(wanted.environment, ctx)
    _require_live(wanted, target)
    endpoint, checks = wanted.environment.endpoint.name, wanted.environment.checks
    rows, held_out = _rows(wanted, ctx), _held_out(wanted, ctx)
    payloads = _payloads(wanted, rows or held_out) if checks.load else ()
    first = first_answer(target.endpoints, endpoint, payloads[0]) if payloads else math.inf
    ctx.report.doing(f"asking endpoint {endpoint} {len(checks.requests)} questions")
    failures = ask(target.endpoints, endpoint, checks.requests)
    found = _measured_sample(wanted, ctx, target.endpoints, rows)
    evaluated = _rated(wanted, ctx, target.endpoints, held_out)
    load = _load(wanted, ctx, target.endpoints, payloads, first)
    return Examined(
        endpoint=endpoint,
        where=f"account {target.id}, {target.region}",
        answers=Answers(
            requests=len(checks.requests),
            rows=len(rows),
            metric=checks.sample.metric if checks.sample else None,
            value=found.value,
            evaluated=len(held_out),
            metrics=evaluated.metrics,
            measurements=evaluated.measurements,
            missed=(
                *failures,
                *found.failures,
                *evaluated.failures,
                *(missed(checks.load, load) if checks.load and load else ()),
            ),
            **_measured_load(checks.load, load),
        ),
    )


def _require_live(wanted: Examination, target: Account) -> None:
    """An endpoint that was changed behind the history's back must not vouch for anything."""
    name = wanted.environment.endpoint.name
    state = target.endpoints.describe(name)
    if state is None or state.config != wanted.config:
        serves = f"serves {state.config}" if state else "is gone"
        raise InputMissingError(
            f"endpoint {name} in account {target.id}, {target.region} {serves}, not {wanted.config}; deploy it again"
        )


def _rows(wanted: Examination, ctx: Context) -> Sequence[Row]:
    """The held-out rows that are sent."""
    limits = wanted.environment.checks.sample
    if limits is None:
        return ()
    if wanted.sample is None:
        raise UsageError(f"`checks.sample` of {wanted.name} needs the data set {limits.data}")
    return sample.pick(ctx.accounts.tools.objects, wanted.sample, limits.rows)


def _held_out(wanted: Examination, ctx: Context) -> Sequence[Row]:
    """The rows of an evaluation through the endpoint."""
    check = wanted.environment.checks.evaluation
    if check is None:
        return ()
    if wanted.held_out is None:
        raise UsageError(f"`checks.evaluation` of {wanted.name} needs the data set {check.data}")
    require_measurable()
    return sample.pick(ctx.accounts.tools.objects, wanted.held_out.wanted.data, check.rows)


def _payloads(wanted: Examination, rows: Sequence[Row]) -> Sequence[Payload]:
    """What a load sends: held-out rows, one a request, or else the declared requests."""
    payloads = [Payload(body=sample.body([row]), content_type="text/csv") for row in rows] or [
        Payload(body=request.body.encode(), content_type=request.content_type)
        for request in wanted.environment.checks.requests
    ]
    if not payloads:
        raise UsageError(
            f"`checks.load` of {wanted.name} needs something to send: `checks.sample`, `checks.evaluation` or "
            "`checks.requests`"
        )
    return payloads


def _load(
    wanted: Examination, ctx: Context, endpoints: Endpoints, payloads: Sequence[Payload], first: float
) -> Load | None:
    """What a load came to, where one is wanted."""
    load, name = wanted.environment.checks.load, wanted.environment.endpoint.name
    if load is None:
        return None
    ctx.report.doing(f"sending {load.requests} requests to endpoint {name}, {load.concurrency} at once")
    return put(endpoints, name, payloads, load, first=first, check=ctx.clock.check)


def _measured_load(wanted: CheckLoad | None, found: Load | None) -> dict[str, Any]:
    """The fields of :class:`Answers`; times that there are none of stay unknown."""
    if wanted is None or found is None:
        return {}
    per_hour = wanted.price_per_hour
    times = {"p50_ms": found.percentile(0.5), "p99_ms": found.percentile(0.99), "first_ms": found.first}
    known = {name: round(seconds * 1000, 3) for name, seconds in times.items() if math.isfinite(seconds)}
    cost = found.cost_of_thousand(per_hour) if per_hour is not None and found.latencies else None
    return {"load": found.sent, "error_rate": found.error_rate, "cost": cost, **known}


def _measured_sample(wanted: Examination, ctx: Context, endpoints: Endpoints, rows: Sequence[Row]) -> Measured:
    """What the held-out rows come to."""
    limits, name = wanted.environment.checks.sample, wanted.environment.endpoint.name
    if limits is None:
        return Measured(value=None)
    ctx.report.doing(f"sending up to {limits.rows} held-out rows to endpoint {name}")
    return measured(endpoints, name, rows, limits)


def _rated(wanted: Examination, ctx: Context, endpoints: Endpoints, rows: Sequence[Row]) -> Rated:
    """What an evaluation through the endpoint came to, where one is wanted."""
    check, held_out = wanted.environment.checks.evaluation, wanted.held_out
    if check is None or held_out is None:
        return Rated()
    return rated(endpoints, wanted.environment.endpoint.name, rows, held_out, wanted=check, ctx=ctx)
