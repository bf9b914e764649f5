"""Tuning jobs as their API shows them; :mod:`agent.cloud.sagemaker.tuning_run` is what makes them run."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from agent.cloud.errors import in_use, not_found, validation_error
from agent.cloud.sagemaker.input_check import require_objects
from agent.cloud.sagemaker.job_conditions import job_conditions
from agent.cloud.sagemaker.jobs import Handle, Jobs
from agent.cloud.sagemaker.listing import page
from agent.cloud.sagemaker.operation import Operation, named, without
from agent.cloud.sagemaker.roles import pass_role
from agent.cloud.sagemaker.training import sources
from agent.cloud.sagemaker.tuning_definition import OBJECTIVE_HYPERPARAMETER, check_tuning, definitions
from agent.cloud.sagemaker.tuning_progress import best, not_improving, objective_counters, status_counters, summary
from agent.cloud.sagemaker.tuning_run import TuningJob, TuningRun, runs_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from agent.cloud.identity import Call
    from agent.cloud.platform import Platform
    from agent.cloud.sagemaker.operation import Members
    from agent.cloud.sagemaker.tags import Tags
    from agent.cloud.sagemaker.training import TrainingJobs
    from agent.cloud.sagemaker.tuning_progress import Run

_PAGE = {"MaxResults": 10}
_IDENTICAL = "IdenticalDataAndAlgorithm"


class TuningJobs:
    """The hyperparameter tuning jobs of every account."""

    def __init__(self, platform: Platform, tags: Tags, training: TrainingJobs) -> None:
        self._platform = platform
        self._tags = tags
        self._training = training
        self.jobs = Jobs(platform, "hyper-parameter-tuning-job", TuningJob, self._carry)

    def operations(self) -> Mapping[str, Operation]:
        """What this room serves."""
        job = named("hyper-parameter-tuning-job", "HyperParameterTuningJobName")
        return {
            "CreateHyperParameterTuningJob": Operation(run=self.create, resource=job, conditions=job_conditions),
            "DescribeHyperParameterTuningJob": Operation(run=self.describe, resource=job),
            "ListHyperParameterTuningJobs": Operation(run=self.list),
            "ListTrainingJobsForHyperParameterTuningJob": Operation(run=self.list_training_jobs, resource=job),
            "StopHyperParameterTuningJob": Operation(run=self.stop, resource=job),
            "DeleteHyperParameterTuningJob": Operation(run=self.delete, resource=job),
        }

    async def resume(self) -> None:
        """Let the jobs that were under way go on; their training jobs have resumed by themselves."""
        self.jobs.resume()

    async def create(self, call: Call, request: Members) -> Members:
        """``CreateHyperParameterTuningJob``."""
        name = request["HyperParameterTuningJobName"]
        arn = call.arn("hyper-parameter-tuning-job", name)
        check_tuning(request)
        self._refuse_taken(call, name, arn)
        found = definitions(request)
        for definition in found:
            pass_role(call, definition.members["RoleArn"])
        earlier = self._earlier(call, request)
        for definition in found:
            members = definition.members
            await require_objects(self._platform, call.region, members["RoleArn"], sources(members))
        self._refuse_taken(call, name, arn)
        now = self._platform.clock.now()
        seed = request["HyperParameterTuningJobConfig"].get("RandomSeed")
        self._tags.attach(arn, request.get("Tags"))
        self.jobs.begin(
            TuningJob(
                account=call.account,
                region=call.region,
                name=name,
                arn=arn,
                created=now,
                modified=now,
                request=without(request, "Tags"),
                seed=secrets.randbelow(2**31) if seed is None else seed,
                parents=tuple(dict(run.trial.values) for run in earlier),
                parent_losses=tuple(run.loss for run in earlier),
            )
        )
        return {"HyperParameterTuningJobArn": arn}

    async def describe(self, call: Call, request: Members) -> Members:
        """``DescribeHyperParameterTuningJob``."""
        return self._described(self.find(call, request["HyperParameterTuningJobName"]))

    def documents(self, account: str, region: str) -> Iterator[Members]:
        """Every tuning job as ``Search`` sees it."""
        return (self._described(job) for job in self.jobs.records.of(account, region))

    async def list(self, call: Call, request: Members) -> Members:
        """``ListHyperParameterTuningJobs``."""
        summaries = [
            {
                **_state(job, runs_of(job, self._training)),
                "Strategy": job.request["HyperParameterTuningJobConfig"]["Strategy"],
                "ResourceLimits": job.request["HyperParameterTuningJobConfig"]["ResourceLimits"],
            }
            for job in self.jobs.records.of(call.account, call.region)
        ]
        return page(
            summaries,
            {**_PAGE, **request},
            answer="HyperParameterTuningJobSummaries",
            name="HyperParameterTuningJobName",
            status="HyperParameterTuningJobStatus",
            default_sort="Name",
            default_order="Ascending",
        )

    async def list_training_jobs(self, call: Call, request: Members) -> Members:
        """``ListTrainingJobsForHyperParameterTuningJob``; sorted by objective, jobs without one are left out."""
        job = self.find(call, request["HyperParameterTuningJobName"])
        runs = runs_of(job, self._training)
        if request.get("SortBy") == "FinalObjectiveMetricValue":
            runs = [run for run in runs if run.final is not None]
        values = {run.job.name: run.final.value for run in runs if run.final is not None}
        answer = page(
            [{**summary(run), "value": values.get(run.job.name)} for run in runs],
            {**_PAGE, **request},
            answer="TrainingJobSummaries",
            name="TrainingJobName",
            status="TrainingJobStatus",
            sort={"FinalObjectiveMetricValue": "value"},
            default_sort="Name",
            default_order="Ascending",
        )
        answer["TrainingJobSummaries"] = [without(each, "value") for each in answer["TrainingJobSummaries"]]
        return answer

    async def stop(self, call: Call, request: Members) -> Members:
        """``StopHyperParameterTuningJob``."""
        job = self.find(call, request["HyperParameterTuningJobName"])
        if job.over:
            raise validation_error(f"The request was rejected because the tuning job is in status {job.status}.")
        self.jobs.stop(job)
        return {}

    async def delete(self, call: Call, request: Members) -> Members:
        """``DeleteHyperParameterTuningJob``; its training jobs stay."""
        job = self.find(call, request["HyperParameterTuningJobName"])
        if not job.over:
            raise in_use(f"The tuning job {job.arn} is in status {job.status} and cannot be deleted.")
        self.jobs.records.delete(job)
        self._tags.drop(job.arn)
        return {}

    def find(self, call: Call, name: str) -> TuningJob:
        """The caller's job of that name; raises ``ResourceNotFound``."""
        job = self.jobs.records.get(call.account, call.region, name)
        if job is None:
            raise not_found(f"Amazon SageMaker can't find a tuning job called {name}. Type another name.")
        return job

    def _described(self, job: TuningJob) -> Members:
        runs = runs_of(job, self._training)
        top = best(runs)
        return {
            **_with_objective(job.request),
            **_state(job, runs),
            "FailureReason": job.failure,
            "BestTrainingJob": summary(top) if top else None,
            "OverallBestTrainingJob": self._overall_best(job, runs),
            "TuningJobCompletionDetails": {"NumberOfTrainingJobsObjectiveNotImproving": not_improving(runs)},
            "ConsumedResources": {"RuntimeInSeconds": self._runtime(job)},
        }

    def _refuse_taken(self, call: Call, name: str, arn: str) -> None:
        if self.jobs.records.get(call.account, call.region, name):
            raise in_use(
                "Hyperparameter tuning job names must be unique within an AWS account and region, and a tuning job "
                f"with this name already exists ({arn})"
            )

    def _earlier(self, call: Call, request: Members) -> Sequence[Run]:
        """The training jobs of a warm start's parents; raises for a parent that is absent or not over."""
        earlier: list[Run] = []
        for parent in _parents(request):
            job = self.find(call, parent)
            if not job.over:
                raise validation_error(f"The parent tuning job {job.name} is still in status {job.status}.")
            earlier += runs_of(job, self._training)
        return earlier

    def _overall_best(self, job: TuningJob, runs: Sequence[Run]) -> Members | None:
        """The best of this job and of its parents, for a warm start with identical data and algorithm."""
        if (job.request.get("WarmStartConfig") or {}).get("WarmStartType") != _IDENTICAL:
            return None
        parents = [self.jobs.records.get(job.account, job.region, name) for name in _parents(job.request)]
        every = [run for parent in parents if parent for run in runs_of(parent, self._training)]
        top = best([*every, *runs])
        return summary(top) if top else None

    def _runtime(self, job: TuningJob) -> int:
        return int(((job.ended or self._platform.clock.now()) - job.created).total_seconds())

    async def _carry(self, handle: Handle[TuningJob]) -> None:
        tags = [{"Key": key, "Value": value} for key, value in self._tags.of(handle.job.arn).items()]
        await TuningRun(self._platform, self._training, handle, tags).run()


