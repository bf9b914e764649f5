"""Brings one job to its end, whoever started it: adopt or create it, watch it, and explain what became of it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from agent.errors import CloudFailedError, InterruptedRunError, ModelyardError, TemporaryError
from agent.jobs.attempts import MOST_ATTEMPTS, Move, move
from agent.jobs.failures import OVER_TIME, cause_of, explain, program_matters
from agent.jobs.log_follower import LogFollower, LogMark
from agent.jobs.patience import CAPACITY_PACE, SERVICE_PACE, Patience, look_pause
from agent.ports.jobs import JobState, JobStatus, NoCapacityError
from agent.visit import Note

if TYPE_CHECKING:
    from agent.context import Context
    from agent.jobs.order import JobOrder
    from agent.ports.account import Account

_LOG_DELAY_SECONDS = 2.0
_PACES = {"an answer about": SERVICE_PACE, "a quota for": SERVICE_PACE, "machines for": CAPACITY_PACE}
"""What is waited for in vain at times, each with a budget of its own."""


def complete(order: JobOrder, account: Account, context: Context) -> JobState:
    """The job of this order, completed; what was done before or is under way is adopted rather than started again.

    Raises UserCodeFailedError with the program's own words, AccessDeniedError, InputMissingError, CloudFailedError,
    TemporaryError when machines or services are not to be had for long, and InterruptedRunError. A visit that ends
    before the job raises ComeAgain; the next one goes on with that very job, whatever has become of it.
    """
    return _Driver(order, account, context).complete()


class Following(Note):
    """How far a run has come with an order: the job that it follows, and how many attempts it has passed over.

    ``over_time`` says that the job was stopped because it took longer than it may.
    """

    job: str = ""
    passed: int = 0
    log: LogMark = LogMark()
    over_time: bool = False


class _Driver:
    """One order under way."""

    def __init__(self, order: JobOrder, account: Account, context: Context) -> None:
        self._order = order
        self._account = account
        self._clock = context.clock
        self._report = context.report
        self._stop_when_interrupted = context.stop_jobs
        self._what = f"{order.kind} job"
        self._visit = context.visit
        first = order.name(1)
        self._service, self._quota, self._capacity = (
            Patience(
                context.clock,
                context.report,
                f"{context.run.id} {first}",
                pace,
                visit=self._visit,
                what=f"{what} {first}",
            )
            for what, pace in _PACES.items()
        )
        self._watched: str | None = None
        self._known = f"{self._what} {first}"
        self._following = self._visit.recall(self._known, Following) or Following()

    def complete(self) -> JobState:
        """See :func:`complete`."""
        try:
            job = self._complete()
        except InterruptedRunError:
            self._leave()
            raise
        finally:
            if not self._visit.limited:
                self._visit.forget(self._known)
        self._remove_model(job.name)
        return job

    def _complete(self) -> JobState:
        self._quota.resume()
        self._capacity.resume()
        while True:
            job = self._begin()
            try:
                return self._result(job)
            except NoCapacityError as error:
                # Nothing ran and nothing was billed: another attempt may find machines.
                self._watched = None
                self._follow(job="", log=LogMark())
                self._capacity.wait(error)

    def _begin(self) -> JobState:
        """The first attempt that is of use; it is started if it has to be."""
        if self._following.job:
            return self._present(self._following.job)
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
            if attempt > self._following.passed:
                self._report.fact(f"passed over the {self._what} {name}: {_why_useless(job)}")
                self._remove_model(name)
                self._follow(passed=attempt)
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
        self._make_model(name)
        created = self._quota.insist(lambda: self._account.jobs.create(self._order.kind, request))
        self._report.fact(f"{'started' if created else 'adopted'} the {self._what} {name}")
        return self._present(name)

    def _make_model(self, name: str) -> None:
        """What a transform job asks; where somebody else was faster, theirs is the same."""
        if (serving := self._order.serving) is not None:
            request = serving.model(name)
            self._service.insist(lambda: self._account.endpoints.create_model(request))

    def _remove_model(self, name: str) -> None:
        """Leave no model behind of an attempt that is over; one that stays costs nothing, and is only told."""
        if self._order.serving is None:
            return
        try:
            self._service.insist(lambda: self._account.endpoints.delete_model(name))
        except InterruptedRunError:
            raise
        except ModelyardError as error:
            self._report.warn(f"the model {name}, which only the {self._what} needed, is left: {error}")

    def _result(self, job: JobState) -> JobState:
        """The completed job, after its log was shown; raises what any other end means."""
        if job.status is JobStatus.COMPLETED and job.name != self._following.job:
            return job
        self._watched = job.name
        log = LogFollower(self._account.jobs, self._order.kind, job.name, self._report, self._following.log)
        self._follow(job=job.name)
        job = self._until_over(job, log)
        if job.status is JobStatus.COMPLETED:
            return job
        if program_matters(job):
            # CloudWatch shows the last lines, which matter most now, a moment after they were written.
            self._clock.sleep(_LOG_DELAY_SECONDS)
        log.catch_up(whole=True)
        self._follow(log=log.mark)
        self._remove_model(job.name)
        where = self._account
        if self._order.serving is not None and self._following.over_time:
            job = replace(job, phase=OVER_TIME, max_runtime=self._order.serving.max_runtime)
        raise explain(job, self._what, account=where.id, region=where.region, lines=log.last_lines())

    def _until_over(self, job: JobState, log: LogFollower | None = None) -> JobState:
        """The job at its end."""
        name = f"{self._what} {job.name}"
        began = self._visit.since(f"the end of {name}", self._clock.now())
        while True:
            self._report.doing(f"{name}: {job.phase or job.status}")
            if log is not None:
                log.catch_up(whole=job.over)
                self._follow(log=log.mark)
            if job.over:
                return job
            if self._is_over_time(job):
                self._follow(over_time=True)
                self._service.insist(partial(self._account.jobs.stop, self._order.kind, job.name))
            waited = (self._clock.now() - began).total_seconds()
            stage = f"{job.status}, {job.phase}" if job.phase else str(job.status)
            pause = look_pause(waited, self._service.chance)
            self._visit.rest(self._clock, pause, f"{name}: {stage}", since=began)
            job = self._present(job.name)

    def _is_over_time(self, job: JobState) -> bool:
        """Whether a job that SageMaker knows no limit for has used up its own; none is ended twice."""
        if self._order.serving is None or job.started is None or job.status is not JobStatus.IN_PROGRESS:
            return False
        return (self._clock.now() - job.started).total_seconds() > self._order.serving.max_runtime

    def _follow(self, **changes: Any) -> None:
        self._following = self._following.model_copy(update=changes)
        self._visit.remember(self._known, self._following)

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
                self._remove_model(name)
        except ModelyardError as error:
            self._report.warn(f"the {self._what} {name} may still be running: {error}")
        else:
            done = "stopping" if self._stop_when_interrupted else "left for the next build to adopt"
            self._report.fact(f"{done}: the {self._what} {name}")


def _why_useless(job: JobState) -> str:
    if job.status is JobStatus.COMPLETED:
        return "it completed, but its output is gone"
    return f"{job.status}, {cause_of(job, ()).title}"
