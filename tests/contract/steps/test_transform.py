"""The step `evaluate` by batch transform: a model's serving code answers rows, and is measured by what it says."""

from __future__ import annotations

import io
import random
import tarfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from agent.artifacts import Champion, Model
from agent.clock import SystemClock
from agent.cloud.embedded import EmbeddedCloud
from agent.config.predictions import Predictions
from agent.config.transform import BatchTransform
from agent.errors import InterruptedRunError, UserCodeFailedError
from agent.evaluation import by_job
from agent.ports.jobs import JobKind
from agent.runner import plan_step, run_step
from pipeline_steps import evaluate
from tests.contract.steps.hurried_clock import HurriedClock
from tests.contract.steps.job_world import RESOURCES, JobWorld, new_world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from agent.artifacts import DataSet, Evaluation
    from agent.context import Context

CREATE, STOP = "sagemaker:CreateTransformJob", "sagemaker:StopTransformJob"
SERVE = """#!/usr/bin/env python3
import math, os, pathlib, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

weight = float((pathlib.Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")) / "model/weight").read_text())
print("serving", weight, flush=True)

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.say(200 if self.path == "/ping" else 404, "")

    def do_POST(self):
        rows = self.rfile.read(int(self.headers["Content-Length"])).decode().splitlines()
        signals = [row.split(",")[0] for row in rows]
        if "slow" in signals:
            time.sleep(3600)
        if "none" in signals:
            self.say(400, "no signal in row " + str(signals.index("none")))
            return
        self.say(200, "".join(f"{1 / (1 + math.exp(-weight * float(each)))}\\n" for each in signals if each))

    def say(self, status, text):
        self.send_response(status)
        self.send_header("Content-Type", "text/csv")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

ThreadingHTTPServer(("", int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))), Handler).serve_forever()
"""
SETTINGS = Predictions(task="binary", slices=("town",), columns={"town": "column2"}, support=20)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobWorld]:
    program = tmp_path_factory.mktemp("program")
    (program / "serve").write_text(SERVE)
    (program / "serve").chmod(0o755)
    with EmbeddedCloud() as cloud:
        yield new_world(cloud, tmp_path_factory.mktemp("repository"), program)


def trained(world: JobWorld, weight: float) -> Model:
    """A model that is as sure of the signal as this weight says; below 0 it takes it for the opposite."""
    content, text = io.BytesIO(), str(weight).encode()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        member = tarfile.TarInfo("weight")
        member.size = len(text)
        archive.addfile(member, io.BytesIO(text))
    key = f"models/{weight}/output/model.tar.gz"
    world.account.objects.create(world.bucket, key, content.getvalue())
    sha256 = world.account.objects.sha256(world.bucket, key)
    return Model(artifact=f"s3://{world.bucket}/{key}", sha256=sha256, image=world.image, job=str(weight))


def rows(count: int, seed: int) -> str:
    """Rows whose signal tells their label more often than not, and whose town tells nothing."""
    chance, lines = random.Random(seed), []
    for _ in range(count):
        label = chance.randint(0, 1)
        lines.append(f"{label},{2 * label - 1 + chance.gauss(0, 1):.4f},{chance.choice(['Ulm', 'Bonn'])}\n")
    return "".join(lines)


def held_out(world: JobWorld, files: dict[str, str] | None = None) -> DataSet:
    files = files or {"a.csv": rows(300, 1), "more/a.csv": rows(200, 2), "none.csv": ""}
    return world.data_set("evaluation", files, "text/csv")


def inputs(world: JobWorld, weight: float, *champions: Champion, **members: Any) -> evaluate.Inputs:
    return evaluate.Inputs(
        **{
            "project": world.project,
            "bucket": world.bucket,
            "role": world.role,
            "model": trained(world, weight),
            "champions": champions,
            "method": BatchTransform(),
            "data": held_out(world),
            "metrics": ("auc", "brier"),
            "predictions": SETTINGS,
            "resources": RESOURCES,
            "max_runtime": 600,
            **members,
        }
    )


def predicted(world: JobWorld, evaluation: Evaluation, folder: Path) -> list[tuple[Any, ...]]:
    """Every row of the predictions, by its id."""
    assert evaluation.predictions is not None
    (name,) = evaluation.predictions.files
    file = folder / "predictions.parquet"
    key = evaluation.predictions.uri.removeprefix(f"s3://{world.bucket}/") + name
    world.account.objects.download(world.bucket, key, file)
    with duckdb.connect() as database:
        database.execute(f"SELECT row_id, label, score, slice_town FROM '{file}' ORDER BY row_id")
        return database.fetchall()


def told(context: Context, kind: str) -> str:
    return "\n".join(context.report.of(kind))  # type: ignore[attr-defined]


def models(world: JobWorld) -> list[str]:
    """The models that SageMaker knows in the tools account."""
    return [model["ModelName"] for model in world.cloud.client("sagemaker").list_models()["Models"]]


def test_a_model_is_measured_by_what_it_answers(world: JobWorld, tmp_path: Path) -> None:
    wanted, context = inputs(world, 1.5), world.context()
    result = run_step(evaluate.STEP, wanted, context).result
    evaluation, (use,) = result.evaluation, result.jobs
    told_rows = [line.split(",") for name in ("a.csv", "more/a.csv") for line in sent(world, wanted, name)]
    found = predicted(world, evaluation, tmp_path)
    assert [(number, label, town) for number, label, _, town in found] == [
        (number, int(label), town) for number, (label, _, town) in enumerate(told_rows)
    ]
    assert evaluation.metrics["auc"].interval is not None
    assert 0.85 < evaluation.metrics["auc"].value < 0.97
    assert "measured/" in evaluation.measurements
    assert (use.job, use.subject, use.instance_type) == (evaluation.job, "the candidate", "ml.m5.large")
    assert use.seconds is not None
    state = world.account.jobs.describe(JobKind.TRANSFORM, evaluation.job)
    assert state is not None
    assert state.over
    assert "serving 1.5" in told(context, "log")
    assert models(world) == []


