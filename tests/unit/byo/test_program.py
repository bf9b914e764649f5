"""A user's module says what it wants by its annotations or its constants."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from byo.program import ProgramError, declared, imported
from byo.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


def module(source: str) -> ModuleType:
    made = ModuleType("model")
    made.__file__ = "/opt/program/model.py"
    exec(source, made.__dict__)
    return made


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("def predict(model, rows): ...", "numpy"),
        ("import numpy as np\ndef predict(model, rows: np.ndarray): ...", "numpy"),
        ("import pandas as pd\ndef predict(model, rows: pd.DataFrame): ...", "pandas"),
        ("from __future__ import annotations\ndef predict(model, rows: pd.DataFrame): ...", "pandas"),
        ("import polars\ndef predict(model, rows: polars.DataFrame): ...", "polars"),
        ("def predict(model, rows: 'pl.DataFrame'): ...", "polars"),
        ("ROWS = 'polars'\ndef predict(model, rows): ...", "polars"),
        ("", "numpy"),
    ],
)
def test_the_kind_of_rows(source: str, kind: str) -> None:
    assert declared(module(source)).kind == kind


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("ROWS = 'arrow'", "`ROWS` of /opt/program/model.py is 'arrow', not one of numpy, pandas, polars"),
        ("COLUMNS = 'age'", "`COLUMNS` of /opt/program/model.py must be a list of names"),
        ("COLUMNS = [1]", "`COLUMNS` of /opt/program/model.py must be a list of names"),
    ],
)
def test_a_wrong_constant_is_named(source: str, message: str) -> None:
    with pytest.raises(ProgramError) as error:
        declared(module(source))
    assert str(error.value) == message


def test_a_function_that_is_not_there_is_named() -> None:
    with pytest.raises(ProgramError, match=r"model\.py has no function `load`"):
        declared(module("")).function("load")


def test_a_module_that_is_not_there_is_looked_for_where_said(tmp_path: Path) -> None:
    settings = Settings.of({"BYO_FOLDER": str(tmp_path), "BYO_MODULE": "surely_absent"})
    with pytest.raises(ProgramError, match=f"there is no module `surely_absent` in {tmp_path}"):
        imported(settings)


def test_what_a_module_lacks_itself_is_its_own_error(tmp_path: Path) -> None:
    (tmp_path / "lacking.py").write_text("import surely_absent_library\n")
    settings = Settings.of({"BYO_FOLDER": str(tmp_path), "BYO_MODULE": "lacking"})
    with pytest.raises(ModuleNotFoundError, match="surely_absent_library"):
        imported(settings)
