"""The examination of an endpoint: the questions and held-out rows of its checks, asked at its own door."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import Field

from agent.deployment import sample
from agent.deployment.checks import Measured, ask, measured
from agent.deployment.order import enter
from agent.errors import InputMissingError, UsageError, UserCodeFailedError
from agent.step import StepModel

if TYPE_CHECKING:
    from agent.artifacts import DataSet
    from agent.config.environment import Environment
    from agent.context import Context
    from agent.ports.account import Account
    from agent.ports.endpoints import Endpoints


class Answers(StepModel):
    """What an endpoint did."""

    requests: int = Field(description="Number of declared requests that were answered as expected.")
    rows: int = Field(description="Number of held-out rows that were sent.")
    metric: str | None = Field(default=None, description="Metric of labels and answers.")
    value: float | None = Field(default=None, description="Its value, in its own unit.")


@dataclass(frozen=True, kw_only=True)
class Examination:
    """An endpoint, the configuration that it must serve, and what it must do; ``name`` is its environment's."""

    name: str
    environment: Environment
    config: str
    sample: DataSet | None


@dataclass(frozen=True, kw_only=True)
class Examined:
    """What came of it; ``endpoint`` says which and where, ``failures`` have a sentence each."""

    endpoint: str
    where: str
    answers: Answers
    failures: tuple[str, ...]

    def require_passed(self, ctx: Context) -> None:
        """Raise UserCodeFailedError with every failure; else tell what was measured."""
        if self.failures:
            title = f"endpoint {self.endpoint} in {self.where} does not do what it must:"
            raise UserCodeFailedError("\n".join([title, *(f"  {each}" for each in self.failures)]))
        found = self.answers
        if found.metric is not None and found.value is not None:
            ctx.report.fact(
                f"{found.metric} {found.value:.6g} on {found.rows} held-out rows through endpoint {self.endpoint}"
            )


def examine(wanted: Examination, ctx: Context) -> Examined:
    """Ask and measure; InputMissingError where the endpoint does not serve what is to be examined."""
    target = enter(wanted.environment, ctx)
    _require_live(wanted, target)
    endpoint, checks = wanted.environment.endpoint.name, wanted.environment.checks
    ctx.report.doing(f"asking endpoint {endpoint} {len(checks.requests)} questions")
    failures = ask(target.endpoints, endpoint, checks.requests)
    rows, found = _sample(wanted, ctx, target.endpoints)
    return Examined(
        endpoint=endpoint,
        where=f"account {target.id}, {target.region}",
        answers=Answers(
            requests=len(checks.requests),
            rows=rows,
            metric=checks.sample.metric if checks.sample else None,
            value=found.value,
        ),
        failures=failures + found.failures,
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


def _sample(wanted: Examination, ctx: Context, endpoints: Endpoints) -> tuple[int, Measured]:
    """How many held-out rows were sent, and what they came to."""
    limits, name = wanted.environment.checks.sample, wanted.environment.endpoint.name
    if limits is None:
        return 0, Measured(value=None)
    if wanted.sample is None:
        raise UsageError(f"`checks.sample` of {wanted.name} needs the data set {limits.data}")
    ctx.report.doing(f"sending up to {limits.rows} held-out rows to endpoint {name}")
    rows = sample.pick(ctx.accounts.tools.objects, wanted.sample, limits.rows)
    return len(rows), measured(endpoints, name, rows, limits)
