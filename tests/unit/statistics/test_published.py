"""Our statistics are those of the literature, and the reference page shows it."""

from __future__ import annotations

import pytest

from tests.published import CASES, Published, table
from tests.sources import ROOT


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_the_published_value_comes_out(case: Published) -> None:
    assert case.rounded() == case.values


def test_the_reference_page_shows_the_table() -> None:
    page = (ROOT / "docs/reference/statistics.md").read_text("utf-8")
    assert table() in page, "run `python docs/published.py`"
