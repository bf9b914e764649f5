"""The gate `vulnerabilities`: the registry's scan of the image has found no more than is allowed.

An image that was not scanned is refused: of it nothing is known, which is no good news.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from agent.artifacts import Judgement
from agent.gates.accepting import accepted, expired, listed
from agent.ports.scans import Severity
from agent.wording import counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from agent.config.supply_gates import VulnerabilityGate
    from agent.ports.scans import Scan, ScanState, Vulnerability

_WORST_FIRST: tuple[Severity, ...] = get_args(Severity)
_UNSCANNED: Mapping[ScanState, str] = {
    "absent": "was not scanned for vulnerabilities",
    "running": "is being scanned for vulnerabilities, and the scan was not over in time",
    "impossible": "cannot be scanned for vulnerabilities by its registry",
}
_TO_DO: Mapping[ScanState, str] = {
    "absent": "let ECR scan on push (`modelyard bootstrap apply`), or build again tomorrow",
    "running": "build again, or raise `patience`",
    "impossible": "scan it by another program, and let a `custom` gate say what that found",
}


def judge(name: str, gate: VulnerabilityGate, scan: Scan, image: str, *, today: date, evidence: str = "") -> Judgement:
    """Count what was found, worst first; of several limits the first one that is exceeded is told."""
    if scan.state != "complete":
        told = f" ({scan.told})" if scan.told else ""
        reason = f"{image} {_UNSCANNED[scan.state]}{told}; {_TO_DO[scan.state]} (gate `{name}`)"
        return Judgement(metric="vulnerabilities", passed=False, reason=reason, evidence=evidence)
    names = tuple(dict.fromkeys(found.name for found in scan.vulnerabilities))
    borne = accepted(names, gate.accepted, today)
    counting = [found for found in scan.vulnerabilities if found.name not in borne]
    severities = [severity for severity in _WORST_FIRST if severity in gate.most]
    counts = {severity: tuple(_at_least(severity, counting)) for severity in severities}
    severity = next((one for one in severities if len(counts[one]) > gate.most[one]), severities[0])
    passed = len(counts[severity]) <= gate.most[severity]
    limits = [(one, counts[one], gate.most[one]) for one in (severities if passed else [severity])]
    ending = _ending(scan, borne) + expired(names, gate.accepted, today)
    return Judgement(
        metric=f"vulnerabilities: {_or_worse(severity)}",
        value=len(counts[severity]),
        limit=gate.most[severity],
        comparison="at most",
        passed=passed,
        reason=f"{' and '.join(_told(*limit) for limit in limits)} in {image}{ending} (gate `{name}`)",
        evidence=evidence,
    )


def _at_least(severity: Severity, found: Sequence[Vulnerability]) -> Sequence[Vulnerability]:
    worst_first = sorted(found, key=lambda one: _WORST_FIRST.index(one.severity))
    return [one for one in worst_first if _WORST_FIRST.index(one.severity) <= _WORST_FIRST.index(severity)]


def _or_worse(severity: Severity) -> str:
    return severity if severity == _WORST_FIRST[0] else f"{severity} or worse"


def _told(severity: Severity, found: Sequence[Vulnerability], most: int) -> str:
    count = counted(len(found), "vulnerability", "vulnerabilities")
    named = [f"{one.name} ({one.severity}, {f'{one.package} {one.version}'.strip() or 'no package'})" for one in found]
    return f"{count} ({_or_worse(severity)}; at most {most}){f': {listed(named)}' if named else ''}"


def _ending(scan: Scan, borne: frozenset[str]) -> str:
    when = f", scanned {scan.completed:%Y-%m-%d %H:%M}Z" if scan.completed is not None else ""
    return when + (f"; accepted for now: {listed(sorted(borne))}" if borne else "")
