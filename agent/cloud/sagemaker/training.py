"""Training jobs as their API shows them; :mod:`agent.cloud.sagemaker.training_run` is what makes them run."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from agent.cloud.errors import in_use, validation_error
from agent.cloud.sagemaker.input_check import require_objects
from agent.cloud.sagemaker.instances import with_selection
from agent.cloud.sagemaker.job_conditions import job_conditions
from agent.cloud.sagemaker.jobs import INTERNAL_ERROR, Handle, Jobs
from agent.cloud.sagemaker.listing import page
from agent.cloud.sagemaker.network_check import require_network
from agent.cloud.sagemaker.operation import Operation, named, without
from agent.cloud.sagemaker.roles import pass_role
from agent.cloud.sagemaker.training_rules import DEFAULT_RUNTIME_SECONDS, check_training
from agent.cloud.sagemaker.training_run import TrainingRun
from agent.cloud.sagemaker.training_state import Secondary, TrainingJob, TuningOrigin, described, ended, moved
from agent.cloud.sagemaker.volume_keys import require_job_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from agent.cloud.identity import Call
    from agent.cloud.platform import Platform
    from agent.cloud.sagemaker.operation import Members
    from agent.cloud.sagemaker.slots import Slots
    from agent.cloud.sagemaker.tags import Tags

_DEFAULTS = {
    "EnableNetworkIsolation": False,
    "EnableInterContainerTrafficEncryption": False,
    "EnableManagedSpotTraining": False,
    "ProfilingStatus": "Disabled",
}


class TrainingJobs:
    """The training jobs of every account."""

    def __init__(self, platform: Platform, tags: Tags, slots: Slots) -> None:
        self._platform = platform
        self._tags = tags
        self._slots = slots
        self.jobs = Jobs(platform, "training-job", TrainingJob, self._carry, _failed)

    def operations(self) -> Mapping[str, Operation]:
        """What this room serves."""
        job = named("training-job", "TrainingJobName")
        return {
            "CreateTrainingJob": Operation(run=self.create, resource=job, conditions=job_conditions),
            "DescribeTrainingJob": Operation(run=self.describe, resource=job),
            "ListTrainingJobs": Operation(run=self.list),
            "StopTrainingJob": Operation(run=self.stop, resource=job),
            "DeleteTrainingJob": Operation(run=self.delete, resource=job),
        }

    async def resume(self) -> None:
        """Let the jobs that were under way run again, from their checkpoints."""
        self.jobs.resume()

    async def create(self, call: Call, request: Members) -> Members:
        """``CreateTrainingJob``."""
        check_training(request)
        self.refuse_taken(call.account, call.region, request["TrainingJobName"])
        pass_role(call, request["RoleArn"])
        await require_network(self._platform, call, request["RoleArn"], request.get("VpcConfig"))
        require_job_key(call, request["RoleArn"], request["ResourceConfig"])
        await require_objects(self._platform, call.region, request["RoleArn"], sources(request))
        job = self.launch(call.account, call.region, request)
        return {"TrainingJobArn": job.arn}

    def launch(self, account: str, region: str, request: Members, tuning: TuningOrigin | None = None) -> TrainingJob:
        """Start a job whose request is in order; raises ``ResourceInUse`` for a name that is taken."""
        name = request["TrainingJobName"]
        self.refuse_taken(account, region, name)
        now = self._platform.clock.now()
        condition = {"MaxRuntimeInSeconds": DEFAULT_RUNTIME_SECONDS, **(request.get("StoppingCondition") or {})}
        job = TrainingJob(
            account=account,
            region=region,
            name=name,
            arn=_arn(account, region, name),
            created=now,
            modified=now,
            request={
                **without(request, "Tags"),
                "StoppingCondition": condition,
                "ResourceConfig": with_selection(request["ResourceConfig"]),
            },
            tuning=tuning,
        )
        job = job.model_copy(update=moved(job, Secondary.STARTING, now))
        self.jobs.begin(job)
        self._tags.attach(job.arn, request.get("Tags"))
        return job

    async def describe(self, call: Call, request: Members) -> Members:
        """``DescribeTrainingJob``."""
        return self._document(self.find(call, request["TrainingJobName"]))

    def documents(self, account: str, region: str) -> Iterator[Members]:
        """Every training job as ``Search`` sees it."""
        return (self._document(job) for job in self.jobs.records.of(account, region))

    async def list(self, call: Call, request: Members) -> Members:
        """``ListTrainingJobs``: AWS takes MaxResults jobs first, and of those the ones with the wanted status."""
        now = self._platform.clock.now()
        pool, plan = request.get("WarmPoolStatusEquals"), request.get("TrainingPlanArnEquals")
        summaries = [_summary(job, now) for job in self.jobs.records.of(call.account, call.region)]
        if pool or plan:
            summaries = [s for s in summaries if not plan and (s["WarmPoolStatus"] or {}).get("Status") == pool]
        answer = page(
            summaries,
            without(request, "StatusEquals"),
            answer="TrainingJobSummaries",
            name="TrainingJobName",
            status="TrainingJobStatus",
        )
        wanted = request.get("StatusEquals")
        if wanted:
            answer["TrainingJobSummaries"] = [
                s for s in answer["TrainingJobSummaries"] if s["TrainingJobStatus"] == wanted
            ]
        return answer

    async def stop(self, call: Call, request: Members) -> Members:
        """``StopTrainingJob``."""
        job = self.find(call, request["TrainingJobName"])
        if job.over:
            raise validation_error(f"The request was rejected because the training job is in status {job.status}.")
        self.request_stop(job)
        return {}

    def request_stop(self, job: TrainingJob) -> None:
        """Let a running job end as Stopped."""
        self.jobs.stop(job, **moved(job, Secondary.STOPPING, self._platform.clock.now()))

    async def delete(self, call: Call, request: Members) -> Members:
        """``DeleteTrainingJob``."""
        job = self.find(call, request["TrainingJobName"])
        if not job.over:
            raise in_use(f"The training job {job.arn} is in status {job.status} and cannot be deleted.")
        pool = warm_pool(job, self._platform.clock.now())
        if pool and pool["Status"] == "Available":
            raise in_use(f"The training job {job.arn} retains an available warm pool and cannot be deleted.")
        self.jobs.records.delete(job)
        self._tags.drop(job.arn)
        return {}

    def find(self, call: Call, name: str) -> TrainingJob:
        """The caller's job of that name; raises ``ValidationException`` as AWS does, not ``ResourceNotFound``."""
        job = self.jobs.records.get(call.account, call.region, name)
        if job is None:
            raise validation_error("Requested resource not found.")
        return job

    def refuse_taken(self, account: str, region: str, name: str) -> None:
        """Raise ``ResourceInUse`` when there is a job of that name."""
        if self.jobs.records.get(account, region, name):
            raise in_use(
                "Training job names must be unique within an AWS account and region, and a training job with this "
                f"name already exists ({_arn(account, region, name)})"
            )

    def _document(self, job: TrainingJob) -> Members:
        pool = warm_pool(job, self._platform.clock.now())
        return {**_DEFAULTS, **job.request, **described(job), "WarmPoolStatus": pool}

    async def _carry(self, handle: Handle[TrainingJob]) -> None:
        await TrainingRun(self._platform, self._slots, handle).run()