def sent(world: JobWorld, wanted: evaluate.Inputs, name: str) -> list[str]:
    """The lines of a file of the held-out data."""
    stem = name.removesuffix(".csv")
    (entry,) = [
        each for each in world.account.objects.list(world.bucket, f"data/objects/{stem}.") if each.key.endswith(".csv")
    ]
    document = world.account.objects.read(world.bucket, entry.key)
    assert document is not None
    return document.body.decode().splitlines()


def test_champions_answer_the_same_rows(world: JobWorld) -> None:
    worse = Champion(environment="prod", release="0" * 64, model=trained(world, -1.0))
    result = run_step(evaluate.STEP, inputs(world, 2.0, worse), world.context()).result
    assert result.evaluation.metrics["auc"].value == pytest.approx(1 - result.champions["prod"].metrics["auc"].value)
    assert [use.subject for use in result.jobs] == ["the candidate", "the champion in prod"]
    assert models(world) == []


def test_other_slices_read_the_same_answers(world: JobWorld) -> None:
    first = run_step(evaluate.STEP, inputs(world, 2.5), world.context()).result.evaluation
    before = world.last_call()
    plain = Predictions(task="binary")
    again = run_step(evaluate.STEP, inputs(world, 2.5, predictions=plain), world.context()).result.evaluation
    assert again.job == first.job
    assert again.metrics == first.metrics
    assert again.predictions != first.predictions
    assert world.calls(CREATE, before) == 0


def test_answers_that_are_gone_are_asked_for_again(world: JobWorld) -> None:
    wanted, context = inputs(world, 2.6), replace(world.context(), key="irrelevant")
    first = evaluate.run(wanted, context).evaluation
    for entry in list(world.account.objects.list(world.bucket, f"evaluations/{first.job}/")):
        world.account.objects.delete(world.bucket, entry.key)
    assert evaluate.run(wanted, context).evaluation.job == f"{first.job}-a2"


def test_a_model_that_answers_fewer_lines_is_the_program_s_fault(world: JobWorld) -> None:
    data = held_out(world, {"a.csv": "1,0.5,Ulm\n0,,Ulm\n", "b.csv": "1,0.1,Bonn\n"})
    with pytest.raises(UserCodeFailedError, match=r"2 rows of s3://\S+/a\.\w+\.csv were answered with 1 lines"):
        run_step(evaluate.STEP, inputs(world, 1.6, data=data), world.context())


def test_a_row_that_the_model_refuses_is_told_in_its_words(world: JobWorld) -> None:
    data = held_out(world, {"a.csv": "1,0.5,Ulm\n0,none,Ulm\n"})
    with pytest.raises(UserCodeFailedError, match="its model refused a row") as caught:
        run_step(evaluate.STEP, inputs(world, 1.7, data=data), world.context())
    assert "no signal in row 1" in str(caught.value)
    assert models(world) == []


def test_an_answer_that_is_no_probability_names_its_row(world: JobWorld) -> None:
    data = held_out(world, {"a.csv": "1,0.5,Ulm\nmaybe,0.5,Ulm\n"})
    with pytest.raises(UserCodeFailedError, match="the label of row 1 is 'maybe', expected 0 or 1"):
        run_step(evaluate.STEP, inputs(world, 1.8, data=data), world.context())


def test_an_interruption_stops_the_job_and_leaves_no_model(world: JobWorld) -> None:
    wanted, context = slow(world, 1.9), world.context(stop_jobs=True)
    assert isinstance(context.clock, HurriedClock)
    (judged,) = evaluate.subjects(wanted).values()
    name, before = by_job.order(wanted, judged, context).name(1), world.last_call()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run_step, evaluate.STEP, wanted, context)
        try:
            world.await_job(JobKind.TRANSFORM, name)
            assert models(world) == [name]
        finally:
            context.clock.interrupt.set()
    with pytest.raises(InterruptedRunError):
        running.result()
    assert world.calls(STOP, before) == 1
    assert models(world) == []


def test_a_job_that_takes_too_long_is_stopped_by_whoever_watches_it(world: JobWorld) -> None:
    """SageMaker sets transform jobs no limit (CreateTransformJob has no StoppingCondition)."""

    class Later(SystemClock):
        def now(self) -> datetime:
            return datetime.now(UTC) + timedelta(minutes=10)

    wanted, before = slow(world, 1.95), world.last_call()
    with pytest.raises(UserCodeFailedError, match=r"it ran longer than it may \(1 s\)"):
        run_step(evaluate.STEP, wanted, replace(world.context(), clock=Later()))
    assert world.calls(STOP, before) == 1
    assert models(world) == []


def slow(world: JobWorld, weight: float) -> evaluate.Inputs:
    """A model that does not come to an answer."""
    return inputs(world, weight, data=held_out(world, {"a.csv": "1,slow,Ulm\n"}), max_runtime=1)


def test_a_plan_has_a_model_for_as_long_as_the_job_takes(world: JobWorld) -> None:
    wanted = inputs(world, 3.5)
    planned = plan_step(evaluate.STEP, wanted, world.context())
    assert [action.operation for action in planned] == ["sagemaker:CreateModel", CREATE, "sagemaker:DeleteModel"]
    run_step(evaluate.STEP, wanted, world.context())
    assert plan_step(evaluate.STEP, wanted, world.context()) == ()
