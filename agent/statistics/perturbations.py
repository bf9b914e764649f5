"""The kinds of perturbations in SQL: what comes in place of each value of a column.

Chance is MD5 of a seed, the column's name and the number of the row (RFC 1321), which is no secret here, but the same
in every version of every library. Normal deviates of it are Box and Muller's (Annals of Mathematical
Statistics 29, 1958).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from agent.errors import UsageError
from agent.statistics.columns import INTEGERS, NUMBERS
from agent.statistics.database import literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from duckdb import DuckDBPyConnection

Kind = Literal["noise", "missing", "shift", "scale", "shuffle", "swap"]

ROW = '"modelyard row"'
"""Numbers of rows in the table `held`."""
_MOST_CATEGORIES = 1000
_TEXT = "VARCHAR"


@dataclass(frozen=True, kw_only=True)
class Perturbation:
    """What becomes of some columns; ``amount`` is in the unit of its kind.

    Standard deviations of the column for `noise` and `shift`, a factor for `scale`, a share of the rows for `missing`
    and `swap`; `shuffle` has none.
    """

    kind: Kind
    columns: tuple[str, ...]
    amount: float
    seed: str

    @property
    def order(self) -> str:
        """By what the new values of rows are sorted, where they change places."""
        return f"{_chance(self)}, {ROW}" if self.kind == "shuffle" else ""


class Column(NamedTuple):
    """A column by the name that people have for it, by its quoted name in the table `held`, and by DuckDB's type."""

    name: str
    held: str
    type: str


class Change(NamedTuple):
    """A column's new value in SQL; what it needs several times is worked out before, under a name of its own."""

    value: str
    before: tuple[str, ...] = ()


def change(column: Column, how: Perturbation, database: DuckDBPyConnection) -> Change:
    """What becomes of a column of the table `held`; UsageError where the perturbation is not made for it."""
    return _CHANGES[how.kind](column, how, database)


def _chance(how: Perturbation, column: str = "", part: Literal["upper", "lower"] = "upper") -> str:
    """A number above 0 and below 1 for each row, in 53 bits; the two parts are independent."""
    drawn = f"md5_number_{part}({literal(f'{how.seed}:{column}:')} || {ROW})"
    return f"((({drawn}) >> 11) + 0.5) / 9007199254740992.0"


def _number(column: Column, how: Perturbation, database: DuckDBPyConnection) -> Change:
    """A number in place of every number; whole ones stay whole, and what its type cannot hold stays as it was."""
    deviation, whole = _spread(column, database)
    held, moved = (f'{column.held[:-1]} {what}"' for what in ("number", "moved"))
    number, amount = f"TRY_CAST({column.held} AS DOUBLE)", how.amount * (1 if how.kind == "scale" else deviation)
    value = {
        "noise": f"{number} + {amount!r}::DOUBLE * {_normal(how, column.name)}",
        "shift": f"{number} + {amount!r}::DOUBLE",
        "scale": f"{number} * {amount!r}::DOUBLE",
    }[how.kind]
    if whole:
        value = f"TRY_CAST(round({value}) AS HUGEINT)"
    # What is the same number is the same text.
    changed = f"coalesce(TRY_CAST({moved} AS {column.type}), {column.held})"
    return Change(
        value=f"CASE WHEN isfinite({held}) AND {held} != {moved} THEN {changed} ELSE {column.held} END",
        before=(f"{number} AS {held}", f"{value} AS {moved}"),
    )


def _normal(how: Perturbation, column: str) -> str:
    radius = f"sqrt(-2 * ln({_chance(how, column)}))"
    return f"{radius} * cos(2 * pi() * {_chance(how, column, 'lower')})"


def _spread(column: Column, database: DuckDBPyConnection) -> tuple[float, bool]:
    """The standard deviation of a column's numbers, and whether all of them are whole."""
    is_text = column.type == _TEXT
    if not (is_text or column.type in NUMBERS or column.type.startswith("DECIMAL")):
        raise UsageError(f"the column {column.name} is of the type {column.type}, and no numbers")
    number, text = f"TRY_CAST({column.held} AS DOUBLE)", f"trim(CAST({column.held} AS VARCHAR))"
    query = (
        "SELECT stddev_pop(x) FILTER (WHERE isfinite(x)), bool_and(regexp_full_match(t, '[+-]?[0-9]+'))"
        " FILTER (WHERE isfinite(x)), first(t) FILTER (WHERE x IS NULL AND t != '')"
        f" FROM (SELECT {number} AS x, {text} AS t FROM held)"
    )
    ((deviation, looks_whole, strange),) = database.execute(query).fetchall()
    if strange is not None:
        raise UsageError(f"the column {column.name} has the value {strange!r}, which is no number")
    if deviation is None:
        raise UsageError(f"the column {column.name} has no numbers")
    return float(deviation), bool(looks_whole) if is_text else column.type in INTEGERS


def _missing(column: Column, how: Perturbation, database: DuckDBPyConnection) -> Change:  # noqa: ARG001 - as the others
    """No value in a share of the rows, others for each column."""
    return Change(f"CASE WHEN {_chance(how, column.name)} < {how.amount!r} THEN NULL ELSE {column.held} END")


def _shuffle(column: Column, how: Perturbation, database: DuckDBPyConnection) -> Change:  # noqa: ARG001 - as the others
    """Its value, which goes to another row: see :attr:`Perturbation.order`."""
    return Change(column.held)


def _swap(column: Column, how: Perturbation, database: DuckDBPyConnection) -> Change:
    """Another one of the column's values in a share of the rows, each as likely."""
    found = f"SELECT DISTINCT {column.held} AS value FROM held WHERE {column.held} IS NOT NULL"
    ((count,),) = database.execute(f"SELECT count(*) FROM ({found} LIMIT {_MOST_CATEGORIES + 1})").fetchall()
    if count > _MOST_CATEGORIES:
        raise UsageError(
            f"the column {column.name} has more than {_MOST_CATEGORIES} values, which are no categories to be swapped"
        )
    table = f'{column.held[:-1]} categories"'
    database.execute(f"CREATE TABLE {table} AS SELECT list(value ORDER BY value) AS known FROM ({found})")
    known = f"(SELECT known FROM {table})"
    step = f"CAST(floor({_chance(how, column.name, 'lower')} * {max(count - 1, 1)}) AS BIGINT)"
    other = f"{known}[1 + (list_position({known}, {column.held}) + {step}) % {max(count, 1)}]"
    return Change(f"CASE WHEN {_chance(how, column.name)} < {how.amount!r} THEN {other} ELSE {column.held} END")


_CHANGES: Mapping[Kind, Callable[[Column, Perturbation, DuckDBPyConnection], Change]] = {
    "noise": _number,
    "shift": _number,
    "scale": _number,
    "missing": _missing,
    "shuffle": _shuffle,
    "swap": _swap,
}
