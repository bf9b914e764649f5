"""Brings a release to an environment under its lease, unless it is there already."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from agent.deployment.approval import approved
from agent.deployment.live import look
from agent.deployment.order import Order, enter
from agent.deployment.plan import past, plan, serves
from agent.deployment.progress import progress, progress_of
from agent.deployment.work import Work
from agent.errors import InputMissingError, InterruptedRunError, ModelyardError
from agent.ledger.environments import Deployment, Environments
from agent.ledger.leases import EnvironmentLock, LeaseLostError
from agent.visit import ComeAgain, Note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from agent.context import Context
    from agent.step import Action

T = TypeVar("T")


class Entered(Note):
    """That a run has had the lease: where another run of the same work has it now, it was taken over."""


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


def under_way(order: Order, ctx: Context) -> bool:
    """Whether this run needs no proof of the release any more: an earlier visit had one before it took the lease."""
    return ctx.visit.resumed and holds(order.name, ctx)


def holds(environment: str, ctx: Context) -> bool:
    """Whether the ledger says that this very run's same work has the environment's lease, and has not given it back."""
    return _lock(environment, ctx).has_it(ctx.clock)


def bring(order: Order, ctx: Context) -> Deployment:
    """Make the release live, and answer the history's entry of it.

    Raises UserCodeFailedError or CloudFailedError with SageMaker's reason and the container's last lines where it is
    not live in the end, InputMissingError where the environment needs an approval that does not count at that moment,
    and TemporaryError where another run holds the environment. A visit that ends before raises ComeAgain and keeps the
    lease.
    """
    return under_lease(order.name, ctx, partial(_brought, order, ctx))


def under_lease(environment: str, ctx: Context, work: Callable[[EnvironmentLock], T]) -> T:
    """Do some work under an environment's lease; once another run of the same work takes that over, look on."""
    try:
        with lease(environment, ctx, reenter=True) as lock:
            return work(lock)
    except LeaseLostError as error:
        # The same work was started a second time while this run was at it: that one goes on, this one waits for it.
        ctx.report.warn(f"{error}; waiting for it")
        ctx.visit.remember(_entered(environment), Entered())
        with lease(environment, ctx, reenter=False) as lock:
            return work(lock)


def _entered(environment: str) -> str:
    return f"entering {environment}"


def _brought(order: Order, ctx: Context, lock: EnvironmentLock) -> Deployment:
    return recalled(order, ctx) or Work(_allowed(order, ctx), ctx, lock).deploy()


def _allowed(order: Order, ctx: Context) -> Order:
    """The order with its approval; a run that is to end only says how far it came, which needs none.

    Nor does one whose update was rolled back during a nap, for only its failure is left to tell.
    """
    try:
        ctx.clock.check()
        return approved(order, ctx)
    except InterruptedRunError:
        return order
    except InputMissingError:
        if not _was_undone(order, ctx):
            raise
        return order


def _was_undone(order: Order, ctx: Context) -> bool:
    wanted = order.desired(ctx)
    state = enter(order.environment, ctx).endpoints.describe(wanted.endpoint)
    return progress(order.name, ctx, config=wanted.name).moved and (state is None or state.target != wanted.name)


@contextmanager
def lease(environment: str, ctx: Context, *, reenter: bool) -> Iterator[EnvironmentLock]:
    """The environment's lease, given back at the end; between two visits it is kept."""
    visit, lock = ctx.visit, _lock(environment, ctx)
    before = visit.recall(_entered(environment), Entered)
    had_it = lock.enter(ctx.clock, ctx.report, reenter=reenter and before is None, visit=visit)
    visit.remember(_entered(environment), Entered())
    if not had_it:
        visit.forget(progress_of(environment))
    try:
        yield lock
    except ComeAgain as leaving:
        with _told(f"the lease of {environment} may run out before the next visit", ctx):
            lock.keep(ctx.clock, leaving.pause)
        raise
    except BaseException:
        _give_back(lock, environment, ctx)
        raise
    _give_back(lock, environment, ctx)


def _lock(environment: str, ctx: Context) -> EnvironmentLock:
    run = ctx.run
    return EnvironmentLock(ctx.ledger, environment, key=ctx.key, run=run.id, who=run.who, build_url=run.build_url)


def _give_back(lock: EnvironmentLock, environment: str, ctx: Context) -> None:
    ctx.visit.forget(_entered(environment))
    ctx.visit.forget(progress_of(environment))
    with _told(f"the lease of {environment} runs out by itself in a few minutes", ctx):
        lock.leave(ctx.clock)


@contextmanager
def _told(what: str, ctx: Context) -> Iterator[None]:
    """Tell of a failure that changes nothing."""
    try:
        yield
    except ModelyardError as error:
        ctx.report.warn(f"{what}: {error}")
