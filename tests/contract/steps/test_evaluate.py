"""The step `evaluate` on a cloud that really measures: every model once, in its own image, and failures with a name."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from agent.artifacts import Champion, Metric, Model, Script
from agent.cloud.embedded import EmbeddedCloud
from agent.errors import InputMissingError, InterruptedRunError, UserCodeFailedError
from agent.evaluation import by_job
from agent.ports.jobs import JobKind
from agent.runner import plan_step, run_step
from pipeline_steps import evaluate
from tests.contract.steps.hurried_clock import HurriedClock
from tests.contract.steps.job_world import RESOURCES, JobWorld, new_world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.context import Context

CREATE = "sagemaker:CreateProcessingJob"
MEASURE = """
import json, os, pathlib
base = pathlib.Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")) / "processing"
model = (base / "model/model.tar.gz").read_text()
rows = sum(len(file.read_text().splitlines()) for file in (base / "input/data").glob("*.csv"))
print("measuring", model)
if model.startswith("broken"):
    raise SystemExit("cannot read " + model)
metrics = {"auc": {"value": float(model), "standard_deviation": "NaN"}, "rows": {"value": rows},
           "confusion_matrix": {"0": {"0": 1}}}
(base / "output/evaluation.json").write_text(json.dumps({"binary_classification_metrics": metrics}))
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobWorld]:
    with EmbeddedCloud() as cloud:
        yield new_world(cloud, tmp_path_factory.mktemp("repository"))


def trained(world: JobWorld, text: str) -> Model:
    """A model whose artifact is this text, for the script above takes it as the metric's value."""
    key = f"models/{text}/output/model.tar.gz"
    world.account.objects.create(world.bucket, key, text.encode())
    sha256 = world.account.objects.sha256(world.bucket, key)
    return Model(artifact=f"s3://{world.bucket}/{key}", sha256=sha256, image=world.image, job=text)


def champion(world: JobWorld, environment: str, text: str) -> Champion:
    return Champion(environment=environment, release="0" * 64, model=trained(world, text))


def inputs(world: JobWorld, model: str, *champions: Champion, **members: Any) -> evaluate.Inputs:
    return evaluate.Inputs(
        **{
            "project": world.project,
            "bucket": world.bucket,
            "role": world.role,
            "model": trained(world, model),
            "champions": champions,
            "method": world.script("evaluate.py", MEASURE),
            "data": world.data_set("evaluation", {"a.csv": "1,2\n2,3\n", "b.csv": "3,4\n"}),
            "metrics": ("auc",),
            "resources": RESOURCES,
            "max_runtime": 600,
            **members,
        }
    )


def told(context: Context, kind: str) -> str:
    return "\n".join(context.report.of(kind))  # type: ignore[attr-defined]


def test_a_model_is_measured_on_the_rows_by_the_script(world: JobWorld) -> None:
    wanted, context = inputs(world, "0.75"), world.context()
    evaluation = run_step(evaluate.STEP, wanted, context).result.evaluation
    assert evaluation.metrics == {"auc": Metric(value=0.75), "rows": Metric(value=3)}
    assert (evaluation.model, evaluation.data) == (wanted.model.sha256, wanted.data.digest)
    assert evaluation.report == f"s3://{world.bucket}/evaluations/{evaluation.job}/evaluation.json"
    assert told(context, "log") == "measuring 0.75"


def test_champions_are_measured_with_the_same_script_on_the_same_rows(world: JobWorld) -> None:
    wanted = inputs(world, "0.8", champion(world, "qa", "0.81"), champion(world, "prod", "0.82"))
    context = world.context()
    result = run_step(evaluate.STEP, wanted, context).result
    measured = {name: evaluation.metrics["auc"].value for name, evaluation in result.champions.items()}
    assert measured == {"qa": 0.81, "prod": 0.82}
    assert "[the champion in prod] measuring 0.82" in told(context, "log")
    assert [use.subject for use in result.jobs] == ["the candidate", "the champion in qa", "the champion in prod"]
    assert result.jobs[0].job == result.evaluation.job
    assert all(use.seconds is not None and use.billable_seconds is None for use in result.jobs)


