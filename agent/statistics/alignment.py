"""Brings two evaluations to the same rows, because a paired comparison of other rows would say nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agent.statistics.arrays import UnusablePredictionsError
from agent.statistics.database import common, opened, quoted, scanned, types
from agent.statistics.schema import ROW_ID

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from agent.statistics.arrays import Codes
    from agent.statistics.reading import Predictions


def order_of(champion: Predictions, candidate: Predictions) -> Codes | None:
    """Where each row of the champion is in the candidate's columns, shape (n,); None if they are in the same order.

    UnusablePredictionsError where a row is in one of both only, or twice.
    """
    with opened([*champion.files, *candidate.files]) as database:
        kinds = (types(database, each.files)[ROW_ID] for each in (champion, candidate))
        identity = f"CAST({quoted(ROW_ID)} AS {common(*kinds)}) AS id"
        for name, each in (("champion", champion), ("candidate", candidate)):
            database.execute(f"CREATE VIEW {name} AS SELECT {identity} FROM {scanned(each.files)}")
        if champion.rows == candidate.rows and not _number(database, _IN_OTHER_PLACES):
            _each_once(database, "champion", champion)
            return None
        for name, each in (("champion", champion), ("candidate", candidate)):
            database.execute(
                f"CREATE TABLE {name}_rows AS SELECT id, CAST(row_number() OVER () - 1 AS UINTEGER) AS row FROM {name}"
            )
            _each_once(database, f"{name}_rows", each)
        _same(_number(database, _IN_ONE_ONLY), champion, candidate)
        found = database.execute(_JOINED).fetchnumpy()
    order = np.empty(champion.rows, np.int64)
    order[found["champion"]] = found["candidate"]
    return order


_IN_OTHER_PLACES = (
    "SELECT count(*) FROM champion POSITIONAL JOIN candidate WHERE champion.id IS DISTINCT FROM candidate.id"
)
_IN_ONE_ONLY = "SELECT count(*) FROM champion_rows ANTI JOIN candidate_rows USING (id)"
_JOINED = (
    "SELECT champion_rows.row AS champion, candidate_rows.row AS candidate"
    " FROM champion_rows JOIN candidate_rows USING (id)"
)


def _each_once(database: DuckDBPyConnection, table: str, predictions: Predictions) -> None:
    twice = _number(database, f"SELECT count(*) - count(DISTINCT id) FROM {table}")
    if twice:
        raise UnusablePredictionsError(f"{predictions.files[0]} has {twice} rows whose {ROW_ID} is missing or not new")


def _same(missing: int, champion: Predictions, candidate: Predictions) -> None:
    if missing or champion.rows != candidate.rows:
        raise UnusablePredictionsError(
            f"{champion.files[0]} has {champion.rows} rows and {candidate.files[0]} has {candidate.rows};"
            f" {missing} of the first are not in the second (by {ROW_ID}): both models have to be evaluated on the same"
            " snapshot"
        )


def _number(database: DuckDBPyConnection, query: str) -> int:
    (found,) = database.execute(query).fetchall()
    return int(found[0])
