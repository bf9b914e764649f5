"""Batch transform jobs as their API shows them; :mod:`agent.cloud.sagemaker.transform_run` is what makes them run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.cloud.errors import in_use, validation_error
from agent.cloud.sagemaker.input_check import require_objects
from agent.cloud.sagemaker.job_conditions import job_conditions
from agent.cloud.sagemaker.jobs import Handle, Job, Jobs
from agent.cloud.sagemaker.listing import page
from agent.cloud.sagemaker.operation import Operation, named, without
from agent.cloud.sagemaker.servable import ServableModel, servable
from agent.cloud.sagemaker.transform_rules import check_transform
from agent.cloud.sagemaker.transform_run import TransformRun

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.cloud.identity import Call
    from agent.cloud.platform import Platform
    from agent.cloud.sagemaker.models import Models
    from agent.cloud.sagemaker.operation import Members
    from agent.cloud.sagemaker.slots import Slots
    from agent.cloud.sagemaker.tags import Tags


class TransformJob(Job):
    """A transform job with the model as it was when the job was created; deleting the model does not end the job."""

    model: ServableModel


class TransformJobs:
    """The transform jobs of every account."""

    def __init__(self, platform: Platform, tags: Tags, slots: Slots, models: Models) -> None:
        self._platform = platform
        self._tags = tags
        self._slots = slots
        self._models = models
        self.jobs = Jobs(platform, "transform-job", TransformJob, self._carry)

    def operations(self) -> Mapping[str, Operation]:
        """What this room serves."""
        job = named("transform-job", "TransformJobName")
        return {
            "CreateTransformJob": Operation(run=self.create, resource=job, conditions=job_conditions),
            "DescribeTransformJob": Operation(run=self.describe, resource=job),
            "ListTransformJobs": Operation(run=self.list),
            "StopTransformJob": Operation(run=self.stop, resource=job),
        }

    async def resume(self) -> None:
        """Let the jobs that were under way run again from their beginning."""
        self.jobs.resume()

    async def create(self, call: Call, request: Members) -> Members:
        """``CreateTransformJob``."""
        check_transform(request)
        name = request["TransformJobName"]
        arn = call.arn("transform-job", name)
        self._refuse_taken(call, name, arn)
        model = servable(self._models.find(call.account, call.region, request["ModelName"]), self._models)
        source = request["TransformInput"]["DataSource"]["S3DataSource"]
        prefixes = [source["S3Uri"]] if source["S3DataType"] == "S3Prefix" else []
        await require_objects(self._platform, call.region, model.role_arn, prefixes)
        self._refuse_taken(call, name, arn)
        now = self._platform.clock.now()
        self.jobs.begin(
            TransformJob(
                account=call.account,
                region=call.region,
                name=name,
                arn=arn,
                created=now,
                modified=now,
                request=without(request, "Tags"),
                model=model,
            )
        )
        self._tags.attach(arn, request.get("Tags"))
        return {"TransformJobArn": arn}

    async def describe(self, call: Call, request: Members) -> Members:
        """``DescribeTransformJob``."""
        job = self.find(call, request["TransformJobName"])
        return {
            **job.request,
            "TransformJobArn": job.arn,
            "TransformJobStatus": job.status,
            "FailureReason": job.failure,
            "CreationTime": job.created,
            "TransformStartTime": job.started,
            "TransformEndTime": job.ended,
        }

    async def list(self, call: Call, request: Members) -> Members:
        """``ListTransformJobs``."""
        summaries = [_summary(job) for job in self.jobs.records.of(call.account, call.region)]
        return page(
            summaries, request, answer="TransformJobSummaries", name="TransformJobName", status="TransformJobStatus"
        )

    async def stop(self, call: Call, request: Members) -> Members:
        """``StopTransformJob``."""
        job = self.find(call, request["TransformJobName"])
        if job.over:
            raise validation_error(f"The request was rejected because the transform job is in status {job.status}.")
        self.jobs.stop(job)
        return {}

    def find(self, call: Call, name: str) -> TransformJob:
        """The caller's job of that name; raises ``ValidationException`` as AWS does, not ``ResourceNotFound``."""
        job = self.jobs.records.get(call.account, call.region, name)
        if job is None:
            raise validation_error(f"Could not find requested job with name: {name}")
        return job

    def _refuse_taken(self, call: Call, name: str, arn: str) -> None:
        if self.jobs.records.get(call.account, call.region, name):
            raise in_use(
                "Job name must be unique within an AWS account and region, and a job with this name already exists "
                f"({arn})"
            )

    async def _carry(self, handle: Handle[TransformJob]) -> None:
        await TransformRun(self._platform, self._slots, handle, handle.job.model).run()


def _summary(job: TransformJob) -> Members:
    return {
        "TransformJobName": job.name,
        "TransformJobArn": job.arn,
        "CreationTime": job.created,
        "TransformEndTime": job.ended,
        "LastModifiedTime": job.modified,
        "TransformJobStatus": job.status,
        "FailureReason": job.failure,
    }
