"""Brings one job to its end, whoever started it: adopt or create it, watch it, and explain what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.errors import CloudFailedError, InterruptedRunError, ModelyardError, TemporaryError
from agent.jobs.attempts import MOST_ATTEMPTS, Move, move
from agent.jobs.failures import cause_of, explain
from agent.jobs.log_follower import LogFollower
from agent.jobs.patience import CAPACITY_PACE, SERVICE_PACE, Patience, look_pause
from agent.ports.jobs import JobState, JobStatus, NoCapacityError

if TYPE_CHECKING:
    from agent.context import Context
    from agent.jobs.order import JobOrder
    from agent.ports.account import Account

_LOG_DELAY_SECONDS = 2.0


def complete(order: JobOrder, account: Account, context: Context) -> JobState:
    """The job of this order, completed; what was done before or is under way is adopted rather than started again.

    Raises UserCodeFailedError with the program's own words, AccessDeniedError, InputMissingError, CloudFailedError,
    TemporaryError when machines or services are not to be had for long, and InterruptedRunError.
    """
    return _Driver(order, account, context).complete()


class _Driver:
    """One order under way."""

    def __init__(self, order: JobOrder, account: Account, context: Context) -> None:
        self._order = order
        self._account = account
        self._clock = context.clock
        self._report = context.report
        self._stop_when_interrupted = context.stop_jobs
        self._what = f"{order.kind} job"
        seed = f"{context.run.id} {order.name(1)}"
        self._service = Patience(context.clock, context.report, seed, SERVICE_PACE)
        self._capacity = Patience(context.clock, context.report, seed, CAPACITY_PACE)
        self._watched: str | None = None

    def complete(self) -> JobState:
        """See :func:`complete`."""
        try:
            while True:
                job = self._begin()
                try:
                    return self._result(job)
                except NoCapacityError as error:
                    # Nothing ran and nothing was billed: another attempt may find machines.
                    self._watched = None
                    self._capacity.wait(error)
        except InterruptedRunError:
            self._leave()
            raise

    def _begin(self) -> JobState:
        """The first attempt that is of use; it is started if it has to be."""
        for attempt in range(1, MOST_ATTEMPTS + 1):
            name = self._order.name(attempt)
            job = self._describe(name)
            if job is not None and move(job, self._order.kept) is Move.AWAIT_END:
                job = self._until_over(job)
            if job is None:
                return self._create(name)
            if move(job, self._order.kept) is Move.ADOPT:
                self._report.fact(f"adopted the {self._what} {name}: {job.status}")
                return job
            self._report.fact(f"passed over the {self._what} {name}: {_why_useless(job)}")
        raise CloudFailedError(
            f"{MOST_ATTEMPTS} attempts at the {self._what} {self._order.name(1)} in account {self._account.id}, "
            f"{self._account.region}, came to nothing; mend what their failure reasons say"
        )

    def _create(self, name: str) -> JobState:
        """Start an attempt; where somebody else was faster, theirs is as good."""
        self._clock.check()
        request = self._order.request(name)
        # Before the call, for an interruption may come when it was heard but not answered.
        self._watched = name
        created = self._service.insist(lambda: self._account.jobs.create(self._order.kind, request))
        self._report.fact(f"{'started' if created else 'adopted'} the {self._what} {name}")
        return self._present(name)

    def _result(self, job: JobState) -> JobState:
        """The completed job, after its log was shown; raises what any other end means."""
        if job.status is JobStatus.COMPLETED:
            return job
        self._watched = job.name
        log = LogFollower(self._account.jobs, self._order.kind, job.name, self._report)
        job = self._until_over(job, log)
        if job.status is JobStatus.COMPLETED:
            return job
        # CloudWatch shows the last lines, which matter most now, a moment after they were written.
        self._clock.sleep(_LOG_DELAY_SECONDS)
        log.catch_up(whole=True)
        where = self._account
        raise explain(job, self._what, account=where.id, region=where.region, lines=log.last_lines)

    def _until_over(self, job: JobState, log: LogFollower | None = None) -> JobState:
        """The job at its end."""
        began = self._clock.now()
        while True:
            self._report.doing(f"{self._what} {job.name}: {job.phase or job.status}")
            if log is not None:
                log.catch_up(whole=job.over)
            if job.over:
                return job
            waited = (self._clock.now() - began).total_seconds()
            self._clock.sleep(look_pause(waited, self._service.chance))
            job = self._present(job.name)

    def _describe(self, name: str) -> JobState | None:
        return self._service.insist(lambda: self._account.jobs.describe(self._order.kind, name))

    def _present(self, name: str) -> JobState:
        """A job that is there, or will be in a moment: AWS's answers may lag behind its deeds."""

        def look() -> JobState:
            job = self._account.jobs.describe(self._order.kind, name)
            if job is None:
                where = f"account {self._account.id}, {self._account.region}"
                raise TemporaryError(f"there is no {self._what} {name} in {where}, although it was started; run again")
            return job

        return self._service.insist(look)

    def _leave(self) -> None:
        """Stop the job of an interrupted run, or say that it goes on."""
        if self._watched is None:
            return
        jobs, kind, name = self._account.jobs, self._order.kind, self._watched
        try:
            job = jobs.describe(kind, name)
            if job is None or job.over:
                return
            if self._stop_when_interrupted:
                jobs.stop(kind, name)
        except ModelyardError as error:
            self._report.warn(f"the {self._what} {name} may still be running: {error}")
        else:
            done = "stopping" if self._stop_when_interrupted else "left for the next build to adopt"
            self._report.fact(f"{done}: the {self._what} {name}")


def _why_useless(job: JobState) -> str:
    if job.status is JobStatus.COMPLETED:
        return "it completed, but its output is gone"
    return f"{job.status}, {cause_of(job, ()).title}"
