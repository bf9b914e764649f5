"""Answers of batch transform are found in whatever folder they lie, and belong to their own rows."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import duckdb
import pytest

from agent.artifacts import DataSet
from agent.config.predictions import Predictions
from agent.data.names import OBJECTS, key
from agent.errors import InputMissingError
from agent.evaluation.prediction_files import FILE, Place
from agent.evaluation.transformed import make_predictions
from tests.fakes import MemoryObjects

if TYPE_CHECKING:
    from pathlib import Path

BUCKET = "bucket"
ANSWERS, MADE = Place(bucket=BUCKET, prefix="evaluations/job/answers/"), Place(bucket=BUCKET, prefix="made/")
ROWS = {"late/a.csv": b"1,5\n0,7\n", "a.csv": b"0,3\n"}
TOLD = {"late/a.csv": b"0.5\n0.75\n", "a.csv": b"0.25\n"}


def data_set(objects: MemoryObjects) -> tuple[DataSet, dict[str, str]]:
    """A data set in the store, and the keys of its files without the store's folder."""
    kept = {name: key(name, hashlib.sha256(rows).hexdigest()) for name, rows in ROWS.items()}
    for name, rows in ROWS.items():
        objects.create(BUCKET, kept[name], rows)
    names = {name: each.removeprefix(OBJECTS) for name, each in kept.items()}
    manifest = json.dumps([{"prefix": f"s3://{BUCKET}/{OBJECTS}"}, *names.values()]).encode()
    objects.create(BUCKET, "data/manifests/m", manifest)
    data = DataSet(
        name="evaluation",
        digest=hashlib.sha256(manifest).hexdigest(),
        manifest=f"s3://{BUCKET}/data/manifests/m",
        files=len(ROWS),
        size=sum(map(len, ROWS.values())),
        content_type="text/csv",
    )
    return data, names


@pytest.mark.parametrize("below", ["", OBJECTS, "objects/"], ids=["below the manifest's", "the whole key", "in part"])
def test_answers_are_found_wherever_they_lie(below: str, tmp_path: Path) -> None:
    objects = MemoryObjects()
    data, names = data_set(objects)
    for name, told in TOLD.items():
        objects.create(BUCKET, f"{ANSWERS.prefix}{below}{names[name]}.out", told)
    assert scores(objects, data, tmp_path) == [(1, 0.5), (0, 0.75), (0, 0.25)]


def test_answers_are_found_where_folders_are_left_out(tmp_path: Path) -> None:
    """As in the example of the API reference, ``TransformOutput``."""
    objects = MemoryObjects()
    data, names = data_set(objects)
    for name, told in TOLD.items():
        objects.create(BUCKET, f"{ANSWERS.prefix}{names[name].rpartition('/')[2]}.out", told)
    assert scores(objects, data, tmp_path) == [(1, 0.5), (0, 0.75), (0, 0.25)]


def test_a_file_without_answers_is_named() -> None:
    objects = MemoryObjects()
    data, names = data_set(objects)
    objects.create(BUCKET, f"{ANSWERS.prefix}{names['a.csv']}.out", TOLD["a.csv"])
    with pytest.raises(InputMissingError, match=r"no answers to s3://bucket/data/objects/late/a\."):
        make_predictions(data, ANSWERS, MADE, Predictions(task="binary"), objects, check=int)


def scores(objects: MemoryObjects, data: DataSet, folder: Path) -> list[tuple[int, float]]:
    make_predictions(data, ANSWERS, MADE, Predictions(task="binary"), objects, check=int)
    file = folder / FILE
    objects.download(BUCKET, MADE.prefix + FILE, file)
    with duckdb.connect() as database:
        return database.execute(f"SELECT label, score FROM '{file}' ORDER BY row_id").fetchall()
