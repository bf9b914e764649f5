"""The build as JUnit XML, so that Jenkins shows stages and gates as tests, with their history."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from agent.report.wording import exit_code

if TYPE_CHECKING:
    from agent.artifacts import Verdict
    from agent.report.build import BuildReport, StageRow

STAGES, GATES = "stages", "gates"
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOT_JUDGED = {"not_run": "it was not reached", "interrupted": "it was interrupted", "waiting": "it had not ended"}


def junit(report: BuildReport) -> bytes:
    """One suite: a case for each stage, and one for each verdict of a gate.

    A refused stage is shown by the gates that refuse. A gate that only warns, keeps the model from some environments
    only, or is overridden, is a skipped case that says so, which turns no build unstable.
    """
    cases = [*map(_stage, report.stages), *map(_gate, report.verdicts)]
    suite = ET.Element(
        "testsuite",
        name=_clean(f"modelyard {report.facts.project}"),
        tests=str(len(cases)),
        failures=str(_number(cases, "failure")),
        errors="0",
        skipped=str(_number(cases, "skipped")),
        time=_seconds(report.facts.seconds),
        timestamp=f"{report.facts.started or report.facts.ended:%Y-%m-%dT%H:%M:%S}",
    )
    suite.extend(cases)
    suites = ET.Element("testsuites")
    suites.append(suite)
    ET.indent(suites)
    text: bytes = ET.tostring(suites, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _stage(stage: StageRow) -> ET.Element:
    case = _case(STAGES, stage.title, stage.seconds)
    if stage.status == "failed":
        failure = _child(case, "failure", stage.error.partition("\n")[0] or "it failed", stage.error)
        failure.set("type", exit_code(stage.exit_code))
    elif stage.status in _NOT_JUDGED:
        _child(case, "skipped", stage.error.partition("\n")[0] or _NOT_JUDGED[stage.status])
    elif stage.status == "skipped":
        _child(case, "skipped", "the repository has nothing for it to do")
    elif stage.recalled:
        ET.SubElement(case, "system-out").text = "nothing was done: the result was there already"
    return case


def _gate(verdict: Verdict) -> ET.Element:
    case = _case(GATES, verdict.gate, None)
    if verdict.passed:
        ET.SubElement(case, "system-out").text = _clean(verdict.reason)
    elif verdict.override is not None:
        _child(case, "skipped", f"{verdict.override.told(verdict.gate)}; {verdict.reason}")
    elif verdict.severity == "warn":
        _child(case, "skipped", f"warning: {verdict.reason}")
    elif verdict.environments:
        _child(case, "skipped", f"refused for {' and '.join(verdict.environments)}: {verdict.reason}")
    else:
        _child(case, "failure", verdict.reason, verdict.reason).set("type", "gate")
    return case


def _case(group: str, name: str, seconds: float | None) -> ET.Element:
    return ET.Element("testcase", classname=group, name=_clean(name), time=_seconds(seconds))


def _child(case: ET.Element, tag: str, message: str, text: str = "") -> ET.Element:
    child = ET.SubElement(case, tag, message=_clean(message))
    child.text = _clean(text) or None
    return child


def _number(cases: list[ET.Element], tag: str) -> int:
    return sum(case.find(tag) is not None for case in cases)


def _seconds(seconds: float | None) -> str:
    return f"{seconds or 0:.3f}"


def _clean(text: str) -> str:
    """Without what no XML document may hold, such as the colours of a log."""
    return _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)
