"""The threat model promises a test for each attack; a test that was renamed or removed is a promise that was broken."""

from __future__ import annotations

import ast
import re

import pytest

from tests.sources import ROOT

PAGE = (ROOT / "docs/threat-model.md").read_text("utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))
ROW = re.compile(r"^\| (?!attack |---)(?P<attack>[^|]+) \| (?P<met>[^|]+) \| (?P<tests>[^|]+) \|$", re.MULTILINE)
ATTACKS = PAGE.partition("## Attacks")[2].partition("## Not covered")[0]


def functions_of(path: str) -> set[str]:
    """The names of the tests that pytest finds in a file."""
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return {function.name for function in functions if function.name.startswith("test_")}


@pytest.mark.parametrize("path", sorted({path for path, _ in NAMED}))
def test_every_test_that_is_named_exists(path: str) -> None:
    assert (ROOT / path).is_file()
    assert {name for at, name in NAMED if at == path} - functions_of(path) == set()


def test_every_attack_has_a_test() -> None:
    rows = list(ROW.finditer(ATTACKS))
    assert len(rows) > 40
    assert [row["attack"] for row in rows if not re.search(r"`tests/[\w/]+\.py::\w+`", row["tests"])] == []