def _parents(request: Members) -> Sequence[str]:
    config = request.get("WarmStartConfig") or {}
    return [parent["HyperParameterTuningJobName"] for parent in config.get("ParentHyperParameterTuningJobs") or []]


def _state(job: TuningJob, runs: Sequence[Run]) -> Members:
    """The members that describing and listing share."""
    return {
        "HyperParameterTuningJobName": job.name,
        "HyperParameterTuningJobArn": job.arn,
        "HyperParameterTuningJobStatus": job.status,
        "CreationTime": job.created,
        "HyperParameterTuningEndTime": job.ended,
        "LastModifiedTime": job.modified,
        "TrainingJobStatusCounters": status_counters(runs),
        "ObjectiveStatusCounters": objective_counters(runs),
    }


def _with_objective(request: Members) -> Members:
    """The request with the static hyperparameter that AWS adds: the objective's name."""
    found = {id(definition.members): definition.objective.metric for definition in definitions(request)}

    def told(members: Members) -> Members:
        static = {**(members.get("StaticHyperParameters") or {}), OBJECTIVE_HYPERPARAMETER: found[id(members)]}
        return {**members, "StaticHyperParameters": static}

    if "TrainingJobDefinition" in request:
        return {**request, "TrainingJobDefinition": told(request["TrainingJobDefinition"])}
    return {**request, "TrainingJobDefinitions": [told(members) for members in request["TrainingJobDefinitions"]]}
