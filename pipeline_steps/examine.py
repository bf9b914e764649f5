"""Work out what the gates ask of the predictions, row by row, once for each pair of models and each question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from agent.artifacts import Evaluation
from agent.config.predictions import Predictions
from agent.errors import InputMissingError
from agent.evaluation.extra import require_statistics
from agent.evaluation.prediction_files import fetched_again
from agent.gates.findings import Finding, Question, copy_name
from agent.step import Action, Step, StepModel

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from agent.artifacts import PredictionFiles
    from agent.context import Context
    from agent.statistics.sample import Settings
    from agent.statistics.schema import Task


class Inputs(StepModel):
    """The questions, and the evaluations whose predictions answer them."""

    predictions: Predictions = Field(description="What the models are asked, and how they are measured.")
    evaluation: Evaluation = Field(description="The candidate's.")
    champions: Mapping[str, Evaluation] = Field(description="The champions', by environment.")
    questions: Mapping[str, Question] = Field(description="What gates ask, by their names.")
    perturbed: Mapping[str, Evaluation] = Field(
        default={}, description="The candidate's of perturbed copies of the data, by gate and perturbation."
    )


class Result(StepModel):
    """What the predictions answer."""

    findings: Mapping[str, Finding] = Field(description="Answers by the names of the gates.")


def plan(inputs: Inputs, ctx: Context) -> Sequence[Action]:  # noqa: ARG001 - as every plan
    """Nothing but the record of what was found."""
    return ()


def run(inputs: Inputs, ctx: Context) -> Result:
    """Fetch the candidate's predictions, and one champion's after another."""
    require_statistics()
    predictions = inputs.evaluation.predictions
    if predictions is None:
        raise InputMissingError(
            f"gates look at predictions, and {inputs.evaluation.report} (job {inputs.evaluation.job}) came without; "
            "begin there: modelyard run --from evaluate"
        )
    objects = ctx.accounts.tools.objects
    with fetched_again(predictions, objects) as files:
        findings = _of_candidate(inputs, files)
        for environment in sorted({each.environment for each in inputs.questions.values() if each.environment}):
            findings |= _of_champion(environment, inputs, files, ctx)
        findings |= _of_perturbations(inputs, files, ctx)
    ctx.report.fact(f"{predictions.rows} rows looked at for {', '.join(inputs.questions)}")
    return Result(findings={name: findings[name] for name in inputs.questions if name in findings})


def _of_candidate(inputs: Inputs, files: tuple[Path, ...]) -> dict[str, Finding]:
    from agent.evaluation.examining import examined

    asked = {name: each for name, each in inputs.questions.items() if not each.environment and not each.perturbations}
    if not asked:
        return {}
    return examined(asked, files, *_how(inputs.predictions), support=inputs.predictions.support)


def _of_champion(environment: str, inputs: Inputs, files: tuple[Path, ...], ctx: Context) -> dict[str, Finding]:
    """Comparisons with one champion; none where nothing is deployed, or where it is the candidate itself."""
    from agent.evaluation.examining import compared

    asked = {name: each for name, each in inputs.questions.items() if each.environment == environment}
    champion = inputs.champions.get(environment)
    if champion is None or champion.model == inputs.evaluation.model:
        return {}
    if champion.predictions is None:
        absent = f"the champion of {environment} was evaluated without predictions ({champion.report})"
        return dict.fromkeys(asked, Finding(absent=absent))
    with fetched_again(champion.predictions, ctx.accounts.tools.objects) as theirs:
        return compared(asked, theirs, files, *_how(inputs.predictions))


def _of_perturbations(inputs: Inputs, files: tuple[Path, ...], ctx: Context) -> dict[str, Finding]:
    """What becomes of the candidate's metric under the perturbations of each gate, one after another."""
    from agent.evaluation.examining import dropped, together

    asked = {name: each for name, each in inputs.questions.items() if each.perturbations}
    found: dict[str, list[Finding]] = {name: [] for name in asked}
    for name, question in asked.items():
        for perturbation in question.perturbations:
            copy = _of_copy(inputs, copy_name(name, perturbation))
            with fetched_again(copy, ctx.accounts.tools.objects) as theirs:
                how = _how(inputs.predictions)
                found[name].append(dropped(question, theirs, files, *how, perturbation=perturbation))
    return {name: together(each) for name, each in found.items()}


def _of_copy(inputs: Inputs, name: str) -> PredictionFiles:
    """The predictions of a perturbed copy."""
    evaluation = inputs.perturbed.get(name)
    if evaluation is None or evaluation.predictions is None:
        raise InputMissingError(
            f"there are no predictions of the perturbed copy {name}; begin there: modelyard run --from perturb"
        )
    return evaluation.predictions


def _how(predictions: Predictions) -> tuple[Task, Settings]:
    from agent.statistics.sample import Settings
    from agent.statistics.schema import Task

    return Task(predictions.task), Settings(threshold=predictions.threshold, k=predictions.k)


STEP = Step(inputs=Inputs, result=Result, run=run, plan=plan, account="tools", effect="write")
