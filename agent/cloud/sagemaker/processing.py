"""Processing jobs as their API shows them; :mod:`agent.cloud.sagemaker.processing_run` is what makes them run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.cloud.errors import in_use, not_found, validation_error
from agent.cloud.sagemaker.instances import with_selection
from agent.cloud.sagemaker.job_conditions import job_conditions
from agent.cloud.sagemaker.jobs import Handle, Jobs
from agent.cloud.sagemaker.listing import page
from agent.cloud.sagemaker.network_check import require_network
from agent.cloud.sagemaker.operation import Operation, named, without
from agent.cloud.sagemaker.processing_rules import check_processing
from agent.cloud.sagemaker.processing_run import ProcessingJob, ProcessingRun
from agent.cloud.sagemaker.roles import pass_role
from agent.cloud.sagemaker.volume_keys import require_job_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.cloud.identity import Call
    from agent.cloud.platform import Platform
    from agent.cloud.sagemaker.operation import Members
    from agent.cloud.sagemaker.slots import Slots
    from agent.cloud.sagemaker.tags import Tags


class ProcessingJobs:
    """The processing jobs of every account."""

    def __init__(self, platform: Platform, tags: Tags, slots: Slots) -> None:
        self._platform = platform
        self._tags = tags
        self._slots = slots
        self.jobs = Jobs(platform, "processing-job", ProcessingJob, self._carry)

    def operations(self) -> Mapping[str, Operation]:
        """What this room serves."""
        job = named("processing-job", "ProcessingJobName")
        return {
            "CreateProcessingJob": Operation(run=self.create, resource=job, conditions=job_conditions),
            "DescribeProcessingJob": Operation(run=self.describe, resource=job),
            "ListProcessingJobs": Operation(run=self.list),
            "StopProcessingJob": Operation(run=self.stop, resource=job),
            "DeleteProcessingJob": Operation(run=self.delete, resource=job),
        }

    async def resume(self) -> None:
        """Let the jobs that were under way run again from their beginning."""
        self.jobs.resume()

    async def create(self, call: Call, request: Members) -> Members:
        """``CreateProcessingJob``."""
        check_processing(request)
        name = request["ProcessingJobName"]
        arn = call.arn("processing-job", name)
        if self.jobs.records.get(call.account, call.region, name):
            raise in_use(
                "Job name must be unique within an AWS account and region, and a job with this name already exists "
                f"({arn})"
            )
        pass_role(call, request["RoleArn"])
        vpc = (request.get("NetworkConfig") or {}).get("VpcConfig")
        await require_network(self._platform, call, request["RoleArn"], vpc)
        cluster = request["ProcessingResources"]["ClusterConfig"]
        require_job_key(call, request["RoleArn"], cluster)
        now = self._platform.clock.now()
        job = ProcessingJob(
            account=call.account,
            region=call.region,
            name=name,
            arn=arn,
            created=now,
            modified=now,
            request={**without(request, "Tags"), "ProcessingResources": {"ClusterConfig": with_selection(cluster)}},
        )
        self.jobs.begin(job)
        self._tags.attach(arn, request.get("Tags"))
        return {"ProcessingJobArn": arn}

    async def describe(self, call: Call, request: Members) -> Members:
        """``DescribeProcessingJob``."""
        job = self.find(call, request["ProcessingJobName"])
        return {
            "StoppingCondition": {"MaxRuntimeInSeconds": 86400},
            **job.request,
            **_state(job),
            "ProcessingStartTime": job.started,
        }

    async def list(self, call: Call, request: Members) -> Members:
        """``ListProcessingJobs``."""
        summaries = [_state(job) for job in self.jobs.records.of(call.account, call.region)]
        return page(
            summaries, request, answer="ProcessingJobSummaries", name="ProcessingJobName", status="ProcessingJobStatus"
        )

    async def stop(self, call: Call, request: Members) -> Members:
        """``StopProcessingJob``."""
        job = self.find(call, request["ProcessingJobName"])
        if job.over:
            raise validation_error(f"The request was rejected because the processing job is in status {job.status}.")
        self.jobs.stop(job)
        return {}

    async def delete(self, call: Call, request: Members) -> Members:
        """``DeleteProcessingJob``."""
        name = request["ProcessingJobName"]
        job = self.jobs.records.get(call.account, call.region, name)
        if job is None:
            raise not_found(f"Could not find requested job with name: {name}")
        if not job.over:
            raise in_use(f"The processing job {job.arn} is in status {job.status} and cannot be deleted.")
        self.jobs.records.delete(job)
        self._tags.drop(job.arn)
        return {}

    def find(self, call: Call, name: str) -> ProcessingJob:
        """The caller's job of that name; raises ``ValidationException`` as AWS does, not ``ResourceNotFound``."""
        job = self.jobs.records.get(call.account, call.region, name)
        if job is None:
            raise validation_error(f"Could not find requested job with name: {name}")
        return job

    async def _carry(self, handle: Handle[ProcessingJob]) -> None:
        await ProcessingRun(self._platform, self._slots, handle).run()


def _state(job: ProcessingJob) -> Members:
    """The members that describing and listing share."""
    return {
        "ProcessingJobName": job.name,
        "ProcessingJobArn": job.arn,
        "CreationTime": job.created,
        "ProcessingEndTime": job.ended,
        "LastModifiedTime": job.modified,
        "ProcessingJobStatus": job.status,
        "FailureReason": job.failure,
        "ExitMessage": job.exit_message,
    }
