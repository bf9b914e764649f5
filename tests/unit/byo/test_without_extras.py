"""Where a library that the kit can use is not installed, the next best does the same."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.sources import ROOT

if TYPE_CHECKING:
    from pathlib import Path

# Python's own finder, but for some names.
HIDING = """
import sys
from importlib.machinery import PathFinder
absent = set(sys.argv[1].split(","))
class Without(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name in absent else super().find_spec(name, path, target)
sys.meta_path = [Without if finder is PathFinder else finder for finder in sys.meta_path]
"""


def said(folder: Path, absent: str, program: str) -> str:
    """What a program prints where ``absent`` libraries are not found."""
    run = subprocess.run(
        [sys.executable, "-c", HIDING + program, absent],
        env={**os.environ, "PYTHONPATH": str(ROOT / "docker/byo/kit")},
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.strip()


def test_without_simdjson_orjson_reads_numbers(tmp_path: Path) -> None:
    program = "from byo import numbers\nprint(numbers.read_list.__name__, numbers.read_list(b'[1,2.5]').tolist())"
    assert said(tmp_path, "simdjson", program) == "with_orjson [1.0, 2.5]"


PARQUET = """
import io, pyarrow
from types import ModuleType
from byo import decoding, encoding, program
import numpy as np
body = encoding.to_parquet(np.array([[1.0, 2.0], [3.0, 4.0]]))
module = ModuleType("model")
print(decoding.from_parquet(body, program.declared(module)).numbers.tolist())
"""


@pytest.mark.parametrize("absent", ["polars", "pandas"])
def test_either_library_reads_and_writes_parquet(tmp_path: Path, absent: str) -> None:
    assert said(tmp_path, absent, PARQUET) == "[[1.0, 2.0], [3.0, 4.0]]"


def test_without_both_parquet_is_an_unknown_format(tmp_path: Path) -> None:
    program = """
from byo.negotiation import agree
from byo.refusals import Refused
try:
    agree("application/x-parquet", "")
except Refused as refused:
    print(int(refused.status), refused.message)
"""
    assert said(tmp_path, "polars,pyarrow", program) == (
        "415 send text/csv, application/json, application/jsonlines, application/x-npy; "
        "'application/x-parquet' is none of them"
    )


GRAPH = """
import numpy as np
from pathlib import Path
from byo import graph
from sklearn.tree import DecisionTreeClassifier
rows = np.arange(20.0).reshape(-1, 1)
print(graph.save(DecisionTreeClassifier().fit(rows, (rows[:, 0] > 9).astype(int)), Path("model"), rows))
"""


def test_without_a_converter_the_model_is_saved_alone(tmp_path: Path) -> None:
    found = said(tmp_path, "skl2onnx", GRAPH)
    assert found == (
        "the model is served as it is: it has no ONNX graph (ModuleNotFoundError: No module named 'skl2onnx')"
    )
    assert not (tmp_path / "model/model.onnx").exists()


def test_without_onnx_runtime_the_model_is_served_itself(tmp_path: Path) -> None:
    assert "as an ONNX graph" in said(tmp_path, "none", GRAPH)
    program = """
import numpy as np
from pathlib import Path
from byo import graph
graph.prepare(Path("model"))
print(graph.load(Path("model"))(np.array([[3.0], [15.0]])).tolist())
"""
    assert said(tmp_path, "onnxruntime", program) == "[0, 1]"
    assert said(tmp_path, "none", program) == "[0, 1]"
