"""Ask the model repository's own gates, each in a job of the model's image that has no more rights than evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from pydantic import Field

from agent import naming
from agent.artifacts import Evaluation, Image, JobUse, Judgement, Script
from agent.config.gate import CustomGate
from agent.config.section import Resources
from agent.errors import UserCodeFailedError
from agent.gates.custom import answer_key, program_of, read_answer
from agent.jobs.driver import complete
from agent.jobs.foresight import foresee
from agent.jobs.order import JobOrder, tags
from agent.jobs.script_job import (
    OUTPUT,
    PROCESSING,
    ScriptJob,
    Source,
    folder_of,
    foresee_upload,
    processing_request,
    script_key,
    upload_script,
)
from agent.jobs.side_by_side import Task, side_by_side
from agent.jobs.use import use_of
from agent.ports.jobs import JobKind
from agent.step import Action, Step, StepModel, digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.context import Context
    from agent.jobs.order import Request


class Inputs(StepModel):
    """The gates, and the evaluation that they read."""

    project: str = Field(description="Project.")
    bucket: str = Field(description="Artifact bucket, in the tools account.")
    role: str = Field(description="ARN of the role that the jobs run with.")
    image: Image = Field(description="Image that the gates run in.")
    evaluation: Evaluation = Field(description="What the candidate achieves.")
    gates: Mapping[str, CustomGate] = Field(description="Custom gates by name.")
    modules: Mapping[str, Script] = Field(description="The file of each gate's module.")
    resources: Resources = Field(description="Machines of the job of a gate that has none of its own.")
    kms_key: str | None = Field(default=None, description="Key that encrypts volumes and outputs.")


class Result(StepModel):
    """What the gates answer."""

    answers: Mapping[str, Judgement] = Field(description="Answers by the names of the gates.")
    jobs: tuple[JobUse, ...] = Field(default=(), description="What the jobs took of machines.")


def order(inputs: Inputs, name: str, ctx: Context) -> JobOrder:
    """The processing job that asks one gate."""
    gate, module = inputs.gates[name], inputs.modules[name]
    program, _ = program_of(gate, module)
    resources = gate.resources or inputs.resources
    key = digest(
        {
            "image": inputs.image.uri,
            "evaluation": inputs.evaluation.job,
            **({"measurements": inputs.evaluation.measurements} if inputs.evaluation.measurements else {}),
            "module": module.sha256,
            "program": program.sha256,
            "resources": resources.model_dump(mode="json"),
        }
    )
    job_tags = tags(inputs.project, STEP.name, key, ctx.run.id)

    def request(job: str) -> Request:
        evaluated = f"s3://{inputs.bucket}/{naming.EVALUATIONS}{inputs.evaluation.job}/"
        return processing_request(
            job,
            ScriptJob(
                bucket=inputs.bucket,
                role=inputs.role,
                image=inputs.image,
                script=program,
                sources={
                    "gate": Source(
                        path=f"{PROCESSING}/input/gate",
                        uri=f"s3://{inputs.bucket}/{folder_of(module)}",
                        manifest=False,
                    ),
                    "evaluation": Source(path=f"{PROCESSING}/input/evaluation", uri=evaluated, manifest=False),
                    **_measured(inputs.evaluation),
                },
                outputs={"answer": (OUTPUT, f"s3://{inputs.bucket}/{naming.EVALUATIONS}{job}/")},
                resources=resources,
                max_runtime=gate.max_runtime,
                kms_key=inputs.kms_key,
                tags=job_tags,
            ),
        )

    return JobOrder(
        kind=JobKind.PROCESSING,
        project=inputs.project,
        step=STEP.name,
        key=key,
        request=request,
        kept=lambda job: ctx.accounts.tools.objects.exists(inputs.bucket, answer_key(job.name)),
    )


def _measured(evaluation: Evaluation) -> dict[str, Source]:
    """The folder of what was computed of predictions, where there are any."""
    if not evaluation.measurements:
        return {}
    folder = f"{evaluation.measurements.rpartition('/')[0]}/"
    return {"measured": Source(path=f"{PROCESSING}/input/measured", uri=folder, manifest=False)}


def plan(inputs: Inputs, ctx: Context) -> Sequence[Action]:
    """The programs, the modules, and a job for every gate that was not asked about this evaluation before."""
    return tuple(action for name in inputs.gates for action in _planned(inputs, name, ctx))


def _planned(inputs: Inputs, name: str, ctx: Context) -> tuple[Action, ...]:
    tools = ctx.accounts.tools
    job = foresee(order(inputs, name, ctx), tools)
    program, _ = program_of(inputs.gates[name], inputs.modules[name])
    uploads = (
        action for script in (program, inputs.modules[name]) for action in foresee_upload(script, tools, inputs.bucket)
    )
    return (*uploads, *job) if job else ()


def run(inputs: Inputs, ctx: Context) -> Result:
    """Ask all gates at once."""
    objects = ctx.accounts.tools.objects
    for name, gate in inputs.gates.items():
        module = inputs.modules[name]
        upload_script(module, ctx.folder, objects, inputs.bucket)
        program, content = program_of(gate, module)
        objects.create(inputs.bucket, script_key(program), content)
    return _asked(inputs, ctx)


def _asked(inputs: Inputs, ctx: Context) -> Result:
    tasks = [Task(name=f"gate {name}", work=partial(ask, inputs, name)) for name in inputs.gates]
    done = side_by_side(tasks, ctx)
    answers = {name: answer for name, (answer, _) in zip(inputs.gates, done, strict=True)}
    return Result(answers=answers, jobs=tuple(use for _, use in done))


def ask(inputs: Inputs, name: str, ctx: Context) -> tuple[Judgement, JobUse]:
    """One gate's answer; UserCodeFailedError with its own words where it raises, or answers no verdict."""
    tools, gate = ctx.accounts.tools, inputs.gates[name]
    job = complete(order(inputs, name, ctx), tools, ctx)
    where = f"s3://{inputs.bucket}/{answer_key(job.name)}"
    written = tools.objects.read(inputs.bucket, answer_key(job.name))
    if written is None:
        raise UserCodeFailedError(
            f"gate `{name}`: the processing job {job.name} in account {tools.id}, {tools.region}, ended well, but left "
            f"no {where}; {gate.entry_point} must return"
        )
    resources = gate.resources or inputs.resources
    return read_answer(written.body, gate, where), use_of(job, resources, f"gate {name}")


def leave(inputs: Inputs, ctx: Context) -> None:
    """Stop the jobs, or leave them to the next build."""
    _asked(inputs, ctx)


STEP = Step(inputs=Inputs, result=Result, run=run, plan=plan, leave=leave, account="tools", effect="write")
