"""Programs as a user's module would declare them, for tests of what the kit makes of requests."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

from byo.program import Program, declared

if TYPE_CHECKING:
    from byo.rows import Kind


def program(kind: Kind = "numpy", *columns: str) -> Program:
    module = ModuleType("model")
    module.__file__ = "/opt/program/model.py"
    module.ROWS = kind  # type: ignore[attr-defined]
    module.COLUMNS = columns  # type: ignore[attr-defined]
    return declared(module)


NUMPY = program()
NAMED = program("numpy", "age", "weight")
PANDAS = program("pandas")
POLARS = program("polars", "sex", "length")
