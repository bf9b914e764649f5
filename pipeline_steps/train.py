"""Train the model as a SageMaker training job, or adopt the one that already does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from agent import naming
from agent.artifacts import DataSet, Image, JobUse, Model
from agent.aws.objects import parse_location
from agent.config.model import Spot
from agent.config.network import JobNetwork
from agent.config.section import Resources
from agent.errors import CloudFailedError
from agent.jobs.driver import complete
from agent.jobs.foresight import foresee
from agent.jobs.machines import cluster
from agent.jobs.network import of_training
from agent.jobs.order import JobOrder, Request, tags
from agent.jobs.use import use_of
from agent.ports.jobs import JobKind, JobState
from agent.step import Action, Step, StepModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.context import Context
    from agent.ports.objects import Objects


class Inputs(StepModel):
    """The job."""

    project: str = Field(description="Project.")
    bucket: str = Field(description="Artifact bucket, in the tools account.")
    role: str = Field(description="ARN of the role that the job runs with.")
    image: Image = Field(description="Image whose `train` runs.")
    channels: Mapping[str, DataSet] = Field(description="Data set of each channel.")
    hyperparameters: Mapping[str, str] = Field(description="Hyperparameters, as the container gets them.")
    resources: Resources = Field(description="Machines of the job.")
    max_runtime: int = Field(description="Time limit, in seconds.")
    spot: Spot | None = Field(default=None, description="Use of spare capacity.")
    metric_definitions: Mapping[str, str] = Field(default={}, description="Metrics to read from the log.")
    kms_key: str | None = Field(default=None, description="Key that encrypts volume and artifact.")
    network: JobNetwork | None = Field(default=None, description="Where the containers are placed.")


class Result(StepModel):
    """The model."""

    model: Model = Field(description="Its artifact.")
    metrics: Mapping[str, float] = Field(description="Last values of the metrics that the job reported.")
    billable_seconds: int | None = Field(default=None, description="What the job is billed for, in seconds.")
    jobs: tuple[JobUse, ...] = Field(default=(), description="What it took of machines.")


def training_request(name: str, inputs: Inputs, *, checkpoints: str, job_tags: list[Request]) -> Request:
    """CreateTrainingJob; ``checkpoints`` names the prefix that all attempts at the same work share."""
    algorithm: Request = {"TrainingImage": inputs.image.uri, "TrainingInputMode": "File"}
    if inputs.metric_definitions:
        algorithm["MetricDefinitions"] = [
            {"Name": metric, "Regex": regex} for metric, regex in inputs.metric_definitions.items()
        ]
    output: Request = {"S3OutputPath": f"s3://{inputs.bucket}/{naming.MODELS.rstrip('/')}"}
    if inputs.kms_key is not None:
        output["KmsKeyId"] = inputs.kms_key
    return {
        "TrainingJobName": name,
        "RoleArn": inputs.role,
        "AlgorithmSpecification": algorithm,
        "HyperParameters": dict(inputs.hyperparameters),
        "InputDataConfig": [_channel(channel, data) for channel, data in inputs.channels.items()],
        "OutputDataConfig": output,
        "ResourceConfig": cluster(inputs.resources, inputs.kms_key),
        "StoppingCondition": {"MaxRuntimeInSeconds": inputs.max_runtime},
        "Tags": job_tags,
        **of_training(inputs.network),
    } | _spare_capacity(inputs, checkpoints)


def _channel(channel: str, data: DataSet) -> Request:
    source = {"S3DataType": "ManifestFile", "S3Uri": data.manifest, "S3DataDistributionType": "FullyReplicated"}
    members: Request = {"ChannelName": channel, "DataSource": {"S3DataSource": source}, "InputMode": "File"}
    return members if data.content_type is None else {**members, "ContentType": data.content_type}


def _spare_capacity(inputs: Inputs, checkpoints: str) -> Request:
    """The members by which a job runs on spot instances."""
    if inputs.spot is None:
        return {}
    members: Request = {
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {
            "MaxRuntimeInSeconds": inputs.max_runtime,
            "MaxWaitTimeInSeconds": inputs.spot.max_wait,
        },
    }
    if inputs.spot.checkpoint:
        uri = f"s3://{inputs.bucket}/{naming.CHECKPOINTS}{checkpoints}/"
        members["CheckpointConfig"] = {"S3Uri": uri, "LocalPath": "/opt/ml/checkpoints"}
    return members


def order(inputs: Inputs, ctx: Context) -> JobOrder:
    """The training job."""
    objects = ctx.accounts.tools.objects
    job_tags = tags(inputs.project, STEP.name, ctx.key, ctx.run.id)
    checkpoints = naming.job(inputs.project, STEP.name, ctx.key)
    return JobOrder(
        kind=JobKind.TRAINING,
        project=inputs.project,
        step=STEP.name,
        key=ctx.key,
        request=lambda name: training_request(name, inputs, checkpoints=checkpoints, job_tags=job_tags),
        kept=lambda job: _has_artifact(job, objects),
    )


def _has_artifact(job: JobState, objects: Objects) -> bool:
    if job.model_artifacts is None:
        return False
    where = parse_location(job.model_artifacts)
    return objects.exists(where.bucket, where.key)


def plan(inputs: Inputs, ctx: Context) -> Sequence[Action]:
    """The training job, if there is none to adopt."""
    return foresee(order(inputs, ctx), ctx.accounts.tools)


def run(inputs: Inputs, ctx: Context) -> Result:
    """Wait for the job's end and name its artifact by digest."""
    tools = ctx.accounts.tools
    job = complete(order(inputs, ctx), tools, ctx)
    if job.model_artifacts is None:
        raise CloudFailedError(f"the training job {job.name} in account {tools.id}, {tools.region}, left no artifact")
    where = parse_location(job.model_artifacts)
    model = Model(
        artifact=job.model_artifacts,
        sha256=tools.objects.sha256(where.bucket, where.key),
        image=inputs.image,
        job=job.name,
    )
    ctx.report.fact(f"the model is {job.model_artifacts}, sha256 {model.sha256}")
    return Result(
        model=model,
        metrics=job.metrics,
        billable_seconds=job.billable_seconds,
        jobs=(use_of(job, inputs.resources),),
    )


def leave(inputs: Inputs, ctx: Context) -> None:
    """Stop the job, or leave it to the next build."""
    complete(order(inputs, ctx), ctx.accounts.tools, ctx)


STEP = Step(inputs=Inputs, result=Result, run=run, plan=plan, leave=leave, account="tools", effect="write")
