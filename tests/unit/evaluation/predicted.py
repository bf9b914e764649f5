"""Predictions as evaluation scripts write them: of every task, by a seed, in a bucket in memory."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from agent.evaluation.prediction_files import Place
from tests.fakes import MemoryObjects

PLACE = Place(bucket="bucket", prefix="evaluations/job/")


def binary(rows: int = 1000, *, noise: float = 1.0, seed: int = 1, truth: int = 0) -> dict[str, Any]:
    """Scores of a classifier, better with less noise; the same ``truth`` gives the same rows and labels."""
    of_rows, of_scores = np.random.default_rng(truth), np.random.default_rng(seed)
    labels, sex = of_rows.random(rows) < 0.4, of_rows.integers(1, 3, rows)
    scores = 1 / (1 + np.exp(-(2 * labels - 1 + noise * of_scores.normal(size=rows))))
    return {"row_id": np.arange(rows), "label": labels.astype(int), "score": scores, "slice_sex": sex}


def multiclass(rows: int = 600, *, noise: float = 1.0, seed: int = 1) -> dict[str, Any]:
    """Three classes, the first the easiest."""
    of_rows, of_scores = np.random.default_rng(0), np.random.default_rng(seed)
    labels = of_rows.integers(0, 3, rows)
    raw = np.exp(1.5 * np.eye(3)[labels] + noise * of_scores.normal(size=(rows, 3)))
    scores = raw / raw.sum(axis=1, keepdims=True)
    names = np.array(["cat", "dog", "eel"])
    columns = {f"score_{name}": scores[:, number] for number, name in enumerate(names)}
    return {"row_id": np.arange(rows), "label": names[labels], **columns}


def regression(rows: int = 500, *, noise: float = 1.0, seed: int = 1) -> dict[str, Any]:
    """Numbers about 10, predicted with errors."""
    labels = np.random.default_rng(0).normal(10, 3, rows)
    errors = noise * np.random.default_rng(seed).normal(size=rows)
    return {"row_id": np.arange(rows), "label": labels, "prediction": labels + errors}


def ranking(queries: int = 60, items: int = 12, *, noise: float = 1.0, seed: int = 1) -> dict[str, Any]:
    """Items of queries, some of them relevant."""
    rows = queries * items
    relevance = (np.random.default_rng(0).random(rows) < 0.3).astype(float)
    scores = relevance + noise * np.random.default_rng(seed).normal(size=rows)
    query = np.repeat(np.arange(queries), items)
    return {"row_id": np.arange(rows), "query": query, "label": relevance, "score": scores}


def parquet(columns: dict[str, Any]) -> bytes:
    """The columns as a file."""
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


def bucket(**files: bytes) -> MemoryObjects:
    """A bucket with what a job left; a double underscore stands for the dot of a name."""
    objects = MemoryObjects()
    for name, body in files.items():
        objects.create(PLACE.bucket, PLACE.prefix + name.replace("__", "."), body)
    return objects
