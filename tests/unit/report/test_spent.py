"""What jobs took of machines, whose money that was, and what it comes to by the configured prices."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from agent.report.comment import Dialect, comment
from agent.report.page import pages
from agent.report.spent import spending
from tests import builds

if TYPE_CHECKING:
    from typing import Any

    from agent.artifacts import JobUse
    from agent.report.outcome import StageOutcome


def stage(*uses: JobUse, **changes: Any) -> StageOutcome:
    """A stage whose result names jobs."""
    return builds.outcome("train", {"jobs": [use.model_dump(mode="json") for use in uses]}, **changes)


def test_each_instance_is_paid_for_by_the_seconds_that_are_billed() -> None:
    use = builds.use("train-1", instance_count=3, seconds=900, billable_seconds=600)
    (job,) = spending([stage(use)], builds.PRICES, None).jobs
    assert job.seconds == 600
    assert job.cost == pytest.approx(3 * 600 / 3600 * 0.115)


def test_where_nobody_tells_what_is_billed_the_time_that_it_ran_counts() -> None:
    (job,) = spending([stage(builds.use("prepare-1", seconds=90))], builds.PRICES, None).jobs
    assert job.seconds == 90
    assert job.cost == pytest.approx(90 / 3600 * 0.115)


@pytest.mark.parametrize("use", [builds.use("a", instance_type="ml.p5.48xlarge", seconds=90), builds.use("a")])
def test_without_a_price_or_a_time_there_is_no_cost(use: JobUse) -> None:
    found = spending([stage(use)], builds.PRICES, None)
    assert (found.jobs[0].cost, found.priced, found.totals) == (None, False, [])


def test_what_an_earlier_build_had_spent_is_not_this_one_s() -> None:
    before = builds.BEGAN - timedelta(seconds=1)
    outcomes = [
        stage(builds.use("recalled", seconds=3600), recalled=True),
        stage(builds.use("adopted", started=before, seconds=3600), builds.use("own", seconds=36)),
    ]
    found = spending(outcomes, builds.PRICES, builds.BEGAN)
    assert [(job.use.job, job.earlier) for job in found.jobs] == [("recalled", True), ("adopted", True), ("own", False)]
    own, reused = found.totals
    assert (own.name, reused.name) == ("This build", "Reused from earlier builds")
    assert own.cost == pytest.approx(0.00115)
    assert reused.cost == pytest.approx(0.23)


def test_a_total_names_what_it_does_not_hold() -> None:
    outcomes = [stage(builds.use("a", seconds=36), builds.use("b", instance_type="ml.p5.48xlarge", seconds=36))]
    (total,) = spending(outcomes, builds.PRICES, None).totals
    assert total.cost == pytest.approx(0.00115)
    assert total.without == ("ml.p5.48xlarge",)


def test_a_job_that_two_stages_name_is_paid_for_once() -> None:
    use = builds.use("a", seconds=36)
    assert len(spending([stage(use), stage(use)], {}, None).jobs) == 1


def test_page_and_comment_show_machines_time_and_cost() -> None:
    report = builds.report(builds.refused())
    page, said = pages(report)["index.html"].decode(), comment(report, Dialect())
    assert 'Train <small>ml.m5.2xlarge</small></th>\n<td class="number">3 min 21 s <small>billed</small></td>' in page
    assert "Evaluate <small>ml.m5.large, the champion in qa, of an earlier build</small></th>" in page
    assert '<th scope="row" colspan="2">This build</th>\n<td class="number"><strong>0.0288</strong></td>' in page
    one = "1 \N{MULTIPLICATION SIGN} ml.m5"
    assert f"| Train | {one}.2xlarge | 3 min 21 s | 0.0257 |" in said
    assert f"| Evaluate (the champion in qa) | {one}.large | 1 min 41 s of an earlier build | 0.00323 |" in said
    assert "| Reused from earlier builds |  |  | 0.00898 |" in said


def test_without_prices_there_are_times_and_no_costs() -> None:
    from agent.report.building import build_report

    report = build_report(builds.facts(), builds.refused(), result="", better={})
    page, said = pages(report)["index.html"].decode(), comment(report, Dialect())
    assert "3 min 21 s <small>billed</small>" in page
    assert "Cost" not in page
    assert "| Job | Machines | Time |\n" in said
    assert "Reused from earlier builds" not in said
