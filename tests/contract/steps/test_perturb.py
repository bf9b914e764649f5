"""The step `perturb` on a cloud that really evaluates: a copy and a job for each perturbation, each made only once."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from agent.artifacts import Model
from agent.cloud.embedded import EmbeddedCloud
from agent.config.predictions import Predictions
from agent.config.robustness import (
    MissingPerturbation,
    NoisePerturbation,
    RobustnessGate,
    ShufflePerturbation,
    SwapPerturbation,
)
from agent.errors import InterruptedRunError, UsageError, UserCodeFailedError
from agent.evaluation import by_job
from agent.gates.findings import copy_name, questions
from agent.ports.jobs import JobKind
from agent.runner import plan_step, run_step
from pipeline_steps import evaluate, examine, gate, perturb
from tests.contract.steps.hurried_clock import HurriedClock
from tests.contract.steps.job_world import RESOURCES, JobWorld, new_world

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agent.artifacts import Evaluation, Verdict

CREATE = "sagemaker:CreateProcessingJob"
MEASURE = """
import csv, math, os, pathlib, duckdb, numpy as np
base = pathlib.Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")) / "processing"
files = sorted((base / "input/data").rglob("*.csv"))
rows = [row for file in files for row in csv.reader(file.open(newline=""))]
print("judging", len(rows), "rows of", *(file.name.partition(".")[0] for file in files))
told = {"row_id": np.arange(len(rows)), "label": np.array([int(label) for label, *_ in rows]),
        "score": np.array([1 / (1 + math.exp(-float(signal))) for _, signal, _ in rows])}
with duckdb.connect() as database:
    database.register("told", told)
    database.table("told").write_parquet(str(base / "output/predictions.parquet"))
