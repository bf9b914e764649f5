"""Measures each feature of a table alone against the label: one that knows the answer is no feature, but a leak."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from agent.statistics.arrays import UnusablePredictionsError
from agent.statistics.columns import NUMBERS
from agent.statistics.database import opened, quoted
from agent.statistics.leakage import single_category_auc, single_feature_auc

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from agent.statistics.intervals import Estimate
    from agent.statistics.tables import Table


@dataclass(frozen=True, kw_only=True)
class Feature:
    """A column, and how well it alone tells the classes apart."""

    name: str
    auc: Estimate


def best_features(table: Table, label: str | None = None) -> tuple[Feature, ...]:
    """All features, the best first; UnusablePredictionsError where the label, by default the first, has no two classes.

    One column is held at a time beside the label: 9 bytes for each row.
    """
    with opened(table.files) as database:
        target = table.column(database, label)
        truth = _truth(database, table, target)
        names = {name: kind for name, kind in table.columns(database).items() if quoted(name) != target}
        found = [Feature(name=name, auc=_auc(database, table, truth, name, kind)) for name, kind in names.items()]
    return tuple(sorted(found, key=lambda feature: math.isnan(feature.auc.value) or -feature.auc.value))


def _truth(database: DuckDBPyConnection, table: Table, column: str) -> Any:
    classes = database.execute(f"SELECT DISTINCT {column} FROM {table.sql()} LIMIT 3").fetchall()
    if len(classes) != 2 or (None,) in classes:
        raise UnusablePredictionsError(
            f"the label {column} has not two classes, so that no AUC of a single feature can be measured"
        )
    highest = database.execute(
        f"SELECT {column} = (SELECT max({column}) FROM {table.sql()}) AS truth FROM {table.sql()}"
    )
    return np.asarray(highest.fetchnumpy()["truth"], dtype=bool)


def _auc(database: DuckDBPyConnection, table: Table, truth: Any, name: str, kind: str) -> Estimate:
    """Numbers by their order, everything else by categories, which a hash of 64 bits stands for."""
    if kind in NUMBERS or kind.startswith("DECIMAL"):
        query = f"SELECT CAST({quoted(name)} AS DOUBLE) AS value FROM {table.sql()}"
        values = np.ma.filled(database.execute(query).fetchnumpy()["value"], np.nan)
        return single_feature_auc(truth, values)
    query = f"SELECT hash({quoted(name)}) AS value FROM {table.sql()}"
    return single_category_auc(truth, np.asarray(database.execute(query).fetchnumpy()["value"]))
