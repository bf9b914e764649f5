"""The right to change an environment: one run has it at a time, and loses it when it no longer gives a sign of life.

A lease is one document. It is taken, renewed and given back by conditional puts, so that of two who try at once S3 lets
one win. It is dated by the clocks of the agents, which must not be wrong by minutes.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from agent.errors import TemporaryError
from agent.ledger.environments import Environments
from agent.ledger.records import Record
from agent.visit import Visit

if TYPE_CHECKING:
    from agent.ledger.ledger import Ledger
    from agent.ports.reporter import Reporter
    from agent.ports.time import Clock

LIFETIME = timedelta(minutes=5)
"""How long a lease lasts without being renewed; longer than the longest single request with its retries."""
LATENESS = timedelta(minutes=10)
"""How much later than agreed the next visit of a holder may come, for example because no agent is free."""
PATIENCE = timedelta(minutes=30)
"""How long a run waits for the one that holds the lease."""
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 10.0


class Lease(Record):
    """Who may change an environment; ``key`` is the content key of the work, ``run`` and ``who`` are of the holder."""

    key: str
    run: str
    who: str
    build_url: str = ""
    since: datetime
    expires: datetime
    released: bool = False

    def same_holder(self, other: Lease) -> bool:
        """Whether both are of one run's same work."""
        return (self.run, self.key) == (other.run, other.key)


class LeaseLostError(TemporaryError):
    """Another run has taken the lease over."""


def is_free(present: Lease | None, wanted: Lease, *, now: datetime, reenter: bool) -> bool:
    """Whether a lease may be taken: nobody has it, it was given back, it ran out, or it is of the same work.

    The same work again is a build that was lost and started anew: it need not wait until its own lease runs out.
    """
    if present is None or present.released or present.expires <= now:
        return True
    return present.same_holder(wanted) or (reenter and present.key == wanted.key)


class EnvironmentLock:
    """One run's claim to one environment."""

    def __init__(self, ledger: Ledger, environment: str, *, key: str, run: str, who: str, build_url: str) -> None:
        self._ledger = ledger
        self._environment = environment
        self._holder = {"key": key, "run": run, "who": who, "build_url": build_url}
        self._name = f"environments/{environment}/lock.json"
        self._held: tuple[Lease, str] | None = None
        self._had_it = False

    def enter(
        self,
        clock: Clock,
        report: Reporter,
        *,
        reenter: bool = True,
        patience: timedelta = PATIENCE,
        visit: Visit | None = None,
    ) -> bool:
        """Take the lease, waiting for whoever has it; whether this very run's same work had it all the time.

        TemporaryError tells who has it, once ``patience`` is used up; ComeAgain, when the ``visit`` is over before.
        """
        visit, what = visit or Visit(), f"the lease of {self._environment}"
        began, pause = visit.since(what, clock.now()), _FIRST_PAUSE
        while (holder := self._try(clock.now(), reenter=reenter)) is not None:
            if clock.now() >= began + patience:
                raise TemporaryError(f"{self._occupied(holder)}; try again when it has ended")
            report.doing(self._occupied(holder))
            visit.rest(clock, pause, self._occupied(holder), since=began)
            pause = min(pause * 1.5, _LONGEST_PAUSE)
        visit.forget(what)
        return self._had_it

    def renew(self, clock: Clock) -> None:
        """Give a sign of life, if it is time for one; LeaseLostError when another run has taken over.

        Called before every change, so that of two runs of the same work the earlier one stops when the later begins.
        """
        lease, etag = self._confirm(self._mine())
        now = clock.now()
        if lease.expires - now <= LIFETIME / 2:
            longer = lease.model_copy(update={"expires": now + LIFETIME})
            self._ledger.replace(self._name, longer, etag=etag)
            self._confirm(longer)

    def has_it(self, clock: Clock) -> bool:
        """Whether the ledger says that this very run's same work has the lease, from an earlier visit."""
        found = self._ledger.read(self._name, Lease)
        if found is None or found.released or found.expires <= clock.now():
            return False
        return (found.run, found.key) == (self._holder["run"], self._holder["key"])

    def keep(self, clock: Clock, seconds: float) -> None:
        """Have the lease last until the next visit, so many seconds from now; LeaseLostError as for :meth:`renew`."""
        lease, etag = self._confirm(self._mine())
        longer = lease.model_copy(update={"expires": clock.now() + timedelta(seconds=seconds) + LATENESS})
        self._ledger.replace(self._name, longer, etag=etag)
        self._confirm(longer)

    def leave(self, clock: Clock) -> None:
        """Give the lease back, unless it is another run's by now."""
        if self._held is None:
            return
        (lease, etag), self._held = self._held, None
        over = lease.model_copy(update={"released": True, "expires": clock.now()})
        self._ledger.replace(self._name, over, etag=etag)

    def _try(self, now: datetime, *, reenter: bool) -> Lease | None:
        """Take the lease if it is free; else who has it."""
        wanted = Lease.model_validate({**self._holder, "since": now, "expires": now + LIFETIME})
        found = self._ledger.version(self._name, Lease)
        if found is not None and not is_free(found[0], wanted, now=now, reenter=reenter) and not self._over(found[0]):
            return found[0]
        self._had_it = found is not None and not found[0].released and found[0].same_holder(wanted)
        if found is not None and self._had_it:
            wanted = wanted.model_copy(update={"since": found[0].since})
        if found is None:
            self._ledger.create(self._name, wanted)
        else:
            self._ledger.replace(self._name, wanted, etag=found[1])
        # Whoever is there now has won, even if the answer to our own put was lost.
        present = self._ledger.version(self._name, Lease)
        if present is not None and present[0] == wanted:
            self._held = present
            return None
        return present[0] if present else wanted

    def _over(self, holder: Lease) -> bool:
        """Whether the holder has told its end, and was lost before it gave the lease back.

        It was the last thing that it had to do: a history's entry is written when everything else is done.
        """
        last = next(Environments(self._ledger).newest_first(self._environment), None)
        return last is not None and last.run == holder.run and last.ended >= holder.since

    def _mine(self) -> Lease:
        if self._held is None:
            raise LeaseLostError(f"this run does not hold the lease of {self._environment}")
        return self._held[0]

    def _confirm(self, lease: Lease) -> tuple[Lease, str]:
        """The lease as it lies in the ledger, which must be this one."""
        present = self._ledger.version(self._name, Lease)
        if present is None or present[0] != lease:
            self._held = None
            by = f" by run {present[0].run} of {present[0].who}" if present else ""
            raise LeaseLostError(f"the deployment to {self._environment} was taken over{by}")
        self._held = present
        return present

    def _occupied(self, holder: Lease) -> str:
        url = f", {holder.build_url}" if holder.build_url else ""
        return (
            f"environment {self._environment} is being changed by run {holder.run} of {holder.who} "
            f"since {holder.since:%Y-%m-%d %H:%M:%S} UTC{url}"
        )
