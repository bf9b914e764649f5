"""The gate `data-schema`: every row of a data set is as it is declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.artifacts import Judgement
from agent.gates.accepting import listed
from agent.wording import counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.config.data_gates import Column, DataSchemaGate
    from agent.statistics.constraints import Examined, Violation


def judge(name: str, gate: DataSchemaGate, examined: Examined, files: Sequence[str], evidence: str = "") -> Judgement:
    """Count the constraints that are violated; ``files`` are the names of those that were examined."""
    found = [_told(violation, gate.columns, files) for violation in examined.violations]
    told = f"{counted(len(found), 'constraint is', 'constraints are')} violated in {gate.data}: {'; '.join(found[:5])}"
    more = f"; and {len(found) - 5} more" if len(found) > 5 else ""
    held = f"all {examined.rows} rows of {gate.data} are as declared in {counted(len(gate.columns), 'column')}"
    return Judgement(
        metric="violated constraints",
        value=len(found),
        limit=0,
        comparison="at most",
        sample_size=examined.rows,
        passed=not found,
        reason=f"{told + more if found else held} (gate `{name}`)",
        evidence=evidence,
    )


def _told(violation: Violation, columns: Mapping[str, Column], files: Sequence[str]) -> str:
    where = files[violation.file]
    match violation.broken:
        case "absent":
            held = listed(violation.held.split(", "))
            return f"there is no column {violation.column} in {where}, whose columns are {held}"
        case "undeclared":
            return f"{where} has the column {violation.column}, which is not declared"
        case "missing":
            return f"{violation.column} is missing in {_rows(violation)}, first in row {violation.row} of {where}"
        case _:
            wanted = _wanted(violation, columns[violation.column])
            first = f"first {violation.held!r} in row {violation.row} of {where}"
            return f"{violation.column} is {wanted} in {_rows(violation)}, {first}"


def _rows(violation: Violation) -> str:
    return counted(violation.rows, "row")


def _wanted(violation: Violation, column: Column) -> str:
    match violation.broken:
        case "min":
            return f"below {column.min:g}"
        case "max":
            return f"above {column.max:g}"
        case "values":
            return f"none of {listed(list(map(str, column.values)))}"
        case _:
            return {"integer": "no integer", "number": "no number", "text": "no text", "boolean": "no boolean"}[
                column.type
            ]
