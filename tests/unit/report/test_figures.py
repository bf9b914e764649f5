"""Figures say in words what they show, are drawn for both schemes, and only of what there is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from agent.artifacts import Interval
from agent.measurements import Measured, MeasuredSlice, SliceColumn
from agent.report.drawing import DARK, LIGHT
from agent.report.figures.all import figures
from agent.report.page import pages
from tests import builds, predicted_models

if TYPE_CHECKING:
    from agent.report.figures.figure import Figure, MeasuredModels

SVG = "{http://www.w3.org/2000/svg}"


def figure(models: MeasuredModels, name: str) -> Figure:
    return {one.name: one for one in figures(models)}[name]


@pytest.mark.parametrize(
    ("task", "names"),
    [
        ("binary", ["roc", "precision-recall", "calibration", "scores", "slices-0-auc"]),
        ("multiclass", []),
        ("regression", ["residuals"]),
        ("ranking", []),
    ],
)
def test_every_task_has_its_figures(task: str, names: list[str]) -> None:
    assert [one.name for one in figures(predicted_models.models(task))] == names


def test_a_curve_is_told_in_words_and_drawn_for_each_model() -> None:
    models = predicted_models.models()
    roc = figure(models, "roc")
    said, champion = roc.size.words.split("; ")
    assert said.startswith("ROC curve. this build: true positive rate ")
    assert champion.startswith("champion of prod: true positive rate ")
    curve = models.candidate.roc
    assert curve
    nearest = min(range(len(curve.x)), key=lambda index: abs(curve.x[index] - 0.1))
    assert f"true positive rate {curve.y[nearest]:.3g} at a false positive rate of {curve.x[nearest]:.3g}" in said
    drawn = ET.fromstring(roc.svg(LIGHT))
    lines = drawn.findall(f".//{SVG}polyline")
    assert [line.get("stroke-dasharray") for line in lines] == ["6 4", None]
    assert len(str(lines[1].get("points")).split()) == len(curve.x)


def test_the_build_is_alone_where_nothing_is_deployed() -> None:
    models = replace(predicted_models.models(), champions={})
    assert len(ET.fromstring(figure(models, "roc").svg(DARK)).findall(f".//{SVG}polyline")) == 1
    assert "champion" not in figure(models, "roc").size.words


def test_bars_of_both_classes_are_shares_of_their_own_class() -> None:
    models = predicted_models.models()
    scores = models.candidate.scores
    assert scores
    bars = ET.fromstring(figure(models, "scores").svg(LIGHT)).findall(f".//{SVG}rect")
    for colour, counts in ((LIGHT.build, scores.positives), (LIGHT.champion, scores.negatives)):
        heights = [float(str(bar.get("height"))) for bar in bars if bar.get("fill") == colour]
        tallest, most = max(heights), max(counts)
        assert heights == pytest.approx([tallest * count / most for count in counts], abs=0.11)


def test_slices_stand_beside_the_value_on_all_rows() -> None:
    interval = Interval(low=0.7, high=0.9, level=0.95)
    measured = Measured(value=0.8, deviation=0.05, interval=interval, rows=40)
    unknown = Measured(value=None, rows=3)
    column = SliceColumn(
        column="region",
        slices=(
            MeasuredSlice(value="north", rows=40, metrics={"auc": measured}),
            MeasuredSlice(value="south", rows=3, metrics={"auc": unknown}),
            MeasuredSlice(value="west", rows=2, metrics={}),
        ),
    )
    models = predicted_models.models()
    models = replace(models, candidate=models.candidate.model_copy(update={"slices": (column,)}))
    found = figure(models, "slices-0-auc")
    assert found.title == "auc by region"
    assert found.size.words == "auc by region. north: 0.8 (0.7 to 0.9) of 40 rows"
    page = pages(replace(builds.report(builds.released()), models=models))["index.html"].decode()
    assert '<th scope="row">south</th>' in page
    assert page.count('<td class="number">\u2013</td>') >= 2


def test_a_page_without_predictions_has_no_such_section() -> None:
    files = pages(builds.report(builds.released()))
    assert "predictions" not in files["index.html"].decode()
    assert "roc.svg" not in files
    files = pages(replace(builds.report(builds.released()), models=predicted_models.models()))
    assert {"roc.svg", "roc-dark.svg"} <= files.keys()
