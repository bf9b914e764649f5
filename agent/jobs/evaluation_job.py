"""The job that lets one model judge one data set, whichever step asks for it: a script's, or batch transform's."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import Field

from agent import naming
from agent.artifacts import DataSet, Model, Script
from agent.config.network import JobNetwork
from agent.config.section import Resources
from agent.config.transform import BatchTransform
from agent.jobs.order import JobOrder, Request, Serving, tags
from agent.jobs.script_job import OUTPUT, PROCESSING, ScriptJob, Source, processing_request
from agent.jobs.transform_job import TransformJob, model_request, transform_request
from agent.ports.jobs import JobKind
from agent.step import StepModel, digest

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.ports.jobs import JobState

ANSWERS = "answers/"
"""Where batch transform's answers are, below an evaluation's own folder."""


class EvaluationInputs(StepModel):
    """What all jobs of a step that evaluates have in common."""

    project: str = Field(description="Project.")
    bucket: str = Field(description="Artifact bucket, in the tools account.")
    role: str = Field(description="ARN of the role that the jobs run with.")
    model: Model = Field(description="The candidate.")
    method: Script | BatchTransform = Field(description="Script that measures, or how batch transform asks the model.")
    data: DataSet = Field(description="Rows to measure on.")
    resources: Resources = Field(description="Machines of each job.")
    max_runtime: int = Field(description="Time limit, in seconds.")
    kms_key: str | None = Field(default=None, description="Key that encrypts volumes and outputs.")
    network: JobNetwork | None = Field(default=None, description="Where the containers are placed.")


def evaluation_kind(inputs: EvaluationInputs) -> JobKind:
    """What kind of job it is."""
    return JobKind.PROCESSING if isinstance(inputs.method, Script) else JobKind.TRANSFORM


def evaluation_key(inputs: EvaluationInputs, model: Model, data: DataSet) -> str:
    """The content key of one model's evaluation: whoever measures it on these rows again adopts the job."""
    return digest(
        {
            "image": model.image.uri,
            "model": model.sha256,
            "data": data.digest,
            "resources": inputs.resources.model_dump(mode="json"),
            **_method(inputs),
        }
    )


def _method(inputs: EvaluationInputs) -> dict[str, Any]:
    match inputs.method:
        case Script(sha256=sha256):
            return {"script": sha256}
        case BatchTransform() as settings:
            return {"transform": settings.model_dump(mode="json")}


def evaluation_order(
    inputs: EvaluationInputs, model: Model, data: DataSet, kept: Callable[[str], bool], *, step: str, run: str
) -> JobOrder:
    """The job of a step's run; ``kept`` says by a job's name whether what it wrote is still there."""
    key = evaluation_key(inputs, model, data)
    asked = _Asked(inputs=inputs, model=model, data=data, tags=tags(inputs.project, step, key, run))

    def still_there(job: JobState) -> bool:
        return kept(job.name)

    order = partial(JobOrder, project=inputs.project, step=step, key=key, kept=still_there)
    match inputs.method:
        case Script() as script:
            return order(
                kind=JobKind.PROCESSING, request=lambda name: processing_request(name, asked.by_script(script, name))
            )
        case BatchTransform() as settings:
            return order(
                kind=JobKind.TRANSFORM,
                request=lambda name: transform_request(name, asked.by_transform(settings, name)),
                serving=Serving(
                    model=lambda name: model_request(name, asked.by_transform(settings, name)),
                    max_runtime=inputs.max_runtime,
                ),
            )


def evaluation_prefix(job: str) -> str:
    """The folder in the artifact bucket of what an evaluation's job wrote."""
    return f"{naming.EVALUATIONS}{job}/"


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """A model and the rows that it is asked."""

    inputs: EvaluationInputs
    model: Model
    data: DataSet
    tags: list[Request]

    def by_script(self, script: Script, name: str) -> ScriptJob:
        """The model's artifact, the rows, and a folder for what the script writes."""
        return ScriptJob(
            bucket=self.inputs.bucket,
            image=self.model.image,
            script=script,
            sources={
                "model": Source(path=f"{PROCESSING}/model", uri=self.model.artifact, manifest=False),
                "data": Source(path=f"{PROCESSING}/input/data", uri=self.data.manifest),
            },
            outputs={"evaluation": (OUTPUT, self._folder(name))},
            **self._machines(),
        )

    def by_transform(self, settings: BatchTransform, name: str) -> TransformJob:
        """The model's own serving code, the rows, and a folder for the answers."""
        return TransformJob(
            model=self.model,
            data=self.data,
            answers=f"{self._folder(name)}{ANSWERS}",
            settings=settings,
            **self._machines(),
        )

    def _folder(self, name: str) -> str:
        return f"s3://{self.inputs.bucket}/{evaluation_prefix(name)}"

    def _machines(self) -> dict[str, Any]:
        return {
            "role": self.inputs.role,
            "resources": self.inputs.resources,
            "max_runtime": self.inputs.max_runtime,
            "kms_key": self.inputs.kms_key,
            "network": self.inputs.network,
            "tags": self.tags,
        }
