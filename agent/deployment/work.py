"""One deployment under way: it moves the endpoint, proves what is live, remembers it, and clears up behind itself."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal, Protocol

from agent.deployment.approval import approved
from agent.deployment.executor import carry_out
from agent.deployment.live import look
from agent.deployment.order import Bringing, Order, enter
from agent.deployment.plan import Plan, past, plan
from agent.deployment.progress import Progress, progress, progress_of
from agent.deployment.proof import failure
from agent.deployment.watch import Watch, settled
from agent.errors import AccessDeniedError, CloudFailedError, InterruptedRunError, ModelyardError, TemporaryError
from agent.ledger.environments import Deployment, Environments
from agent.ledger.leases import EnvironmentLock, LeaseLostError
from agent.naming import short

if TYPE_CHECKING:
    from datetime import datetime

    from agent.context import Context
    from agent.deployment.live import Live
    from agent.ports.endpoints import EndpointState

_LOG_LINES = 20
_ALARM_PAUSE = 10.0
_ATTEMPTS = 10
"""How often a deployment begins anew because scaling, or someone else, was faster to change the endpoint."""


class History(Protocol):
    """What became of an environment; :class:`agent.ledger.environments.Environments` is one."""

    def history(self, environment: str) -> tuple[Deployment, ...]:
        """Everything that was tried in an environment, oldest first."""

    def add(self, deployment: Deployment) -> Deployment:
        """Keep a deployment, and answer it as it is kept."""


class Work:
    """A deployment from its beginning to its end; ``lock`` is held by this run."""

    def __init__(
        self, order: Bringing, ctx: Context, lock: EnvironmentLock, environments: History | None = None
    ) -> None:
        self._order = order
        self._ctx = ctx
        self._environments = environments or Environments(ctx.ledger)
        self._target = enter(order.environment, ctx)
        self._wanted = order.desired(ctx)
        self._history = self._environments.history(order.name)
        self._current = next((one for one in reversed(self._history) if one.status == "done"), None)
        self._lock = lock
        self._come(progress(order.name, ctx, config=self._wanted.name))
        self._watch = Watch(
            endpoints=self._target.endpoints,
            clock=ctx.clock,
            report=ctx.report,
            visit=ctx.visit,
            beat=self._beat,
            where=f"account {self._target.id}, {self._target.region}",
        )

    def deploy(self) -> Deployment:
        """From whatever is there to a proved deployment; how it ends stands in the history."""
        try:
            state, todo = self._make_live()
            carry_out(todo.follow, self._watch)
        except LeaseLostError:
            raise
        except InterruptedRunError as error:
            self._note("interrupted", str(error))
            raise
        except ModelyardError as error:
            self._note("failed", str(error))
            raise
        removed = self._remove(todo)
        self._ctx.report.fact(f"{self._order.label} is live in {self._order.name}: endpoint {state.arn}")
        return self._environments.add(self._entry("done", endpoint=state.arn, removed=removed))

    def _come(self, far: Progress) -> None:
        """Know how far the deployment has come, in this visit and the next."""
        self._progress = far
        self._ctx.visit.remember(progress_of(self._order.name), far)

    def _beat(self) -> None:
        """Stop before the next change when the run is to end, or when another run has the environment by now."""
        self._ctx.clock.check()
        self._lock.renew(self._ctx.clock)

    def _make_live(self) -> tuple[EndpointState, Plan]:
        """The endpoint that serves what is wanted; where that fails, scaling that was taken down for it is put back."""
        try:
            return self._move()
        except (LeaseLostError, InterruptedRunError):
            raise
        except ModelyardError:
            self._put_back()
            raise

    def _put_back(self) -> None:
        try:
            carry_out(self._progress.restoring, self._watch)
        except ModelyardError as error:
            self._ctx.report.warn(f"{self._wanted.endpoint} is not scaled until its next deployment: {error}")

    def _move(self) -> tuple[EndpointState, Plan]:
        if self._progress.moved:
            live = look(self._watch.endpoints, self._wanted)
            return self._proved(live.state), self._plan(live)
        for _ in range(_ATTEMPTS):
            live, adopted = self._settle()
            todo = self._plan(live)
            if not adopted:
                self._say_what_differs(live)
                self._come(self._progress.changing(todo.restore))
                if todo.change and live.state is not None:
                    self._await_calm()
                self._beat()
                self._order = _allowed(self._order, self._ctx)
                if not carry_out(todo.prepare + todo.change, self._watch):
                    continue
            return self._proved(live.state if adopted else None), todo
        raise TemporaryError(
            f"endpoint {self._wanted.endpoint} in {self._watch.where} was changed by others again and again; try later"
        )

    def _settle(self) -> tuple[Live, bool]:
        """The endpoint at rest, and whether this very deployment was under way already."""
        wanted = self._wanted
        live = look(self._watch.endpoints, wanted)
        if live.state is None or live.state.steady:
            return live, False
        adopted = live.state.target == wanted.name and live.state.status != "Deleting"
        if adopted:
            self._ctx.report.fact(f"{self._order.label} is being deployed already: waiting for that")
            return live, True
        settled(wanted.endpoint, self._watch, towards=wanted.name)
        return look(self._watch.endpoints, wanted), False

    def _plan(self, live: Live) -> Plan:
        history = past(self._history, self._wanted, keep=self._order.environment.keep)
        return plan(self._wanted, live, history, account=self._target.id)

    def _proved(self, adopted: EndpointState | None) -> EndpointState:
        """The endpoint, in service with what is wanted; raises with the reason of a failure."""
        name = self._wanted.endpoint
        first = adopted or self._watch.endpoints.describe(name)
        self._come(self._progress.moving(since=first.changing_since if first else None))
        state = settled(name, self._watch, towards=self._wanted.name)
        found = failure(self._wanted, state)
        if found is not None:
            raise found.kind(self._explained(found.reason, since=self._progress.changing_since))
        assert state is not None  # an endpoint that is gone is a failure
        return state

    def _explained(self, reason: str, *, since: datetime | None) -> str:
        """A failure with everything that helps to understand it."""
        endpoints, name = self._watch.endpoints, self._wanted.endpoint
        lines = [
            f"{self._order.label} is not live in {self._order.name} (endpoint {name}, {self._watch.where}): {reason}",
        ]
        try:
            lines += [f"this alarm went off: {alarm}" for alarm in endpoints.firing(self._wanted.alarm_names)]
            log = endpoints.last_lines(name, _LOG_LINES, since=since)
            lines += ["the container's last lines:", *(f"  {line}" for line in log)] if log else []
        except (AccessDeniedError, CloudFailedError, TemporaryError) as error:
            lines.append(f"({error})")
        return "\n".join(lines)

    def _await_calm(self) -> None:
        """Let alarms of an earlier update fall silent, for one that is off when an update begins undoes it at once."""
        alarms, clock = self._wanted.alarms, self._ctx.clock
        longest = max((alarm["Period"] * (alarm["EvaluationPeriods"] + 2) for alarm in alarms), default=0)
        what, visit = f"calm of {self._wanted.endpoint}", self._ctx.visit
        began = visit.since(what, clock.now())
        deadline = began + timedelta(seconds=longest)
        while firing := self._watch.endpoints.firing(self._wanted.alarm_names):
            if clock.now() >= deadline:
                raise TemporaryError(
                    f"endpoint {self._wanted.endpoint} in {self._watch.where} cannot be updated: these alarms are off "
                    f"already and would undo the update at once: {', '.join(firing)}; mend what they show, or take "
                    "them out of the environment's `strategy`"
                )
            told = f"waiting for alarms to fall silent: {', '.join(firing)}"
            self._ctx.report.doing(told)
            visit.rest(clock, _ALARM_PAUSE, told, since=began)
            self._beat()
        visit.forget(what)

    def _say_what_differs(self, live: Live) -> None:
        """An endpoint that was changed behind the history's back is brought back, but not silently."""
        current, state = self._current, live.state
        if current is None or self._progress.said:
            return
        former = current.endpoint.rpartition("/")[2]
        if former.lower() != self._wanted.endpoint.lower():
            self._ctx.report.warn(
                f"{self._order.name} was served by endpoint {former} so far, which stays as it is in "
                f"{self._watch.where} and costs what it costs: delete it when nobody calls it any more"
            )
        elif state is not None and state.config not in {current.config, self._wanted.name}:
            self._ctx.report.warn(
                f"endpoint {state.name} serves {state.config}, but the last deployment brought {current.config} "
                f"(release {short(current.release)}): it was changed by something else; deploying anyway"
            )

    def _remove(self, todo: Plan) -> tuple[str, ...]:
        """Take away what is no longer needed; what cannot be removed now is left for the next deployment."""
        done: list[str] = []
        try:
            for action in todo.remove:
                carry_out((action,), self._watch)
                done.append(action.resource)
        except LeaseLostError:
            raise
        except ModelyardError as error:
            self._ctx.report.warn(f"old models are left for the next deployment to remove: {error}")
        # A name is of a configuration and of a model.
        return tuple(name for name in dict.fromkeys(done) if done.count(name) == 2)

    def _note(self, status: Literal["failed", "interrupted"], reason: str) -> None:
        try:
            state = self._watch.endpoints.describe(self._wanted.endpoint)
            arn = state.arn if state else self._wanted.endpoint
            self._environments.add(self._entry(status, endpoint=arn, reason=reason))
        except ModelyardError as unreachable:
            self._ctx.report.warn(f"the history does not know of this failure: {unreachable}")

    def _entry(
        self,
        status: Literal["done", "failed", "interrupted"],
        *,
        endpoint: str,
        reason: str = "",
        removed: tuple[str, ...] = (),
    ) -> Deployment:
        run = self._ctx.run
        return Deployment(
            environment=self._order.name,
            release=self._order.digest,
            action=self._order.action,
            status=status,
            reason=reason,
            run=run.id,
            who=run.who,
            build_url=run.build_url,
            endpoint=endpoint,
            config=self._wanted.name,
            settings=self._wanted.settings,
            alarms=self._wanted.alarm_names,
            removed=removed,
            replaced=self._current.release if self._current else None,
            approval=self._order.approval,
            started=self._progress.started,
            ended=self._ctx.clock.now(),
        )


def _allowed(order: Bringing, ctx: Context) -> Bringing:
    """What is to come to an environment, with its approval; nothing else needs one."""
    return approved(order, ctx) if isinstance(order, Order) else order
