"""Make data sets out of the sources: the repository's script as a processing job, its outputs kept as versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from agent import naming
from agent.artifacts import DataSet, Image, JobUse, Script
from agent.config.network import JobNetwork
from agent.config.section import Resources
from agent.data.snapshot import version_of_prefix
from agent.errors import UsageError, UserCodeFailedError
from agent.jobs.driver import complete
from agent.jobs.foresight import foresee
from agent.jobs.order import JobOrder, Request, tags
from agent.jobs.script_job import (
    CODE,
    OUTPUT,
    PROCESSING,
    ScriptJob,
    Source,
    foresee_upload,
    processing_request,
    upload_script,
)
from agent.jobs.use import use_of
from agent.ports.jobs import JobKind
from agent.step import Action, Step, StepModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.context import Context
    from agent.ports.account import Account


class Inputs(StepModel):
    """The job."""

    project: str = Field(description="Project.")
    bucket: str = Field(description="Artifact bucket, in the tools account.")
    role: str = Field(description="ARN of the role that the job runs with.")
    image: Image = Field(description="Image that the script runs in.")
    script: Script = Field(description="Script.")
    sources: Mapping[str, DataSet] = Field(description="Data sets that the script reads, by name.")
    outputs: tuple[str, ...] = Field(description="Names of the data sets that the script writes.")
    resources: Resources = Field(description="Machines of the job.")
    max_runtime: int = Field(description="Time limit, in seconds.")
    kms_key: str | None = Field(default=None, description="Key that encrypts volume and outputs.")
    network: JobNetwork | None = Field(default=None, description="Where the containers are placed.")


class Result(StepModel):
    """What the script wrote."""

    data: Mapping[str, DataSet] = Field(description="Data sets by name.")
    job: str = Field(description="Name of the processing job.")
    jobs: tuple[JobUse, ...] = Field(default=(), description="What it took of machines.")


def preparation_request(name: str, inputs: Inputs, job_tags: list[Request]) -> Request:
    """CreateProcessingJob: a folder for each source, and one for each data set to write."""
    sources = {
        source: Source(path=f"{PROCESSING}/input/{source}", uri=data.manifest)
        for source, data in inputs.sources.items()
    }
    if taken := [source for source, where in sources.items() if where.path == CODE]:
        raise UsageError(f"the data source {taken[0]!r} has the name of the folder with the script; rename it")
    return processing_request(
        name,
        ScriptJob(
            bucket=inputs.bucket,
            role=inputs.role,
            image=inputs.image,
            script=inputs.script,
            sources=sources,
            outputs={
                output: (f"{OUTPUT}/{output}", f"s3://{inputs.bucket}/{prefix(name, output)}")
                for output in inputs.outputs
            },
            resources=inputs.resources,
            max_runtime=inputs.max_runtime,
            kms_key=inputs.kms_key,
            network=inputs.network,
            tags=job_tags,
        ),
    )


def prefix(job: str, output: str) -> str:
    """Where a job leaves what it writes."""
    return f"{naming.PREPARED}{job}/{output}/"


def content_type(sources: Mapping[str, DataSet]) -> str | None:
    """The MIME type of what is made of these: theirs, if they have one in common."""
    types = {data.content_type for data in sources.values()}
    return types.pop() if len(types) == 1 else None


def order(inputs: Inputs, ctx: Context) -> JobOrder:
    """The processing job."""
    job_tags = tags(inputs.project, STEP.name, ctx.key, ctx.run.id)
    return JobOrder(
        kind=JobKind.PROCESSING,
        project=inputs.project,
        step=STEP.name,
        key=ctx.key,
        request=lambda name: preparation_request(name, inputs, job_tags),
        kept=lambda job: not missing(inputs, job.name, ctx.accounts.tools),
    )


def missing(inputs: Inputs, job: str, tools: Account) -> list[str]:
    """The outputs of a job that are not there, or empty."""
    objects = tools.objects
    return [
        output
        for output in inputs.outputs
        if not any(found.size for found in objects.list(inputs.bucket, prefix(job, output)))
    ]


def plan(inputs: Inputs, ctx: Context) -> Sequence[Action]:
    """The script, the job if there is none to adopt, and the data sets."""
    tools = ctx.accounts.tools
    job = foresee(order(inputs, ctx), tools)
    return (
        *(foresee_upload(inputs.script, tools, inputs.bucket) if job else ()),
        *job,
        Action(
            operation="s3:PutObject",
            resource=f"arn:aws:s3:::{inputs.bucket}/{naming.DATA}*",
            account=tools.id,
            note=f"the data sets {', '.join(inputs.outputs)}: files that are new, and their manifests",
        ),
    )


def run(inputs: Inputs, ctx: Context) -> Result:
    """Run the script, and keep what it wrote under its digests."""
    tools = ctx.accounts.tools
    upload_script(inputs.script, ctx.folder, tools.objects, inputs.bucket)
    job = complete(order(inputs, ctx), tools, ctx)
    if lacking := missing(inputs, job.name, tools):
        raise UserCodeFailedError(
            f"the script {inputs.script.path} ended well, but the processing job {job.name} in account {tools.id}, "
            f"{tools.region}, left no data in {', '.join(f'{OUTPUT}/{name}/' for name in lacking)}; write it there, or "
            "correct `prepare.outputs` in modelyard.yaml"
        )
    data = {
        output: version_of_prefix(
            tools.objects,
            inputs.bucket,
            prefix(job.name, output),
            name=output,
            content_type=content_type(inputs.sources),
        )
        for output in inputs.outputs
    }
    for name, version in data.items():
        ctx.report.fact(f"{name}: {version.files} files, {version.size} bytes, version {naming.short(version.digest)}")
    return Result(data=data, job=job.name, jobs=(use_of(job, inputs.resources),))


def leave(inputs: Inputs, ctx: Context) -> None:
    """Stop the job, or leave it to the next build."""
    complete(order(inputs, ctx), ctx.accounts.tools, ctx)


STEP = Step(inputs=Inputs, result=Result, run=run, plan=plan, leave=leave, account="tools", effect="write")
