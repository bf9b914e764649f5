"""The data of a build beside those of a release: in words, in pictures, and on the page."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from agent.report.comment import short_comment
from agent.report.data import Compared, DataReport, Files, percent, values_in_words
from agent.report.drawing import DARK, LIGHT
from agent.report.figures.drift import MOST, drifts
from agent.report.page import pages
from agent.summaries import ColumnSummary, ColumnValues, DataSetSummary, Drift
from tests import builds, described_data

NOW, BEFORE = builds.data("training", "c"), builds.data("training", "b")
FILES = Files(added=1, removed=0, changed=2, unchanged=7, added_bytes=1500, removed_bytes=900)


def page_of(data: DataReport) -> str:
    return pages(replace(builds.report(builds.refused()), data=data))["index.html"].decode()


@pytest.mark.parametrize(
    ("before", "files", "told"),
    [
        (None, None, "new"),
        (NOW, None, "unchanged data"),
        (BEFORE, None, "changed; which files, is not known any more"),
        (BEFORE, FILES, "1 file added, 2 files changed, 1.5 kB new, 900 B gone, 7 files as before"),
    ],
)
def test_what_became_of_a_data_set_is_told_in_words(before: object, files: Files | None, told: str) -> None:
    assert Compared(now=NOW, before=before, files=files).told == told  # type: ignore[arg-type]


def test_data_that_are_those_of_the_release_are_unchanged_in_one_sentence() -> None:
    same = DataReport(environment="prod", release=builds.BEFORE, sets=(Compared(now=NOW, before=NOW),))
    assert "Unchanged data: every data set is that of release <code>4b4b4b4b4b4b</code> of prod." in page_of(same)
    other = replace(same, sets=(*same.sets, Compared(now=NOW, before=BEFORE)))
    assert "Unchanged data" not in page_of(other)


def test_a_column_that_has_drifted_is_drawn_and_all_are_listed() -> None:
    page = page_of(described_data.told())
    assert "2 of 5 columns have drifted. Gone: income." in page
    assert page.index("ward <small>") < page.index("age <small>") < page.index("patient <small>")
    assert '0.879<small class="interval">large</small>' in page
    assert '0.143<small class="interval">noticeable</small>' in page
    assert "north 90 %, south 9.8 %<small" in page
    assert "was north 50 %, south 50 %</small>" in page
    assert "54.4 ± 10.2" in page
    assert "about 1840 different" in page
    assert '<td class="number">&lt; 0.001</td>' in page
    assert "texts holds s3://b/texts.jsonl" in page


def test_a_picture_of_a_drift_says_in_words_what_moved_most() -> None:
    (_, (ward, age)), (_, none), _ = drifts(described_data.told().summaries)
    assert ward.size.words == (
        "ward has an index of 0.879. Of the rows, south from 50 % to 9.8 %; north from 50 % to 90 %; no value from 0 % "
        "to 0.2 %"
    )
    assert (age.name, list(none)) == ("drift-0-1", [])
    for palette in (LIGHT, DARK):
        picture = ET.fromstring(ward.svg(palette))
        bars = [one for one in picture.iter() if one.tag.endswith("rect")][2:]
        assert len(bars) == 2 * 3
        widths = [float(bar.attrib["width"]) for bar in bars]
        assert widths[0] / widths[1] == pytest.approx(0.5 / 0.9, abs=0.01)
        assert max(float(bar.attrib["x"]) + float(bar.attrib["width"]) for bar in bars) < 300


def test_only_the_columns_that_drifted_farthest_are_drawn() -> None:
    values = ColumnValues(type="text", missing=0, distinct=2)
    columns = tuple(
        ColumnSummary(
            name=f"c{number}",
            now=values,
            drift=Drift(index=0.1 + number, chance=0, bins=("a",), before=(1.0,), now=(1.0,)),
        )
        for number in range(10)
    )
    ((_, found),) = drifts([DataSetSummary(name="training", digest="c", rows=1, columns=columns)])
    assert [figure.title for figure in found] == ["c9", "c8", "c7", "c6", "c5", "c4"]
    assert len(found) == MOST


def test_shares_and_values_are_short() -> None:
    assert [percent(share) for share in (0, 0.00123, 0.05, 0.456, 1)] == ["0 %", "0.12 %", "5 %", "46 %", "100 %"]
    assert values_in_words(ColumnValues(type="integer", missing=0, distinct=1, mean=3)) == "3"


def test_the_comment_says_which_columns_have_drifted() -> None:
    said = "training: 1840 rows, 5 columns; drifted from those of prod: ward_a (0.879)"
    checked = builds.outcome("check_data", {"answers": {}, "drifted": [said]})
    shown = short_comment(builds.report([*builds.refused(), checked]))
    assert "\n- Data training: 1840 rows, 5 columns; drifted from those of prod: ward\\_a (0.879)\n" in shown


def test_names_in_the_data_are_only_text() -> None:
    hostile = "<script>alert(1)</script>"
    column = ColumnSummary(
        name=hostile,
        now=ColumnValues(type="text", missing=0, distinct=2),
        drift=Drift(index=1, chance=0, bins=(hostile,), before=(1.0,), now=(1.0,)),
    )
    summary = DataSetSummary(name=hostile, digest="c", rows=1, columns=(column,), problem=hostile)
    data = DataReport(environment=hostile, release=builds.BEFORE, sets=(), summaries=(summary,))
    files = pages(replace(builds.report([]), data=data))
    assert b"<script" not in files["index.html"]
    assert hostile in "".join(ET.fromstring(files["drift-0-0.svg"]).itertext())