def test_a_champion_that_was_measured_on_these_rows_is_not_measured_again(world: JobWorld) -> None:
    run_step(evaluate.STEP, inputs(world, "0.5"), world.context())
    before = world.last_call()
    result = run_step(evaluate.STEP, inputs(world, "0.51", champion(world, "prod", "0.5")), world.context()).result
    assert result.champions["prod"].metrics["auc"].value == 0.5
    assert world.calls(CREATE, before) == 1


def test_a_model_that_is_its_own_champion_is_measured_once(world: JobWorld) -> None:
    wanted, before = (
        inputs(world, "0.6", champion(world, "qa", "0.6"), champion(world, "prod", "0.6")),
        world.last_call(),
    )
    result = run_step(evaluate.STEP, wanted, world.context()).result
    assert result.champions == {"qa": result.evaluation, "prod": result.evaluation}
    assert world.calls(CREATE, before) == 1


def test_an_evaluation_whose_report_is_gone_is_made_again(world: JobWorld) -> None:
    wanted = inputs(world, "0.7")
    context = replace(world.context(), key="irrelevant")
    first = evaluate.run(wanted, context).evaluation
    world.account.objects.delete(world.bucket, f"evaluations/{first.job}/evaluation.json")
    again = evaluate.run(wanted, context).evaluation
    assert again.job == f"{first.job}-a2"


def test_a_failure_says_whose_evaluation_it_was_and_others_go_on(world: JobWorld) -> None:
    wanted = inputs(world, "0.9", champion(world, "prod", "broken by age"))
    with pytest.raises(UserCodeFailedError, match=r"^the champion in prod: the processing job ") as caught:
        run_step(evaluate.STEP, wanted, world.context())
    assert "cannot read broken by age" in str(caught.value)
    before = world.last_call()
    run_step(evaluate.STEP, inputs(world, "0.9"), world.context())
    assert world.calls(CREATE, before) == 0


def test_a_metric_that_the_script_does_not_write_is_named(world: JobWorld) -> None:
    wanted = inputs(world, "0.65", metrics=("auc", "recall"))
    with pytest.raises(UserCodeFailedError, match="it lacks the metric recall; it has auc, rows"):
        run_step(evaluate.STEP, wanted, world.context())


def test_a_report_that_the_script_does_not_write_is_missed(world: JobWorld) -> None:
    wanted = inputs(world, "0.66", method=world.script("silent.py", "print('nothing to say')"))
    with pytest.raises(UserCodeFailedError, match=r"silent.py ended well, but .* left no s3://"):
        run_step(evaluate.STEP, wanted, world.context())


def test_a_script_that_changed_since_the_run_began_is_refused(world: JobWorld) -> None:
    old = Script(path="evaluate.py", sha256="0" * 64)
    with pytest.raises(InputMissingError, match="it has changed since the run began"):
        run_step(evaluate.STEP, inputs(world, "0.67", method=old), world.context())


def test_scripts_lie_under_their_digest(world: JobWorld) -> None:
    wanted = inputs(world, "0.68")
    assert isinstance(wanted.method, Script)
    run_step(evaluate.STEP, wanted, world.context())
    kept = world.account.objects.read(world.bucket, f"code/{wanted.method.sha256}/evaluate.py")
    assert kept is not None
    assert kept.body.decode() == MEASURE


def test_a_plan_has_the_script_and_a_job_for_each_model(world: JobWorld) -> None:
    script = world.script("planned.py", "print('planned')")
    wanted = inputs(world, "0.69", champion(world, "prod", "0.7"), method=script)
    planned = plan_step(evaluate.STEP, wanted, world.context())
    assert [action.operation for action in planned] == ["s3:PutObject", CREATE, CREATE]
    json.dumps([dict(action.request) for action in planned])


def test_an_interruption_stops_every_job_of_the_step(world: JobWorld) -> None:
    script = world.script("slow.py", "import time\nprint('here')\ntime.sleep(3600)")
    wanted = inputs(world, "0.71", champion(world, "prod", "0.72"), method=script)
    context = world.context(stop_jobs=True)
    assert isinstance(context.clock, HurriedClock)
    before = world.last_call()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run_step, evaluate.STEP, wanted, context)
        for judged in evaluate.subjects(wanted).values():
            world.await_job(JobKind.PROCESSING, by_job.order(wanted, judged, context).name(1))
        context.clock.interrupt.set()
    with pytest.raises(InterruptedRunError):
        running.result()
    assert world.calls("sagemaker:StopProcessingJob", before) == 2
