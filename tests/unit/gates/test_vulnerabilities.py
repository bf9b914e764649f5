"""What a scan has found is counted against each limit, and an image that was not scanned never passes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from agent.config.supply_gates import Acceptance, VulnerabilityGate
from agent.gates.vulnerabilities import judge
from agent.ports.scans import Scan, Vulnerability

if TYPE_CHECKING:
    from agent.artifacts import Judgement
    from agent.ports.scans import ScanState, Severity

TODAY = date(2026, 11, 27)
XZ = Vulnerability(name="CVE-2024-3094", severity="critical", package="xz-utils", version="5.6.0")
CURL = Vulnerability(name="CVE-2023-38545", severity="high", package="curl", version="7.88.1")
ZLIB = Vulnerability(name="CVE-2023-45853", severity="medium", package="zlib", version="1.2.13")


def judged(*found: Vulnerability, **settings: Any) -> Judgement:
    scan = Scan(state="complete", completed=datetime(2026, 11, 26, 8, tzinfo=UTC), vulnerabilities=found)
    gate = VulnerabilityGate(kind="vulnerabilities", **settings)
    return judge("no-holes", gate, scan, "image 1a2b", today=TODAY, evidence="s3://scan")


def accepted(until: str) -> dict[str, Acceptance]:
    return {XZ.name: Acceptance(reason="it opens no archive", until=until)}


def test_one_that_is_worse_than_the_limit_s_severity_counts_and_is_named() -> None:
    verdict = judged(ZLIB, XZ)
    assert (verdict.passed, verdict.value, verdict.limit, verdict.comparison) == (False, 1, 0, "at most")
    assert verdict.metric == "vulnerabilities: high or worse"
    assert verdict.reason == (
        "1 vulnerability (high or worse; at most 0): CVE-2024-3094 (critical, xz-utils 5.6.0) in image 1a2b, "
        "scanned 2026-11-26 08:00Z (gate `no-holes`)"
    )
    assert verdict.evidence == "s3://scan"


def test_milder_ones_pass() -> None:
    verdict = judged(ZLIB)
    assert (verdict.passed, verdict.value) == (True, 0)
    assert verdict.reason.startswith("0 vulnerabilities (high or worse; at most 0) in image 1a2b, scanned")


def test_of_several_limits_the_worst_that_is_exceeded_is_told() -> None:
    verdict = judged(XZ, CURL, ZLIB, most={"critical": 1, "high": 1, "medium": 9})
    assert (verdict.passed, verdict.value, verdict.limit) == (False, 2, 1)
    assert verdict.metric == "vulnerabilities: high or worse"


def test_all_limits_are_told_where_they_hold() -> None:
    verdict = judged(CURL, most={"critical": 0, "high": 1})
    assert verdict.reason.startswith(
        "0 vulnerabilities (critical; at most 0) and 1 vulnerability (high or worse; at most 1): CVE-2023-38545"
    )


def test_what_is_accepted_does_not_count_until_the_end_of_its_last_day() -> None:
    verdict = judged(XZ, accepted=accepted("2026-11-27"))
    assert verdict.passed
    assert verdict.reason.endswith("; accepted for now: CVE-2024-3094 (gate `no-holes`)")


def test_what_was_accepted_once_counts_again_and_says_so() -> None:
    verdict = judged(XZ, accepted=accepted("2026-11-26"))
    assert not verdict.passed
    assert verdict.reason.endswith("; CVE-2024-3094 was accepted until 2026-11-26 (gate `no-holes`)")


def test_of_many_the_worst_few_are_named() -> None:
    many = [Vulnerability(name=f"CVE-{number}", severity="high") for number in range(7)]
    verdict = judged(*many, XZ)
    assert "at most 0): CVE-2024-3094 (critical, xz-utils 5.6.0), CVE-0 (high, no package)" in verdict.reason
    assert "CVE-3 (high, no package) and 3 more in image" in verdict.reason


@pytest.mark.parametrize("severity", ["informational", "undefined"])
def test_one_without_a_rank_counts_where_everything_does(severity: Severity) -> None:
    odd = Vulnerability(name="CVE-1", severity=severity)
    assert judged(odd, most={"low": 0}).passed
    assert not judged(odd, most={"undefined": 0}).passed


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("absent", "was not scanned for vulnerabilities (why); let ECR scan on push"),
        ("running", "is being scanned for vulnerabilities, and the scan was not over in time (why); build again"),
        ("impossible", "cannot be scanned for vulnerabilities by its registry (why); scan it by another program"),
    ],
)
def test_an_image_of_which_nothing_is_known_is_refused_with_what_to_do(state: ScanState, words: str) -> None:
    gate = VulnerabilityGate(kind="vulnerabilities")
    verdict = judge("no-holes", gate, Scan(state=state, told="why"), "image 1a2b", today=TODAY)
    assert (verdict.passed, verdict.value, verdict.limit) == (False, None, None)
    assert verdict.reason.startswith(f"image 1a2b {words}")
