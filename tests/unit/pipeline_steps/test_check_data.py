"""Data are fetched once, held against every gate, and what was found is kept with row numbers."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from agent.artifacts import DataSet, Release
from agent.config.data_gates import Column, DataSchemaGate, LabelShiftGate, LeakageGate
from agent.config.data_summary import DataSummary
from agent.errors import InputMissingError, UsageError
from agent.release.store import ReleaseStore
from agent.summaries import DataSetSummary, Summaries
from pipeline_steps import check_data
from tests.fakes import FakeAccount, MemoryObjects
from tests.unit.pipeline_steps.surroundings import surroundings, told
from tests.unit.pipeline_steps.vouched import BUCKET, COMMIT, IMAGE, MODEL, PACKAGE, PASSED, evaluation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.context import Context

ROWS = "1,63,f\n0,41,m\n1,55,f\n0,38,m\n"
GATES = {
    "sound": DataSchemaGate(
        kind="data-schema",
        columns={
            "ill": Column(type="integer", values=(0, 1)),
            "age": Column(type="integer", min=18, max=60),
            "sex": Column(type="text"),
        },
    ),
    "apart": LeakageGate(kind="leakage", most_auc=0.99),
    "steady": LabelShiftGate(kind="label-shift", environment="prod", most=0.1),
}


def data_set(objects: MemoryObjects, name: str, text: str, suffix: str = "csv") -> DataSet:
    """A version in the store, as a snapshot leaves it."""
    content = hashlib.sha256(text.encode()).hexdigest()
    objects.create(BUCKET, f"data/objects/{name}.{content}.{suffix}", text.encode())
    manifest = json.dumps([{"prefix": f"s3://{BUCKET}/data/objects/"}, f"{name}.{content}.{suffix}"]).encode()
    digest = hashlib.sha256(manifest).hexdigest()
    objects.create(BUCKET, f"data/manifests/{digest}.json", manifest)
    address = f"s3://{BUCKET}/data/manifests/{digest}.json"
    return DataSet(name=name, digest=digest, manifest=address, files=1, size=len(text))


def released(context: Context, data: DataSet) -> str:
    """A release that was made of a data set."""
    release = Release(
        project="tumour", commit=COMMIT, data={"training": data}, image=IMAGE, model=MODEL, hyperparameters={},
        evaluation=evaluation(), champions={}, verdicts=(PASSED,), package=PACKAGE,
    )  # fmt: skip
    return ReleaseStore(context.ledger).write(release)


@pytest.fixture
def objects() -> MemoryObjects:
    return MemoryObjects(buckets={BUCKET})


@pytest.fixture
def context(objects: MemoryObjects) -> Context:
    return surroundings(FakeAccount(objects=objects), objects=objects)


def inputs(data: Mapping[str, DataSet], gates: Mapping[str, Any] = GATES, **releases: str) -> check_data.Inputs:
    return check_data.Inputs(data=data, gates=gates, releases=releases)


def test_every_gate_says_what_is_wrong_in_which_row(objects: MemoryObjects, context: Context) -> None:
    data = {
        "training": data_set(objects, "training", ROWS),
        "evaluation": data_set(objects, "evaluation", "0,29,f\n1,55,f\n"),
    }
    before = released(context, data_set(objects, "older", "0,1,m\n" * 9 + "1,1,m\n"))
    answers = check_data.run(inputs(data, prod=before), context).answers
    assert answers["sound"].reason == (
        "1 constraint is violated in training: age is above 60 in 1 row, first '63' in row 1 of training.csv "
        "(gate `sound`)"
    )
    assert "1 of the 2 rows of evaluation are in training, too (a share of 0.5, at most 0): rows 2" in (
        answers["apart"].reason
    )
    assert "the most for 0, from 0.9 of 10 rows to 0.5 of 4" in answers["steady"].reason
    assert told(context, "warn") == [answer.reason for answer in answers.values()]
    kept = context.ledger.read_bytes(answers["sound"].evidence.removeprefix(context.ledger.uri("")))
    found = json.loads(kept or b"")
    assert found["sound"]["violations"][0] | {"file": 0} == {
        "column": "age", "broken": "max", "rows": 1, "file": 0, "row": 1, "held": "63",
    }  # fmt: skip
    assert found["apart"]["aucs"]["column1"] == 1


def test_a_feature_that_gives_the_label_away_is_named(objects: MemoryObjects, context: Context) -> None:
    data = {
        "training": data_set(objects, "training", ROWS),
        "evaluation": data_set(objects, "evaluation", "0,29,f\n"),
    }
    answer = check_data.run(inputs(data, {"apart": GATES["apart"]}), context).answers["apart"]
    assert not answer.passed
    assert "the feature column1 alone tells the classes of training apart with an AUC of 1, more" in answer.reason


def test_before_the_first_deployment_no_label_has_shifted(objects: MemoryObjects, context: Context) -> None:
    data = {"training": data_set(objects, "training", ROWS)}
    answer = check_data.run(inputs(data, {"steady": GATES["steady"]}), context).answers["steady"]
    assert answer.passed
    assert "nothing is deployed in prod" in answer.reason


def test_what_is_larger_than_the_agent_may_fetch_is_not_fetched(objects: MemoryObjects, context: Context) -> None:
    data = data_set(objects, "training", ROWS).model_copy(update={"size": 3 * 10**9})
    with pytest.raises(
        UsageError, match=r"training has 3\.0 GB, more than `largest_gb: 2` of the gate of kind data-schema"
    ):
        check_data.run(inputs({"training": data}, {"sound": GATES["sound"]}), context)


def test_the_deployed_model_s_data_are_no_exception(objects: MemoryObjects, context: Context) -> None:
    data = {"training": data_set(objects, "training", ROWS)}
    before = released(context, data_set(objects, "training", "1,1,m\n").model_copy(update={"size": 3 * 10**9}))
    with pytest.raises(UsageError, match=r"more than `largest_gb: 2` of the gate of kind label-shift"):
        check_data.run(inputs(data, {"steady": GATES["steady"]}, prod=before), context)


def test_files_that_nobody_can_read_are_told(objects: MemoryObjects, context: Context) -> None:
    data = {"training": data_set(objects, "training", ROWS, suffix="jsonl")}
    with pytest.raises(UsageError, match=r"holds s3://.*training\..*\.jsonl: .* all \.csv or all \.parquet"):
        check_data.run(inputs(data, {"sound": GATES["sound"]}), context)


def test_a_manifest_that_was_replaced_is_not_judged(objects: MemoryObjects, context: Context) -> None:
    data = data_set(objects, "training", ROWS)
    other = data_set(objects, "other", ROWS)
    changed = data.model_copy(update={"manifest": other.manifest})
    with pytest.raises(InputMissingError, match="is not the one of data set training any more"):
        check_data.run(inputs({"training": changed}, {"sound": GATES["sound"]}), context)


def summary(data: DataSet, context: Context, before: str = "", **wanted: Any) -> DataSetSummary:
    """What is kept of a data set that is summarized beside that of a release in prod."""
    given = check_data.Inputs(
        data={"training": data},
        gates={},
        releases={"prod": before} if before else {},
        summaries={"training": DataSummary(environment="prod", columns=("ill", "age", "sex"), **wanted)},
    )
    result = check_data.run(given, context)
    kept = context.ledger.read_bytes(result.summaries.removeprefix(context.ledger.uri("")))
    assert kept is not None
    assert result.answers == {}
    assert list(result.drifted) == [fact for fact in told(context, "fact") if "sex (" in fact]
    (found,) = Summaries.model_validate_json(kept).data
    return found


def test_a_column_that_has_drifted_is_told_from_one_that_has_not(objects: MemoryObjects, context: Context) -> None:
    older = "".join(f"{row % 2},{40 + row % 7},{'f' if row % 10 < 5 else 'm'}\n" for row in range(1000))
    newer = "".join(f"{row % 2},{40 + row % 7},{'f' if row % 10 < 9 else 'm'}\n" for row in range(2000))
    before = released(context, data_set(objects, "older", older))
    found = summary(data_set(objects, "training", newer), context, before)
    assert found.earlier is not None
    assert (found.rows, found.earlier.rows, found.earlier.release) == (2000, 1000, before)
    ill, age, sex = found.columns
    assert [one.drift is not None and one.drift.matters for one in (ill, age, sex)] == [False, False, True]
    assert sex.drift is not None
    assert (sex.drift.bins, sex.drift.before, sex.drift.now) == (("f", "m"), (0.5, 0.5), (0.9, 0.1))
    assert age.before is not None
    assert age.now.mean == pytest.approx(43, abs=0.01)
    assert age.before.mean == pytest.approx(43, abs=0.01)
    assert told(context, "fact") == ["training: 2000 rows, 3 columns; drifted from those of prod: sex (0.879)"]


def test_the_same_data_are_not_fetched_again(objects: MemoryObjects, context: Context) -> None:
    data = data_set(objects, "training", ROWS)
    found = summary(data, context, released(context, data))
    assert found.earlier is not None
    assert (found.earlier.digest, found.earlier.rows, found.columns[1].before) == (data.digest, None, None)
    assert told(context, "fact") == ["training: 4 rows, 3 columns, the same data as in prod"]


def test_before_the_first_deployment_data_are_described_alone(objects: MemoryObjects, context: Context) -> None:
    found = summary(data_set(objects, "training", ROWS), context)
    assert (found.earlier, [column.name for column in found.columns]) == (None, ["ill", "age", "sex"])
    assert [share.value for share in found.columns[2].now.most] == ["f", "m"]


@pytest.mark.parametrize(
    ("suffix", "size", "problem"),
    [
        ("jsonl", 30, "are all .csv or all .parquet, and no others are summarized"),
        ("csv", 3 * 10**9, "has 3.0 GB, more than `largest_gb: 2` of its summary; raise that if the agent has room"),
        ("parquet", 30, "cannot be read: "),
    ],
)
def test_a_summary_that_cannot_be_made_ends_no_build(
    objects: MemoryObjects, context: Context, suffix: str, size: int, problem: str
) -> None:
    found = summary(data_set(objects, "training", ROWS, suffix).model_copy(update={"size": size}), context)
    assert problem in found.problem
    assert (found.rows, found.columns) == (None, ())
    assert told(context, "warn") == [f"training: {found.problem}"]


def test_data_are_described_where_those_before_are_gone(objects: MemoryObjects, context: Context) -> None:
    gone = data_set(objects, "older", "0,1,m\n")
    objects.delete(BUCKET, gone.manifest.partition(BUCKET + "/")[2])
    found = summary(data_set(objects, "training", ROWS), context, released(context, gone))
    assert found.problem.startswith("the data of prod are not to be had: there is no manifest")
    assert (found.rows, found.columns[0].drift) == (4, None)
