"""The step `prepare` on a cloud that really runs the script: what it writes becomes versions of data sets."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from agent import naming
from agent.aws.objects import parse_location
from agent.cloud.embedded import EmbeddedCloud
from agent.errors import UsageError, UserCodeFailedError
from agent.runner import plan_step, run_step
from pipeline_steps import prepare
from tests.contract.steps.job_world import RESOURCES, JobWorld, new_world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.artifacts import DataSet

CREATE = "sagemaker:CreateProcessingJob"
SPLIT = """
import os, pathlib
base = pathlib.Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")) / "processing"
rows = [row for file in sorted((base / "input/iris").glob("*.csv")) for row in file.read_text().split()]
for name, part in (("training", rows[:-1]), ("evaluation", rows[-1:])):
    (base / "output" / name).mkdir(parents=True, exist_ok=True)
    (base / "output" / name / "part.csv").write_text("".join(f"{row}\\n" for row in part))
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobWorld]:
    with EmbeddedCloud() as cloud:
        yield new_world(cloud, tmp_path_factory.mktemp("repository"))


def inputs(world: JobWorld, rows: str, **members: Any) -> prepare.Inputs:
    return prepare.Inputs(
        **{
            "project": world.project,
            "bucket": world.bucket,
            "role": world.role,
            "image": world.image,
            "script": world.script("prepare.py", SPLIT),
            "sources": {"iris": world.data_set("iris", {"iris.csv": rows}, "text/csv")},
            "outputs": ("training", "evaluation"),
            "resources": RESOURCES,
            "max_runtime": 600,
            **members,
        }
    )


def content(world: JobWorld, data: DataSet) -> dict[str, str]:
    """The files of a version as its manifest lists them, the name without the digest."""
    where = parse_location(data.manifest)
    manifest = world.account.objects.read(where.bucket, where.key)
    assert manifest is not None
    head, *names = json.loads(manifest.body)
    prefix = parse_location(head["prefix"]).key
    found = {name.partition(".")[0]: world.account.objects.read(world.bucket, prefix + name) for name in names}
    return {name: document.body.decode() for name, document in found.items() if document is not None}


def test_what_the_script_writes_are_data_sets(world: JobWorld) -> None:
    result = run_step(prepare.STEP, inputs(world, "1\n2\n3\n"), world.context()).result
    training, evaluation = result.data["training"], result.data["evaluation"]
    assert content(world, training) == {"part": "1\n2\n"}
    assert content(world, evaluation) == {"part": "3\n"}
    assert (training.name, training.files, training.size, training.content_type) == ("training", 1, 4, "text/csv")


def test_the_same_content_is_the_same_version_whatever_job_wrote_it(world: JobWorld) -> None:
    wanted, context = inputs(world, "4\n5\n"), replace(world.context(), key="a" * 64)
    first = prepare.run(wanted, context)
    second = prepare.run(wanted, replace(context, key="b" * 64))
    assert first.job != second.job
    assert first.data == second.data


def test_a_completed_job_is_adopted_with_its_outputs(world: JobWorld) -> None:
    wanted, context = inputs(world, "6\n7\n"), replace(world.context(), key="c" * 64)
    first = prepare.run(wanted, context)
    before = world.last_call()
    assert prepare.run(wanted, context) == first
    assert world.calls(CREATE, before) == 0


@pytest.mark.parametrize("outputs", [("training", "forgotten"), ("training", "evaluation", "forgotten")])
def test_an_output_that_the_script_does_not_write_is_named(world: JobWorld, outputs: tuple[str, ...]) -> None:
    with pytest.raises(UserCodeFailedError, match="left no data in /opt/ml/processing/output/forgotten/;"):
        run_step(prepare.STEP, inputs(world, "8\n9\n", outputs=outputs), world.context())


def test_an_output_without_content_is_named(world: JobWorld) -> None:
    with pytest.raises(UserCodeFailedError, match="left no data in /opt/ml/processing/output/training/;"):
        run_step(prepare.STEP, inputs(world, "10\n"), world.context())


def test_the_script_s_own_words_explain_its_failure(world: JobWorld) -> None:
    script = world.script("failing.py", "raise ValueError('no rows at all')")
    with pytest.raises(UserCodeFailedError, match="ValueError: no rows at all"):
        run_step(prepare.STEP, inputs(world, "11\n", script=script), world.context())


def test_running_out_of_time_is_named_and_no_success(world: JobWorld) -> None:
    """A processing job that exceeds its limit is Stopped, and does not say why."""
    script = world.script("slow.py", "import time\ntime.sleep(3600)")
    wanted, context = inputs(world, "13\n", script=script), world.context()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run_step, prepare.STEP, wanted, context)
        world.await_processing(naming.job(world.project, "prepare", prepare.STEP.key(wanted)))
        world.cloud.advance(600)
    with pytest.raises(UserCodeFailedError, match=r"was stopped: it ran longer than it may \(600 s\)"):
        running.result()


def test_a_source_may_not_be_called_like_the_script_s_folder(world: JobWorld) -> None:
    sources = {"code": world.data_set("code", {"iris.csv": "1\n"})}
    with pytest.raises(UsageError, match="rename it"):
        run_step(prepare.STEP, inputs(world, "", sources=sources), world.context())


def test_a_plan_has_script_job_and_data_sets(world: JobWorld) -> None:
    script = world.script("planned.py", "print('planned')")
    before = world.last_call()
    planned = plan_step(prepare.STEP, inputs(world, "12\n", script=script), world.context())
    assert [action.operation for action in planned] == ["s3:PutObject", CREATE, "s3:PutObject"]
    assert world.calls(CREATE, before) == 0
