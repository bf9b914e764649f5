"""Brings a release to an environment under its lease, unless it is there already."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from agent.deployment.live import look
from agent.deployment.order import Order, enter
from agent.deployment.plan import past, plan, serves
from agent.deployment.work import Work
from agent.errors import ModelyardError
from agent.ledger.environments import Deployment, Environments
from agent.ledger.leases import EnvironmentLock, LeaseLostError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agent.context import Context
    from agent.step import Action


def planned(order: Order, ctx: Context) -> Sequence[Action]:
    """What :func:`bring` would write now."""
    target, wanted = enter(order.environment, ctx), order.desired(ctx)
    history = Environments(ctx.ledger).history(order.name)
    live = look(target.endpoints, wanted)
    return plan(wanted, live, past(history, wanted, keep=order.environment.keep), account=target.id).actions


def recalled(order: Order, ctx: Context) -> Deployment | None:
    """The deployment that made the release live, if it still is; reads only."""
    current, wanted = Environments(ctx.ledger).current(order.name), order.desired(ctx)
    if current is None or (current.release, current.settings) != (order.digest, wanted.settings):
        return None
    state = enter(order.environment, ctx).endpoints.describe(wanted.endpoint)
    return current if serves(wanted, state) else None


def bring(order: Order, ctx: Context) -> Deployment:
    """Make the release live, and answer the history's entry of it.

    Raises UserCodeFailedError or CloudFailedError with SageMaker's reason and the container's last lines where it is
    not live in the end, and TemporaryError where another run holds the environment.
    """
    try:
        return _under_lease(order, ctx, reenter=True)
    except LeaseLostError as error:
        # The same work was started a second time while this run was at it: that one goes on, this one looks on.
        ctx.report.warn(f"{error}; waiting for it")
        return _under_lease(order, ctx, reenter=False)


def _under_lease(order: Order, ctx: Context, *, reenter: bool) -> Deployment:
    with _lease(order.name, ctx, reenter=reenter) as lock:
        return recalled(order, ctx) or Work(order, ctx, lock).deploy()


@contextmanager
def _lease(environment: str, ctx: Context, *, reenter: bool) -> Iterator[EnvironmentLock]:
    run = ctx.run
    lock = EnvironmentLock(ctx.ledger, environment, key=ctx.key, run=run.id, who=run.who, build_url=run.build_url)
    lock.enter(ctx.clock, ctx.report, reenter=reenter)
    try:
        yield lock
    finally:
        try:
            lock.leave(ctx.clock)
        except ModelyardError as error:
            ctx.report.warn(f"the lease of {environment} runs out by itself in a few minutes: {error}")
