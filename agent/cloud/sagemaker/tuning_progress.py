"""How far a tuning job is, and what it does next: pure functions of its training jobs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.cloud.sagemaker.jobs import JobStatus
from agent.cloud.sagemaker.tuning_search import Trial

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.cloud.sagemaker.operation import Members
    from agent.cloud.sagemaker.training_state import MetricValue, TrainingJob
    from agent.cloud.sagemaker.tuning_definition import Definition, Objective

_ENOUGH_FAILURES = 5
_IMPROVEMENT = 0.01
ALL_FAILED = "All training jobs failed. Please take a look at the training jobs failures to get more details."
NO_METRIC = (
    "No objective metrics found after running {count} training jobs. Please ensure that the custom algorithm is "
    "emitting the objective metric as defined by the regular expression provided."
)


@dataclass(frozen=True, kw_only=True)
class Run:
    """One training job of a tuning job, with the definition that it was launched from."""

    job: TrainingJob
    definition: Definition

    @property
    def final(self) -> MetricValue | None:
        """The last value of the objective, of a job that has completed or was stopped early."""
        return self.job.metrics.get(self.definition.objective.metric) if self.job.over else None

    @property
    def objective_status(self) -> str:
        """``ObjectiveStatus``."""
        if not self.job.over:
            return "Pending"
        return "Succeeded" if self.job.status is JobStatus.COMPLETED and self.final is not None else "Failed"

    @property
    def loss(self) -> float | None:
        """The objective turned so that smaller is better; None for a run that does not count."""
        if self.objective_status != "Succeeded" or self.final is None:
            return None
        return self.definition.objective.loss(self.final.value)

    @property
    def trial(self) -> Trial:
        """What a search strategy sees of this run."""
        tuned = self.job.tuning.tuned if self.job.tuning else {}
        return Trial(values=tuned, loss=self.loss)


def best(runs: Sequence[Run]) -> Run | None:
    """The run with the best objective; of equal ones the first."""
    counted = [(run.loss, index) for index, run in enumerate(runs) if run.loss is not None]
    return runs[min(counted)[1]] if counted else None


def not_improving(runs: Sequence[Run]) -> int:
    """How many runs, in the order they ended, have come since one was better by at least 1 %."""
    ended = sorted((r for r in runs if r.loss is not None and r.job.ended), key=lambda r: (r.job.ended, r.job.name))
    count, least = 0, None
    for run in ended:
        loss = run.loss
        assert loss is not None
        if least is None or loss < least - abs(least) * _IMPROVEMENT:
            count, least = 0, loss
        else:
            count += 1
    return count


def completed_early(config: Mapping[str, Any], runs: Sequence[Run]) -> bool:
    """Whether one of the job's ``TuningJobCompletionCriteria`` is met."""
    criteria = config.get("TuningJobCompletionCriteria") or {}
    target = criteria.get("TargetObjectiveMetricValue")
    if target is not None and any(_reached(run, float(target)) for run in runs):
        return True
    limit = (criteria.get("BestObjectiveNotImproving") or {}).get("MaxNumberOfTrainingJobsNotImproving")
    return limit is not None and not_improving(runs) >= limit


def _reached(run: Run, target: float) -> bool:
    return run.loss is not None and run.loss <= run.definition.objective.loss(target)


def hopeless(runs: Sequence[Run], *, finished: bool) -> str | None:
    """Why a tuning job fails: of all its runs, or of the first five, none brought an objective."""
    over = [run for run in runs if run.job.over]
    if any(run.objective_status == "Succeeded" for run in over) or not over:
        return None
    if not finished and len(over) < _ENOUGH_FAILURES:
        return None
    if any(run.job.status is JobStatus.COMPLETED for run in over):
        return NO_METRIC.format(count=len(over))
    return ALL_FAILED if any(run.job.status is JobStatus.FAILED for run in over) else None


def status_counters(runs: Sequence[Run]) -> Members:
    """``TrainingJobStatusCounters``."""
    counts = Counter(_counter(run.job) for run in runs)
    return {
        name: counts[name] for name in ("Completed", "InProgress", "RetryableError", "NonRetryableError", "Stopped")
    }


def objective_counters(runs: Sequence[Run]) -> Members:
    """``ObjectiveStatusCounters``."""
    counts = Counter(run.objective_status for run in runs)
    return {name: counts[name] for name in ("Succeeded", "Pending", "Failed")}


def summary(run: Run) -> Members:
    """``HyperParameterTrainingJobSummary``."""
    job, tuning, objective = run.job, run.job.tuning, run.definition.objective
    return {
        "TrainingJobDefinitionName": tuning.definition if tuning else None,
        "TrainingJobName": job.name,
        "TrainingJobArn": job.arn,
        "TuningJobName": tuning.name if tuning else None,
        "CreationTime": job.created,
        "TrainingStartTime": job.started,
        "TrainingEndTime": job.ended,
        "TrainingJobStatus": job.status,
        "TunedHyperParameters": tuning.tuned if tuning else {},
        "FailureReason": job.failure,
        "FinalHyperParameterTuningJobObjectiveMetric": _final(run, objective),
        "ObjectiveStatus": run.objective_status,
    }


def _final(run: Run, objective: Objective) -> Members | None:
    if run.final is None:
        return None
    return {"Type": objective.type, "MetricName": objective.metric, "Value": run.final.value}


def _counter(job: TrainingJob) -> str:
    if job.status is JobStatus.FAILED:
        return "RetryableError" if (job.failure or "").startswith("InternalServerError") else "NonRetryableError"
    return {JobStatus.COMPLETED: "Completed", JobStatus.STOPPED: "Stopped"}.get(job.status, "InProgress")
