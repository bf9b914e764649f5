"""The reference page says what the tests do, and names are told apart."""

from __future__ import annotations

from tests.faults.page import TABLES, faults_page
from tests.faults.walking import COMMAND
from tests.sources import ROOT


def test_the_page_is_up_to_date() -> None:
    written = (ROOT / "docs/reference/faults.md").read_text()
    assert written == faults_page(), f"write it again: {COMMAND}"


def test_there_are_many_cases_and_each_has_a_name_of_its_own() -> None:
    names = [case.name for cases in TABLES.values() for case in cases]
    assert len(names) == len(set(names)) >= 40
