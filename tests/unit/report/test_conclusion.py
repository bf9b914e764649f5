"""The verdict on top of the report says what happened, and where a model was refused by how much."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.report.build import State
from agent.report.summary import badges, check, description
from tests import builds

if TYPE_CHECKING:
    from agent.report.outcome import StageOutcome


def test_a_refusal_names_the_gate_and_by_how_much_it_is_missed() -> None:
    conclusion = builds.report(builds.refused(), "UNSTABLE").conclusion
    assert conclusion.state is State.REFUSED
    assert conclusion.headline == "Refused by the gate not-worse: recall misses 0.94 by 0.02"
    assert conclusion.reasons == ("recall 0.92 is below 0.94 (gate `not-worse`)",)


def test_several_gates_are_counted_and_each_gives_its_reason() -> None:
    two = [builds.verdict(name, "recall", 0.5, 0.9, passed=False) for name in ("one", "two")]
    verdicts = [one.model_dump(mode="json") for one in (*two, builds.verdict("three", "auc", 1, 0.5))]
    outcomes = [builds.outcome("gate", {"verdicts": verdicts}, status="refused", error="…")]
    conclusion = builds.report(outcomes).conclusion
    assert conclusion.headline == "Refused by 2 of 3 gates"
    assert len(conclusion.reasons) == 2


def test_a_failure_gives_the_message_and_the_last_lines_apart() -> None:
    conclusion = builds.report(builds.failed(), "FAILURE").conclusion
    assert conclusion.state is State.FAILED
    assert conclusion.headline == "Train failed (exit code 7: the model's own code failed)"
    assert conclusion.reasons == ("the training job tumour-train-1 failed: ValueError: <missing>",)
    assert conclusion.lines[-1] == "  in load"


def test_a_message_that_ends_with_a_list_says_what_is_in_it() -> None:
    error = "the endpoint does not do what it must:\n  half of the answers took 900 ms\n  1 of 20 failed"
    conclusion = builds.report([builds.outcome("check", status="failed", exit_code=7, error=error)]).conclusion
    assert conclusion.reasons == (
        "the endpoint does not do what it must:", "half of the answers took 900 ms", "1 of 20 failed",
    )  # fmt: skip


def test_of_a_long_log_the_last_lines_are_shown() -> None:
    error = "\n".join(["it failed", *map(str, range(1000))])
    lines = builds.report([builds.outcome("train", status="failed", exit_code=7, error=error)]).conclusion.lines
    assert lines[-1] == "999"
    assert len(lines) == 40


def test_an_interruption_says_where() -> None:
    conclusion = builds.report(builds.interrupted(), "ABORTED").conclusion
    assert (conclusion.state, conclusion.headline) == (State.INTERRUPTED, "Interrupted at Train")


def test_a_build_that_a_newer_one_ended_within_a_stage_says_so_and_no_other_reason() -> None:
    report = builds.report(builds.interrupted(), "NOT_BUILT")
    assert report.conclusion.state is State.INTERRUPTED
    assert description(report) == "A newer build took its place at Train"


def test_a_promotion_that_ended_while_it_waited_for_an_approval_says_so() -> None:
    report = builds.report(builds.promotion()[:1], "ABORTED", kind="promotion", pull_request=None)
    assert description(report) == "Nobody approved it: refused, or too late"


def test_a_promotion_that_was_aborted_after_its_approval_is_interrupted() -> None:
    outcomes = [*builds.promotion()[:2], builds.outcome("promote", status="not_run")]
    report = builds.report(outcomes, "ABORTED", kind="promotion", pull_request=None)
    assert description(report) == "Interrupted"


def test_a_build_that_was_aborted_between_its_visits_is_interrupted_where_it_waited() -> None:
    outcomes = [*builds.trained()[:3], builds.outcome("train", status="waiting")]
    assert builds.report(outcomes, "ABORTED").conclusion.headline == "Interrupted at Train"


def test_a_build_that_failed_outside_of_its_stages_sends_people_to_its_console() -> None:
    conclusion = builds.report(builds.passed(), "FAILURE").conclusion
    assert conclusion.state is State.FAILED
    assert "console" in conclusion.reasons[0]


@pytest.mark.parametrize("result", ["NOT_BUILT", "SUCCESS"])
def test_a_build_without_stages_ran_nothing(result: str) -> None:
    assert builds.report([], result).conclusion.state is State.NOT_RUN


def test_a_build_none_of_whose_stages_was_reached_ran_nothing() -> None:
    outcomes = [builds.outcome("train", status="not_run")]
    assert builds.report(outcomes, "NOT_BUILT").conclusion.state is State.NOT_RUN


def test_a_build_that_a_newer_one_ended_between_two_stages_says_so_and_what_it_made() -> None:
    deployed = [builds.outcome("deploy", status="not_run")]
    made = builds.report([*builds.released()[:-2], *deployed], "NOT_BUILT", pull_request=None, branch="main").conclusion
    assert (made.state, made.headline) == (
        State.INTERRUPTED,
        "Release 5a5a5a5a5a5a is made, but a newer build took its place",
    )
    assert builds.report(builds.passed(), "NOT_BUILT").conclusion.headline == "A newer build took its place"


def test_a_pull_request_passes_its_gates() -> None:
    assert builds.report(builds.passed(), "SUCCESS").conclusion.headline == "The model passes its gate"


def test_a_warning_is_said_of_a_model_that_passes() -> None:
    warns = builds.verdict("calibrated", "log_loss", 0.13, 0.12, passed=False, severity="warn")
    outcomes = [builds.outcome("gate", {"verdicts": [warns.model_dump(mode="json")]})]
    conclusion = builds.report(outcomes).conclusion
    assert conclusion.headline == "The model passes, with 1 warning"
    assert conclusion.reasons[0].startswith("Warning: log_loss")


def test_a_release_is_named_with_where_it_is_live() -> None:
    made = builds.report(builds.released(), "SUCCESS", pull_request=None, branch="main")
    assert made.conclusion.headline == "Release 5a5a5a5a5a5a is made, and live in qa"
    assert made.live[0].checked == "2 requests answered as expected, auc 0.99 on 100 held-out rows"


def test_a_promotion_says_what_is_live_now() -> None:
    moved = builds.report(builds.promotion(), "SUCCESS", kind="promotion", pull_request=None)
    assert moved.conclusion.headline == "Release 5a5a5a5a5a5a is live in prod"
    assert moved.promotion is not None
    assert (moved.promotion.by, moved.promotion.reason) == ("grace", "seen with the clinic, ticket 42")
    assert list(moved.topics) == ["metrics", "data"]


def test_what_is_to_be_decided_waits() -> None:
    review = builds.promotion()[:1]
    asked = builds.report(review, "SUCCESS", kind="promotion", pull_request=None)
    assert (asked.conclusion.state, asked.conclusion.headline) == (State.NOT_RUN, "Waits for an approval")
    assert list(asked.topics) == ["metrics", "data"]


@pytest.mark.parametrize(
    ("outcomes", "colour", "conclusion"),
    [
        (builds.passed(), "green", "SUCCESS"),
        (builds.refused(), "orange", "FAILURE"),
        (builds.failed(), "red", "FAILURE"),
        (builds.interrupted(), "gray", "CANCELED"),
        ([], "gray", "NEUTRAL"),
    ],
    ids=["passed", "refused", "failed", "interrupted", "nothing"],
)
def test_badge_and_check_agree_with_the_verdict(outcomes: list[StageOutcome], colour: str, conclusion: str) -> None:
    report = builds.report(outcomes)
    assert badges(report)[0].color == colour
    assert check(report, "").conclusion == conclusion


def test_the_badges_of_judged_metrics_show_the_distance_from_the_champion() -> None:
    texts = [badge.text for badge in badges(builds.report(builds.refused()))]
    assert texts == ["refused", "recall 0.92 (\N{MINUS SIGN}0.03)", "log_loss 0.13 (0)"]


def test_the_description_is_one_line_whatever_failed() -> None:
    long = builds.report([builds.outcome("train", status="failed", exit_code=6, error="word " * 200)])
    assert "\n" not in description(long)
    assert len(description(long)) <= 200
    short = [builds.outcome("approve", status="failed", exit_code=4, error="admin is none of its approvers")]
    assert description(builds.report(short)) == (
        "Approve failed (exit code 4: access denied): admin is none of its approvers"
    )
    assert description(builds.report(builds.refused())) == "Refused by the gate not-worse: recall misses 0.94 by 0.02"


OVERRIDDEN = "gate misses-few overridden by grace until 2026-12-31 23:59Z: seen with the clinic"


def test_an_override_is_told_wherever_the_build_is() -> None:
    report = builds.report(builds.overridden(), pull_request=None)
    assert report.conclusion.state is State.DONE
    assert report.conclusion.headline.endswith(f"; {OVERRIDDEN}")
    assert OVERRIDDEN in description(report)
    assert (badges(report)[0].text, badges(report)[0].color) == ("done, overridden", "orange")


def test_a_gate_of_an_environment_is_told_by_a_build_that_goes_on_without_it() -> None:
    reasons = builds.report(builds.overridden(), pull_request=None).conclusion.reasons
    assert reasons[0].startswith("Overridden: recall 0.88 is below 0.9")
    assert reasons[1].startswith("Refused for prod: auc")


def test_a_stage_that_a_gate_of_its_environment_refuses_names_both() -> None:
    outcomes = [*builds.overridden()[:-2], *builds.kept_out()]
    conclusion = builds.report(outcomes, "UNSTABLE", pull_request=None).conclusion
    assert conclusion.state is State.REFUSED
    assert conclusion.headline == "Refused for prod by the gate not-worse: auc misses 0.99 by 0.0029"
    assert OVERRIDDEN in conclusion.reasons


def test_a_promotion_that_is_kept_out_says_why() -> None:
    conclusion = builds.report(builds.kept_out(), "UNSTABLE", kind="promotion", pull_request=None).conclusion
    assert (conclusion.state, conclusion.headline) == (State.REFUSED, "Refused for prod at Promote")
    assert conclusion.reasons == (builds.kept_out()[0].error,)


def test_a_gate_without_a_number_is_missed_by_none() -> None:
    one = builds.verdict("own", "", 0, 0, passed=False).model_copy(update={"value": None, "limit": None})
    outcomes = [builds.outcome("gate", {"verdicts": [one.model_dump(mode="json")]}, status="refused", error="…")]
    assert builds.report(outcomes).conclusion.headline == "Refused by the gate own"


def test_a_promotion_of_what_somebody_let_pass_says_so() -> None:
    *asked, moved = builds.promotion()
    outcomes = [*asked, moved.model_copy(update={"result": {**moved.result, "overrides": [OVERRIDDEN]}})]
    report = builds.report(outcomes, "SUCCESS", kind="promotion", pull_request=None)
    assert description(report) == f"Release 5a5a5a5a5a5a is live in prod; {OVERRIDDEN}"
