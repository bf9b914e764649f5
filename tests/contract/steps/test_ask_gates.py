"""The step `ask_gates` on a cloud that really runs them: in the model's image, with its words where they fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from agent.artifacts import Evaluation, Metric
from agent.cloud.embedded import EmbeddedCloud
from agent.config.gate import CustomGate
from agent.errors import UserCodeFailedError
from agent.runner import plan_step, run_step
from pipeline_steps import ask_gates
from tests.contract.steps.job_world import RESOURCES, JobWorld, new_world

if TYPE_CHECKING:
    from collections.abc import Iterator

CREATE = "sagemaker:CreateProcessingJob"
MODULE = """
def calm(evaluation, folder):
    value = evaluation["regression_metrics"]["mse"]["value"]
    return {"passed": value < 5, "value": value, "limit": 5.0, "comparison": "at most", "reason": f"mse is {value}"}

def well_read(evaluation, folder):
    return {"passed": True, "reason": (folder / "rows.csv").read_text()}

def broken(evaluation, folder):
    raise LookupError("no column sex")

def wordless(evaluation, folder):
    return {"passed": True}
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobWorld]:
    with EmbeddedCloud() as cloud:
        yield new_world(cloud, tmp_path_factory.mktemp("repository"))


def evaluated(world: JobWorld, mse: float) -> Evaluation:
    """What an evaluation job left."""
    job = f"jobs-evaluate-{str(mse).replace('.', '-')}"
    report = f'{{"regression_metrics": {{"mse": {{"value": {mse}}}}}}}'
    for name, text in (("evaluation.json", report), ("rows.csv", "three rows")):
        world.account.objects.create(world.bucket, f"evaluations/{job}/{name}", text.encode())
    return Evaluation(model="2" * 64, data="3" * 64, metrics={"mse": Metric(value=mse)}, report="", job=job)


def inputs(world: JobWorld, *functions: str, mse: float = 4.0, module: str = MODULE) -> ask_gates.Inputs:
    gates = {name: CustomGate(kind="custom", entry_point=f"checks:{name}") for name in functions}
    return ask_gates.Inputs(
        project=world.project,
        bucket=world.bucket,
        role=world.role,
        image=world.image,
        evaluation=evaluated(world, mse),
        gates=gates,
        modules=dict.fromkeys(gates, world.script("checks.py", module)),
        resources=RESOURCES,
    )


def answers(world: JobWorld, wanted: ask_gates.Inputs) -> Any:
    return run_step(ask_gates.STEP, wanted, world.context()).result.answers


def test_every_gate_is_asked_about_the_evaluation_and_what_lies_beside_it(world: JobWorld) -> None:
    result = run_step(ask_gates.STEP, inputs(world, "calm", "well_read"), world.context()).result
    assert [use.subject for use in result.jobs] == ["gate calm", "gate well_read"]
    found = result.answers
    assert (found["calm"].passed, found["calm"].value, found["calm"].limit) == (True, 4.0, 5.0)
    assert found["calm"].evidence.startswith(f"s3://{world.bucket}/evaluations/jobs-ask-gates-")
    assert found["well_read"].reason == "three rows"


def test_one_that_says_no_is_an_answer_and_no_failure(world: JobWorld) -> None:
    assert not answers(world, inputs(world, "calm", mse=6.0))["calm"].passed


def test_the_same_question_is_not_asked_twice_and_another_module_is_another_question(world: JobWorld) -> None:
    wanted, context = inputs(world, "calm", mse=3.0), world.context()
    planned = [action.operation for action in plan_step(ask_gates.STEP, wanted, context)]
    assert planned.count(CREATE) == 1
    first, before = ask_gates.run(wanted, context), world.last_call()
    assert ask_gates.run(wanted, world.context()) == first
    assert world.calls(CREATE, before) == 0
    assert not any(action.operation == CREATE for action in ask_gates.plan(wanted, world.context()))
    ask_gates.run(inputs(world, "calm", mse=3.0, module=f"{MODULE}# changed"), world.context())
    assert world.calls(CREATE, before) == 1


@pytest.mark.parametrize(
    ("function", "words"),
    [("broken", "LookupError: no column sex"), ("wordless", "answered .* is no verdict: reason: Field required")],
)
def test_what_it_raises_or_forgets_is_the_failure_of_the_user_s_code(
    world: JobWorld, function: str, words: str
) -> None:
    with pytest.raises(UserCodeFailedError, match=words) as caught:
        answers(world, inputs(world, function))
    assert caught.value.exit_code == 7
