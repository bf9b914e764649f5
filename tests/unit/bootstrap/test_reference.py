"""The reference page of the templates says all of them, and is current."""

from __future__ import annotations

import pytest

from agent.bootstrap.reference import ORIGINS, bootstrap_page
from agent.bootstrap.template import Template
from tests.sources import ROOT
from tests.unit.bootstrap.cloudformation import parsed


@pytest.mark.parametrize("template", Template, ids=lambda template: template.value)
def test_it_is_said_of_every_parameter_where_it_comes_from(template: Template) -> None:
    assert list(ORIGINS[template]) == list(parsed(template)["Parameters"])


def test_the_page_is_current() -> None:
    page = ROOT / "docs/reference/bootstrap.md"
    assert page.read_text() == bootstrap_page("python docs/bootstrap.py")
