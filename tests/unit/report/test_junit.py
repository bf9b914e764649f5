"""The JUnit file: what Jenkins counts, and what it shows for each stage and gate."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from agent.report.junit import junit
from tests import builds

if TYPE_CHECKING:
    from agent.report.build import BuildReport


def suite(report: BuildReport) -> ET.Element:
    found = ET.fromstring(junit(report)).find("testsuite")
    assert found is not None
    return found


def case(report: BuildReport, group: str, name: str) -> ET.Element:
    (found,) = [one for one in suite(report) if (one.get("classname"), one.get("name")) == (group, name)]
    return found


def test_a_suite_for_the_build_counts_its_cases() -> None:
    counted = suite(builds.report(builds.refused()))
    assert {name: counted.get(name) for name in ("name", "tests", "failures", "errors", "skipped", "time")} == {
        "name": "modelyard tumour",
        "tests": "9",
        "failures": "1",
        "errors": "0",
        "skipped": "1",
        "time": "450.000",
    }
    assert counted.get("timestamp") == "2026-11-27T09:00:00"


def test_a_gate_that_refuses_fails_with_its_reason_and_its_stage_does_not() -> None:
    report = builds.report(builds.refused())
    failure = case(report, "gates", "not-worse").find("failure")
    assert failure is not None
    assert failure.get("message") == "recall 0.92 is below 0.94 (gate `not-worse`)"
    assert case(report, "stages", "Gate").find("failure") is None


def test_a_gate_that_only_warns_is_skipped_and_turns_no_build_unstable() -> None:
    skipped = case(builds.report(builds.refused()), "gates", "calibrated").find("skipped")
    assert skipped is not None
    assert (skipped.get("message") or "").startswith("warning: log_loss")


def test_a_stage_that_failed_has_its_message_and_all_its_lines() -> None:
    failure = case(builds.report(builds.failed()), "stages", "Train").find("failure")
    assert failure is not None
    assert failure.get("message") == "the training job tumour-train-1 failed: ValueError: <missing>"
    assert failure.get("type") == "exit code 7: the model's own code failed"
    assert "in load" in (failure.text or "")


def test_stages_that_were_not_reached_or_interrupted_are_skipped() -> None:
    assert case(builds.report(builds.failed()), "stages", "Evaluate").find("skipped") is not None
    assert case(builds.report(builds.interrupted()), "stages", "Train").find("skipped") is not None


def test_times_are_those_of_the_stages() -> None:
    assert case(builds.report(builds.refused()), "stages", "Train").get("time") == "262.000"


def test_what_no_xml_may_hold_does_not_break_the_file() -> None:
    error = "\x1b[31mred\x00 & <b>\x1b[0m \ud800"
    report = builds.report([builds.outcome("train", status="failed", exit_code=7, error=error)])
    failure = case(report, "stages", "Train").find("failure")
    assert failure is not None
    assert "& <b>" in (failure.text or "")


def test_an_overridden_gate_is_skipped_with_who_why_and_until_when() -> None:
    report = builds.report(builds.overridden(), pull_request=None)
    skipped = case(report, "gates", "misses-few").find("skipped")
    assert skipped is not None
    assert skipped.get("message") == (
        "gate misses-few overridden by grace until 2026-12-31 23:59Z: seen with the clinic; "
        "recall 0.88 is below 0.9 (gate `misses-few`)"
    )


def test_a_gate_that_only_keeps_it_from_an_environment_turns_no_build_unstable() -> None:
    report = builds.report(builds.overridden(), pull_request=None)
    skipped = case(report, "gates", "not-worse").find("skipped")
    assert skipped is not None
    assert (skipped.get("message") or "").startswith("refused for prod: auc")
    assert suite(report).get("failures") == "0"