"""
SETTINGS = Predictions(task="binary")
NOISE = NoisePerturbation(kind="noise", columns=("column1",), deviations=2)
TOWNS = SwapPerturbation(kind="swap", columns=("column2",), fraction=0.5)
GATES: Mapping[str, Any] = {
    "stands": RobustnessGate(
        kind="robustness", metric="auc", max_drop=0.02, perturbations={"noise": NOISE, "towns": TOWNS}, confidence=0.95
    ),
    "decides": RobustnessGate(kind="robustness", metric="brier", max_drop=0.5, perturbations={"same": NOISE}),
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobWorld]:
    with EmbeddedCloud() as cloud:
        yield new_world(cloud, tmp_path_factory.mktemp("repository"))


def inputs(world: JobWorld, **members: Any) -> perturb.Inputs:
    """The copies of the gates above, of rows whose signal tells their label, and whose town tells nothing."""
    chance, files = random.Random(3), dict[str, str]()
    for name, rows in (("a", 500), ("b", 300)):
        labels = [chance.randint(0, 1) for _ in range(rows)]
        files[f"{name}.csv"] = "".join(
            f"{label},{2 * label - 1 + chance.gauss(0, 0.8):.4f},{chance.choice('xyz')}\n" for label in labels
        )
    world.account.objects.create(world.bucket, "models/job/model.tar.gz", b"a model")
    artifact = f"s3://{world.bucket}/models/job/model.tar.gz"
    copies = {
        copy_name(name, of): perturb.Perturbing(perturbation=how)
        for name, each in GATES.items()
        for of, how in each.perturbations.items()
    }
    return perturb.Inputs(
        **{
            "project": world.project,
            "bucket": world.bucket,
            "role": world.role,
            "model": Model(artifact=artifact, sha256="5" * 64, image=world.image, job="job"),
            "method": world.script("evaluate.py", MEASURE),
            "data": world.data_set("evaluation", files),
            "predictions": SETTINGS,
            "copies": copies,
            "resources": RESOURCES,
            "max_runtime": 600,
            **members,
        }
    )


def copies(how: Any, name: str = "stands/other") -> dict[str, perturb.Perturbing]:
    return {name: perturb.Perturbing(perturbation=how)}


def judged(world: JobWorld, wanted: perturb.Inputs, perturbed: perturb.Result) -> tuple[Evaluation, dict[str, Verdict]]:
    """The evaluation of the data as they are, and what the gates say, by the steps that come after."""
    common = wanted.model_dump(exclude={"copies", "largest_gb", "predictions"})
    plain = evaluate.Inputs.model_validate({**common, "champions": (), "metrics": ("auc",), "predictions": SETTINGS})
    evaluation = run_step(evaluate.STEP, plain, world.context()).result.evaluation
    asked = examine.Inputs(
        predictions=SETTINGS, evaluation=evaluation, champions={}, questions=questions(GATES, SETTINGS),
        perturbed=perturbed.evaluations,
    )  # fmt: skip
    found = run_step(examine.STEP, asked, world.context()).result.findings
    judging = gate.Inputs(gates=GATES, better={}, evaluation=evaluation, champions={}, findings=found)
    return evaluation, {verdict.gate: verdict for verdict in gate.judge(judging)}


def test_what_a_model_rests_on_is_found_and_each_copy_is_made_and_judged_once(world: JobWorld) -> None:
    wanted, context, before = inputs(world), world.context(), world.last_call()
    planned = [action.operation for action in plan_step(perturb.STEP, wanted, context)]
    assert planned == ["s3:PutObject", "s3:PutObject", "s3:PutObject", CREATE]
    result = run_step(perturb.STEP, wanted, context).result
    # Two gates ask for the same noise.
    assert world.calls(CREATE, before) == len(world.jobs("-perturb-")) == 2
    assert result.evaluations["stands/noise"] == result.evaluations["decides/same"]
    assert {use.job for use in result.jobs} == {evaluation.job for evaluation in result.evaluations.values()}
    assert {use.subject for use in result.jobs} == {"stands/noise and decides/same", "stands/towns"}
    assert {evaluation.data for evaluation in result.evaluations.values()}.isdisjoint({wanted.data.digest})
    logged = context.report.of("log")  # type: ignore[attr-defined]
    assert "[stands/towns] judging 800 rows of a b" in logged
    plain, verdicts = judged(world, wanted, result)
    assert (verdicts["stands"].passed, verdicts["stands"].conclusion) == (False, "refuted")
    assert verdicts["stands"].metric == "drop of auc under noise"
    drop = plain.metrics["auc"].value - result.evaluations["stands/noise"].metrics["auc"].value
    assert verdicts["stands"].value == pytest.approx(drop)
    assert drop > 0.1
    same = f"{plain.metrics['auc'].value:.4g} under towns (a drop of 0, -"
    assert verdicts["stands"].reason.count(same) == 1
    assert verdicts["decides"].passed
    before = world.last_call()
    again = perturb.run(wanted.model_copy(update={"copies": copies(NOISE)}), world.context())
    assert again.evaluations["stands/other"] == result.evaluations["stands/noise"]
    assert (world.calls(CREATE, before), plan_step(perturb.STEP, wanted, world.context())) == (0, ())
    assert not [call for call in world.cloud.calls(before) if call.action == "s3:PutObject" and "/data/" in call.path]
    # A copy that somebody has cleaned away is the same once it is made again.
    copy = again.evaluations["stands/other"].data
    world.account.objects.delete(world.bucket, f"data/manifests/{copy}.manifest")
    assert perturb.run(wanted.model_copy(update={"copies": copies(NOISE)}), world.context()) == again
    assert world.account.objects.exists(world.bucket, f"data/manifests/{copy}.manifest")
    assert world.calls(CREATE, before) == 0


def test_a_script_that_cannot_bear_missing_values_fails_with_its_own_words(world: JobWorld) -> None:
    lost = MissingPerturbation(kind="missing", columns=("column1",), fraction=0.1)
    wanted = inputs(world, copies=copies(lost) | copies(TOWNS, "stands/towns"))
    with pytest.raises(UserCodeFailedError, match=r"(?s)^stands/other: .*could not convert string to float: ''"):
        run_step(perturb.STEP, wanted, world.context())


def test_a_column_that_cannot_be_perturbed_is_told_with_its_perturbation(world: JobWorld) -> None:
    wanted = inputs(world, copies=copies(NoisePerturbation(kind="noise", columns=("column2",), deviations=1)))
    told = r"perturbation stands/other of the data set evaluation: the column column2 has the value '\w', which is no"
    with pytest.raises(UsageError, match=told):
        run_step(perturb.STEP, wanted, world.context())
    large = wanted.data.model_copy(update={"size": 3 * 10**9})
    with pytest.raises(UsageError, match=r"more than `largest_gb: 2` of the gate of kind robustness"):
        run_step(perturb.STEP, wanted.model_copy(update={"data": large}), world.context())


def test_an_interruption_between_visits_stops_the_jobs(world: JobWorld) -> None:
    script = world.script("slow.py", "import time\nprint('here')\ntime.sleep(3600)")
    shuffled = ShufflePerturbation(kind="shuffle", columns=("column1",))
    wanted, context = inputs(world, method=script, copies=copies(shuffled)), world.context(stop_jobs=True)
    # Nothing is under way before there are copies.
    perturb.leave(wanted, context)
    assert isinstance(context.clock, HurriedClock)
    how, before = wanted.copies["stands/other"], world.last_call()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run_step, perturb.STEP, wanted, context)
        try:
            world.await_object(f"ledger/{perturb.COPIES}{perturb.copy_key(wanted.data, how)}.json")
            copy = perturb.known_copy(wanted, how, world.context())
            assert copy is not None
            world.await_job(
                JobKind.PROCESSING, by_job.order(wanted, perturb.subject(wanted, copy.data, "a copy"), context).name(1)
            )
        finally:
            context.clock.interrupt.set()
    with pytest.raises(InterruptedRunError):
        running.result()
    assert world.calls("sagemaker:StopProcessingJob", before) == 1
