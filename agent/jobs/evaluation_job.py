"""The job that lets one model judge one data set by the repository's evaluation script, whichever step asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from agent import naming
from agent.artifacts import DataSet, Model, Script
from agent.config.network import JobNetwork
from agent.config.section import Resources
from agent.jobs.order import JobOrder, Request, tags
from agent.jobs.script_job import OUTPUT, PROCESSING, ScriptJob, Source, processing_request
from agent.ports.jobs import JobKind
from agent.step import StepModel, digest

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.ports.jobs import JobState


class EvaluationInputs(StepModel):
    """What all jobs of a step that evaluates have in common."""

    project: str = Field(description="Project.")
    bucket: str = Field(description="Artifact bucket, in the tools account.")
    role: str = Field(description="ARN of the role that the jobs run with.")
    model: Model = Field(description="The candidate.")
    script: Script = Field(description="Script that measures.")
    data: DataSet = Field(description="Rows to measure on.")
    resources: Resources = Field(description="Machines of each job.")
    max_runtime: int = Field(description="Time limit, in seconds.")
    kms_key: str | None = Field(default=None, description="Key that encrypts volumes and outputs.")
    network: JobNetwork | None = Field(default=None, description="Where the containers are placed.")


def evaluation_key(inputs: EvaluationInputs, model: Model, data: DataSet) -> str:
    """The content key of one model's evaluation: whoever measures it on these rows again adopts the job."""
    return digest(
        {
            "image": model.image.uri,
            "model": model.sha256,
            "data": data.digest,
            "script": inputs.script.sha256,
            "resources": inputs.resources.model_dump(mode="json"),
        }
    )


def evaluation_order(
    inputs: EvaluationInputs, model: Model, data: DataSet, kept: Callable[[str], bool], *, step: str, run: str
) -> JobOrder:
    """The processing job of a step's run; ``kept`` says by a job's name whether what it wrote is still there."""
    key = evaluation_key(inputs, model, data)
    job_tags = tags(inputs.project, step, key, run)

    def still_there(job: JobState) -> bool:
        return kept(job.name)

    return JobOrder(
        kind=JobKind.PROCESSING,
        project=inputs.project,
        step=step,
        key=key,
        request=lambda name: evaluation_request(name, inputs, model, data, job_tags),
        kept=still_there,
    )


def evaluation_prefix(job: str) -> str:
    """The folder in the artifact bucket of what an evaluation's job wrote."""
    return f"{naming.EVALUATIONS}{job}/"


def evaluation_request(
    name: str, inputs: EvaluationInputs, model: Model, data: DataSet, job_tags: list[Request]
) -> Request:
    """CreateProcessingJob: the model's artifact, the rows, and a folder for the report."""
    return processing_request(
        name,
        ScriptJob(
            bucket=inputs.bucket,
            role=inputs.role,
            image=model.image,
            script=inputs.script,
            sources={
                "model": Source(path=f"{PROCESSING}/model", uri=model.artifact, manifest=False),
                "data": Source(path=f"{PROCESSING}/input/data", uri=data.manifest),
            },
            outputs={"evaluation": (OUTPUT, f"s3://{inputs.bucket}/{evaluation_prefix(name)}")},
            resources=inputs.resources,
            max_runtime=inputs.max_runtime,
            kms_key=inputs.kms_key,
            network=inputs.network,
            tags=job_tags,
        ),
    )
