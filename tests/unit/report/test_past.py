"""A metric over past releases: what is joined, what is marked, and that its picture has a place for all of it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from agent.artifacts import Metric
from agent.report.build import MOST_TRENDS
from agent.report.drawing import LIGHT
from agent.report.page import pages
from agent.report.past import Past, Point, Series
from agent.report.trend import trend, trend_measures
from tests import builds

SVG = "{http://www.w3.org/2000/svg}"


def points(*values: float, rows: str = "") -> Series:
    """Releases with these values, each measured on the rows of its letter."""
    letters = rows or "a" * len(values)
    made = [
        Point(value=value, standard_deviation=None, rows=letter, kind="release", day=f"2026-11-{day:02}")
        for day, (value, letter) in enumerate(zip(values, letters, strict=True), 1)
    ]
    return Series(metric="recall", points=tuple(made))


def drawn(*series: Series) -> ET.Element:
    return ET.fromstring(trend(series, LIGHT))


def test_a_series_has_every_deployment_that_was_done_and_the_build_at_its_end() -> None:
    past = builds.past()
    failed = replace(past.entries[0], deployment=past.entries[0].deployment.model_copy(update={"status": "failed"}))
    series = Past(environment="prod", entries=(failed, *past.entries)).series("recall", builds.evaluation(recall=0.92))
    assert [(point.value, point.kind, point.live) for point in series.points] == [
        (0.91, "release", False),
        (0.95, "release", False),
        (0.96, "release", False),
        (0.95, "rollback", True),
        (0.92, "build", False),
    ]
    assert series.breaks() == {2, 3}


def test_a_release_that_cannot_be_read_and_a_metric_that_it_lacks_have_no_point() -> None:
    past = builds.past()
    gone = replace(past, entries=(replace(past.entries[0], release=None), *past.entries[1:]))
    assert len(gone.series("recall").points) == 3
    assert gone.series("f1").points == ()


def test_metrics_that_gates_judge_come_first() -> None:
    assert builds.past().metrics == ("recall", "auc")


def test_a_build_whose_release_is_live_there_is_drawn_once() -> None:
    report = builds.report(builds.released(), past=builds.past())
    assert [one.points[-1].kind for one in report.trends] == ["build", "build"]
    again = replace(report, release=builds.BEFORE)
    assert [one.points[-1].kind for one in again.trends] == ["rollback", "rollback"]


def test_a_promotion_without_metrics_of_its_own_shows_those_of_the_past() -> None:
    report = builds.report(builds.promotion(), kind="promotion", past=builds.past())
    assert [one.metric for one in report.trends] == ["recall", "auc"]
    assert b"Metrics over past releases" in pages(report)["index.html"]


def test_no_more_than_some_metrics_are_drawn() -> None:
    past = builds.past()
    many = {f"m{number}": Metric(value=number) for number in range(MOST_TRENDS + 3)}
    entry = past.entries[-1]
    assert entry.release is not None
    evaluation = entry.release.evaluation.model_copy(update={"metrics": many})
    release = entry.release.model_copy(update={"evaluation": evaluation})
    report = builds.report([], past=Past(environment="prod", entries=(replace(entry, release=release),)))
    assert len(report.trends) == MOST_TRENDS


def test_without_a_past_there_is_no_section_and_no_picture() -> None:
    for past in (None, Past(environment="prod", entries=())):
        files = pages(builds.report(builds.refused(), past=past))
        assert "past.svg" not in files
        assert b"past releases" not in files["index.html"]


@pytest.mark.parametrize("values", [(0.5,), (0.5, 0.5), (0.1, 0.9, 0.4), tuple(number / 40 for number in range(40))])
def test_points_go_from_left_to_right_and_higher_values_are_higher(values: tuple[float, ...]) -> None:
    marks = [one for one in drawn(points(*values)).iter(f"{SVG}circle") if one.get("cx") != "0.0"]
    xs, ys = ([float(one.attrib[name]) for one in marks] for name in ("cx", "cy"))
    assert len(xs) == len(values)
    assert all(before < after for before, after in pairwise(xs))
    assert sorted(range(len(values)), key=lambda index: (-ys[index], index)) == sorted(
        range(len(values)), key=lambda index: (values[index], index)
    )
    size = trend_measures([points(*values)])
    assert all(0 < x < size.width for x in xs)
    assert all(0 < y < size.height for y in ys)


def test_only_what_was_measured_on_the_same_rows_is_joined() -> None:
    picture = drawn(points(0.1, 0.2, 0.3, 0.4, rows="aabb"))
    joins = [one for one in picture.iter(f"{SVG}line") if one.get("stroke") == LIGHT.champion]
    borders = [one for one in picture.iter(f"{SVG}line") if one.get("stroke-dasharray")]
    assert len(joins) == 2
    assert len(borders) == 2  # one in the picture, one that tells what it means


def test_the_legend_has_what_there_is_on_lines_that_fit() -> None:
    assert trend_measures([points(0.1, 0.2)]).height == trend_measures([points(0.1)]).height
    whole = builds.past().series("recall", builds.evaluation(recall=0.92))
    words = [one.text for one in drawn(whole).iter(f"{SVG}text")][:5]
    assert words == ["release", "rollback", "live", "this build", "other rows"]
    assert trend_measures([whole]).height > trend_measures([points(0.1)]).height
    assert next(one.text for one in drawn(points(0.1)).iter(f"{SVG}text")) == "release"
    assert len(list(drawn(whole).iter(f"{SVG}polygon"))) == 2
