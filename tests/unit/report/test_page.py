"""The HTML report: nothing in it that Jenkins's Content-Security-Policy forbids, and text of users is only text."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from agent.artifacts import Evaluation, Interval
from agent.report.page import address, pages, sentence
from agent.report.picture import axis_of
from agent.report.wording import NOTHING
from tests import builds

BUILDS = {
    "refused": builds.report(builds.refused()),
    "released": builds.report(builds.released(), past=builds.past(), pull_request=None),
    "overridden": builds.report(builds.overridden(), pull_request=None),
    "failed": builds.report(builds.failed()),
    "promotion": builds.report(builds.promotion(), kind="promotion"),
    "nothing": builds.report([], "FAILURE"),
}


class Elements(HTMLParser):
    """All start tags of a page with their attributes."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.mark.parametrize("name", BUILDS)
def test_no_script_no_inline_style_and_no_other_origin(name: str) -> None:
    files = pages(BUILDS[name])
    for tag, attributes in Elements(files["index.html"]).found:
        assert tag not in {"script", "style", "iframe", "object", "form", "base"}
        assert not [one for one in attributes if one == "style" or one.startswith("on")]
        for source in (
            attributes.get("src"),
            attributes.get("srcset"),
            attributes.get("href") if tag == "link" else None,
        ):
            assert source is None or source in files
    assert b"url(" not in files["style.css"]
    assert b"@import" not in files["style.css"]


def test_text_of_users_is_only_text() -> None:
    hostile = "<script>alert(1)</script>\"'`<b>`"
    outcomes = [builds.outcome("train", status="failed", exit_code=7, error=f"{hostile}\n{hostile}", title=hostile)]
    report = builds.report(
        outcomes, who=hostile, subject=hostile, id=hostile, url="javascript:alert(1)", reason=hostile
    )
    files = pages(report)
    tags = [tag for tag, _ in Elements(files["index.html"]).found]
    assert "script" not in tags
    assert "b" not in tags
    assert b"javascript:" not in files["index.html"]


def test_pictures_are_xml_whatever_a_metric_is_called() -> None:
    evaluation = Evaluation.model_validate(
        {**builds.evaluation().model_dump(), "metrics": {"<a & b>": {"value": 1.5, "standard_deviation": 0.5}}}
    )
    files = pages(builds.report([builds.outcome("evaluate", {"evaluation": evaluation.model_dump(mode="json")})]))
    for name in ("metrics.svg", "metrics-dark.svg"):
        picture = ET.fromstring(files[name])
        assert "<a & b>" in "".join(picture.itertext())
        assert not [one for one in picture.iter() if "style" in one.attrib]


def test_a_picture_has_a_place_for_every_value() -> None:
    for row in BUILDS["refused"].metrics:
        axis = axis_of(row)
        limits = [gate.limit for gate in row.gates if gate.limit is not None]
        values = [row.value, *limits, *(one.value for one in row.champions)]
        assert all(axis.low < value < axis.high for value in values)
        assert sorted(values, key=axis.at) == sorted(values)


def test_a_difference_without_meaning_does_not_fill_the_axis() -> None:
    found = builds.trained()[-1]
    result = {**found.result, "champions": {"qa": builds.evaluation(recall=0.92 + 1e-6).model_dump(mode="json")}}
    row = next(
        row for row in builds.report([found.model_copy(update={"result": result})]).metrics if row.name == "recall"
    )
    assert axis_of(row).at(0.92 + 1e-6) - axis_of(row).at(0.92) < 1


def test_headings_go_down_step_by_step() -> None:
    for report in BUILDS.values():
        levels = [int(tag[1]) for tag, _ in Elements(pages(report)["index.html"]).found if re.fullmatch("h[1-6]", tag)]
        assert levels[0] == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))


@pytest.mark.parametrize(
    ("url", "followed"),
    [
        ("https://jenkins.example/7/", True),
        ("http://localhost:8080/", True),
        ("javascript:alert(1)", False),
        ("", False),
    ],
)
def test_only_addresses_of_the_web_are_linked(url: str, followed: bool) -> None:
    assert bool(address(url)) is followed


def test_names_between_backticks_are_code() -> None:
    assert sentence("gate `a<b` x") == "gate <code>a&lt;b</code> x"


def test_a_verdict_says_all_that_it_knows() -> None:
    known = builds.verdict("own", "missed", 3, 5, interval=Interval(low=1, high=6, level=0.95), sample_size=171)
    unknown = builds.verdict("bare", "", 0, 0).model_copy(update={"value": None, "limit": None})
    verdicts = [verdict.model_dump(mode="json") for verdict in (known, unknown)]
    page = pages(builds.report([builds.outcome("gate", {"verdicts": verdicts})]))["index.html"].decode()
    assert '<small class="interval">1 to 6</small> <small>of 171 rows</small>' in page
    assert f'<td class="number">{NOTHING}' in page


def test_an_override_stands_below_the_verdict_that_it_is_of() -> None:
    page = pages(BUILDS["overridden"])["index.html"].decode()
    assert '<span class="mark warn">overridden</span>' in page
    assert '<span class="mark bad">refused</span> <small>for prod</small>' in page
    assert "gate misses-few overridden by grace until 2026-12-31 23:59Z: seen with the clinic" in page
