"""Find out how large the model is that an endpoint would have to fetch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from agent.artifacts import Judgement, Model
from agent.aws.objects import parse_location
from agent.config.system_gates import ModelSizeGate
from agent.errors import InputMissingError
from agent.gates import model_size
from agent.step import Step, StepModel

if TYPE_CHECKING:
    from agent.context import Context


class Inputs(StepModel):
    """The model, and the gates that judge its size."""

    model: Model = Field(description="The candidate.")
    gates: Mapping[str, ModelSizeGate] = Field(description="Gates on the model's size, by name.")


class Result(StepModel):
    """What the gates answer."""

    answers: Mapping[str, Judgement] = Field(description="Answers by the names of the gates.")


def run(inputs: Inputs, ctx: Context) -> Result:
    """Look at the artifact where it is."""
    size = _size(inputs.model.artifact, ctx)
    answers = {name: model_size.judge(name, gate, size, inputs.model.artifact) for name, gate in inputs.gates.items()}
    for answer in answers.values():
        (ctx.report.fact if answer.passed else ctx.report.warn)(answer.reason)
    return Result(answers=answers)


def _size(artifact: str, ctx: Context) -> int:
    where, tools = parse_location(artifact), ctx.accounts.tools
    found = next((one for one in tools.objects.list(where.bucket, where.key) if one.key == where.key), None)
    if found is None:
        raise InputMissingError(
            f"account {tools.id}, {tools.region}: {artifact} is not there any more; train it again: "
            "modelyard run --from train"
        )
    return found.size


STEP = Step(inputs=Inputs, result=Result, run=run, account="tools", effect="read")
