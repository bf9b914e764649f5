"""What the report takes from the results of the steps, and that it is made of anything that Jenkins has."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.report.comment import Dialect, comment
from agent.report.junit import junit
from agent.report.outcome import StageOutcome
from agent.report.page import pages
from tests import builds


def test_metrics_stand_beside_the_champion_and_its_gates() -> None:
    rows = {row.name: row for row in builds.report(builds.refused()).metrics}
    recall = rows["recall"]
    assert [gate.gate for gate in recall.gates] == ["misses-few", "not-worse"]
    (champion,) = recall.champions
    assert (champion.environment, champion.value, champion.better) == ("qa", 0.95, False)
    assert champion.difference == pytest.approx(-0.03)
    assert rows["auc"].champions[0].better is True
    assert rows["log_loss"].champions[0].better is None


def test_metrics_that_gates_judge_come_first() -> None:
    assert [row.name for row in builds.report(builds.refused()).metrics] == ["recall", "log_loss", "auc"]


def test_without_a_declared_direction_the_gate_tells_what_is_better() -> None:
    from agent.report.building import build_report

    rows = build_report(builds.facts(), builds.refused(), result="", better={}).metrics
    assert [row.better for row in rows] == ["higher", "lower", None]
    assert rows[-1].champions[0].better is None


def test_the_first_model_has_no_champion() -> None:
    alone = builds.outcome("evaluate", {"evaluation": builds.evaluation(auc=0.9).model_dump(mode="json")})
    (row,) = builds.report([alone]).metrics
    assert row.champions == ()


def test_the_lineage_goes_from_the_commit_to_the_release() -> None:
    facts = {fact.label: fact.value for fact in builds.report(builds.released()).lineage}
    assert facts["Commit"] == "f" * 40
    assert facts["Data: evaluation"] == "e" * 64
    assert facts["Image"] == builds.IMAGE.uri
    assert facts["SBOM"] == builds.SBOM.uri
    assert facts["Model"] == builds.MODEL.sha256
    assert facts["Release"] == builds.RELEASE
    assert next(iter(facts)) == "Commit"
    assert list(facts)[-2:] == ["Release", "Run"]


def test_a_stage_with_nothing_to_do_is_told_from_one_whose_result_was_there() -> None:
    outcomes = [builds.outcome("prepare", recalled=True), builds.outcome("train", {"model": {}}, recalled=True)]
    assert [stage.status for stage in builds.report(outcomes).stages] == ["skipped", "done"]


def test_an_endpoint_of_a_pull_request_tells_until_when_it_lives() -> None:
    arn = "arn:aws:sagemaker:us-east-1:222222222222:endpoint/tumour-pr-12"
    live = {"environment_name": "dev", "endpoint": arn, "model": "9c" * 32, "expires": "2026-11-28T09:00:00Z"}
    checked = {"requests": 1, "rows": 0}
    report = builds.report([builds.outcome("preview", live), builds.outcome("check_preview", checked)])
    assert (report.live[0].until, report.live[0].checked) == ("2026-11-28T09:00:00Z", "1 request answered as expected")
    assert "- Endpoint for this pull request: `tumour-pr-12`, until 2026-11-28T09:00:00Z" in comment(report, Dialect())
    assert b"tumour-pr-12" in pages(report)["index.html"]


def test_a_load_is_told_on_the_page_and_in_the_comment() -> None:
    report = builds.report(builds.released(), pull_request=None)
    told = (
        "200 requests: half answered within 23 ms, 99 of 100 within 81 ms; 0.5 % not answered; 1,000 answers cost "
        "0.0123; the very first answer took 312 ms"
    )
    assert f"<dt>Under load</dt><dd>{told}</dd>" in pages(report)["index.html"].decode()
    assert f"- Load on `tumour-qa` in qa: {told}\n" in comment(report, Dialect())


def test_a_check_without_a_load_says_nothing_of_one() -> None:
    bare = {"requests": 2, "rows": 0, "load": 0, "error_rate": None, "p50_ms": None}
    outcomes = [*builds.released()[:-1], builds.outcome("check_endpoint", bare)]
    assert builds.report(outcomes).live[0].load is None


def test_a_load_that_nothing_answered_has_no_times() -> None:
    failed = {"requests": 2, "rows": 0, "load": 20, "error_rate": 1.0, "cost": None}
    outcomes = [*builds.released()[:-1], builds.outcome("check_endpoint", failed)]
    assert "- Load on `tumour-qa` in qa: 20 requests: 100 % not answered\n" in comment(
        builds.report(outcomes), Dialect()
    )


def test_an_evaluation_through_the_endpoint_is_told_beside_the_model_s_own() -> None:
    report = builds.report([*builds.released()[:-1], builds.outcome("check_endpoint", builds.RATED)], pull_request=None)
    page = pages(report)["index.html"].decode()
    assert "on 1200 held-out rows, beside the model" in page
    assert '<td class="number bad">\N{MINUS SIGN}0.04 <small>more than chance</small></td>' in page
    assert "0.93 to 0.97" in page
    assert "s3://bucket/evaluations/x/measurements.json" in page
    told = "1200 held-out rows: auc 0.95 (0.93 to 0.97) where the model's own evaluation found 0.99"
    assert f"- Evaluated on `tumour-qa` in qa: {told}\n" in comment(report, Dialect())


def test_what_a_check_found_before_it_failed_is_told() -> None:
    report = builds.report(builds.unfit(), result="FAILURE")
    page = pages(report)["index.html"].decode()
    assert "<dt>Checked</dt><dd>it does not do what it must</dd>" in page
    assert "<dt>Missed</dt><dd>50% of 20 requests, 4 at once, were answered within 91 ms, expected at most" in page
    assert "<dt>Under load</dt><dd>20 requests: half answered within 91 ms" in page
    assert "on 1200 held-out rows" in page


def test_a_check_that_came_to_nothing_says_nothing() -> None:
    failed = builds.outcome("check_endpoint", status="failed", error="access denied", exit_code=4)
    report = builds.report([*builds.released()[:-1], failed], result="FAILURE")
    assert (report.live[0].checked, report.live[0].missed) == ("", ())


def test_a_promotion_shows_what_checks_came_to_in_the_environments_before() -> None:
    page = pages(builds.report(builds.promotion(), kind="promotion"))["index.html"].decode()
    assert "<dt>In qa</dt><dd>passed its check: auc 0.99 on 100 rows; half of 200 requests answered" in page


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
fields = st.sampled_from(
    ["release", "data", "image", "model", "verdicts", "evaluation", "metrics", "endpoint", "environment_name",
     "changes", "lines", "warnings", "copied_files", "requests", "value", "expires", "package", "load", "p50_ms",
     "proved", "missed", "evaluated"]
)  # fmt: skip
outcomes = st.builds(
    StageOutcome,
    stage=st.text(min_size=1, max_size=10),
    step=st.sampled_from(["", "train", "review", "approve", "promote", "check_endpoint", "new_step"]),
    status=st.sampled_from(["done", "refused", "failed", "interrupted", "waiting", "not_run", "new"]),
    recalled=st.booleans(),
    exit_code=st.integers(0, 255),
    error=st.text(max_size=40),
    seconds=st.none() | st.floats(0, 1e6),
    result=st.dictionaries(fields, json_values, max_size=6),
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
@given(
    st.lists(outcomes, max_size=4),
    st.sampled_from(["run", "promotion"]),
    st.sampled_from(["", "SUCCESS", "FAILURE", "ABORTED", "NOT_BUILT"]),
)
def test_whatever_the_stages_answered_there_is_a_report(found: list[StageOutcome], kind: str, result: str) -> None:
    from xml.etree import ElementTree as ET

    report = builds.report(found, result, kind=kind)
    assert pages(report)["index.html"]
    assert comment(report, Dialect())
    ET.fromstring(junit(report))
