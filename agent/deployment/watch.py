"""Waits for endpoints while telling how they get on, as long as the run is alive and holds the environment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from agent.errors import TemporaryError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from agent.ports.endpoints import Endpoints, EndpointState
    from agent.ports.reporter import Reporter
    from agent.ports.time import Clock
    from agent.visit import Visit

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 15.0
PATIENCE = timedelta(hours=1)
"""How long a change that someone else began is waited for."""


@dataclass(frozen=True, kw_only=True)
class Watch:
    """What a wait needs: ``beat`` is called between any two looks, and raises when the run has to stop.

    A wait raises ComeAgain when the ``visit`` is over, and goes on with the next one. ``where`` names account and
    region for people.
    """

    endpoints: Endpoints
    clock: Clock
    report: Reporter
    visit: Visit
    beat: Callable[[], None]
    where: str


def settled(name: str, watch: Watch, *, towards: str) -> EndpointState | None:
    """The endpoint once nothing changes any more by itself; None where there is none.

    A change towards the configuration ``towards`` is waited for as long as SageMaker lets it run, any other one for at
    most an hour: then TemporaryError. Raises InterruptedRunError when the run is to end; the change goes on.
    """
    what = f"the rest of {name}"
    began, pause = watch.visit.since(what, watch.clock.now()), _FIRST_PAUSE
    while (state := watch.endpoints.describe(name)) is not None and not state.steady:
        if state.target != towards and watch.clock.now() - began > PATIENCE:
            raise TemporaryError(
                f"endpoint {name} in {watch.where} is still {state.status} (towards {state.target}) after "
                f"{PATIENCE}; that change is not this run's: try again when it has ended"
            )
        pause = _rest(watch, pause, _progress(state, towards), began)
    watch.visit.forget(what)
    return state


def gone(name: str, watch: Watch) -> None:
    """Return once an endpoint that is being deleted is no longer there."""
    what = f"the end of {name}"
    began, pause = watch.visit.since(what, watch.clock.now()), _FIRST_PAUSE
    while (state := watch.endpoints.describe(name)) is not None:
        pause = _rest(watch, pause, f"endpoint {name} is {state.status}", began)
    watch.visit.forget(what)


def _rest(watch: Watch, pause: float, progress: str, began: datetime) -> float:
    """Wait before the next look; the pause before the one after that."""
    watch.report.doing(progress)
    watch.visit.rest(watch.clock, pause, progress, since=began)
    watch.beat()
    return min(pause * 1.3, _LONGEST_PAUSE)


def _progress(state: EndpointState, towards: str) -> str:
    others = "" if state.target == towards else f" towards {state.target}, which someone else began"
    return f"endpoint {state.name} is {state.status}{others}"