def warm_pool(job: TrainingJob, now: datetime) -> Members | None:
    """``WarmPoolStatus`` of a job that asked for KeepAlivePeriodInSeconds, once it has completed or while it runs.

    Instances that are kept are never given to another job here, so no pool becomes ``Reused``.
    """
    period = (job.request.get("ResourceConfig") or {}).get("KeepAlivePeriodInSeconds")
    if not period:
        return None
    if job.ended is None:
        return {"Status": "InUse"}
    until = job.ended + timedelta(seconds=period if job.status == "Completed" else 0)
    kept = max(0, int((min(now, until) - job.ended).total_seconds()))
    return {"Status": "Available" if now < until else "Terminated", "ResourceRetainedBillableTimeInSeconds": kept}


def _failed(job: TrainingJob, now: datetime) -> Members:
    return ended(job, Secondary.FAILED, now, INTERNAL_ERROR)


def _summary(job: TrainingJob, now: datetime) -> Members:
    return {
        "TrainingJobName": job.name,
        "TrainingJobArn": job.arn,
        "CreationTime": job.created,
        "TrainingEndTime": job.ended,
        "LastModifiedTime": job.modified,
        "TrainingJobStatus": job.status,
        "SecondaryStatus": job.secondary,
        "WarmPoolStatus": warm_pool(job, now),
    }


def sources(request: Members) -> list[str]:
    """The S3 prefixes that a job reads; manifests are looked into only when the job downloads."""
    data = [channel["DataSource"]["S3DataSource"] for channel in request.get("InputDataConfig") or []]
    return [source["S3Uri"] for source in data if source["S3DataType"] == "S3Prefix"]


def _arn(account: str, region: str, name: str) -> str:
    return f"arn:aws:sagemaker:{region}:{account}:training-job/{name.lower()}"
