"""The gate `licenses`: the licences of an image's packages are among those that may be used.

Of an SPDX expression every part joined by AND has to be allowed, and one of those joined by OR (SPDX 2.3, annex D).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from agent.artifacts import Judgement
from agent.gates.accepting import accepted, expired, listed
from agent.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from agent.config.supply_gates import LicenseGate


class Standing(IntEnum):
    """What a licence comes to, better ones first."""

    ALLOWED = 0
    UNKNOWN = 1
    REFUSED = 2


@dataclass(frozen=True, kw_only=True)
class Licensed:
    """A package; ``licenses`` all apply, SPDX expressions or, where ``words``, somebody's own name of one."""

    name: str
    version: str
    licenses: tuple[str, ...] = ()
    words: bool = False


def licensed(component: Mapping[str, Any]) -> Licensed:
    """A component of a CycloneDX document."""
    entries = component.get("licenses", ())
    named = [entry.get("expression") or entry["license"].get("id") or entry["license"].get("name") for entry in entries]
    return Licensed(
        name=component["name"],
        version=component.get("version", ""),
        licenses=tuple(str(one) for one in named if one),
        words=any("name" in entry.get("license", ()) for entry in entries),
    )


def judge(
    name: str, gate: LicenseGate, packages: Iterable[Licensed], image: str, *, today: date, evidence: str = ""
) -> Judgement:
    """Count the packages that may not be used."""
    all_ = tuple(packages)
    borne = accepted((package.name for package in all_), gate.accepted, today)
    judged = [(package, standing(package, gate)) for package in all_ if package.name not in borne]
    unknown = [package for package, found in judged if found is Standing.UNKNOWN]
    refused = [package for package, found in judged if found is Standing.REFUSED]
    refused += unknown if gate.unknown == "refuse" else []
    about = f"of {counted(len(all_), 'package')} in {image}"
    told = f": {listed([_named(package) for package in refused])}" if refused else ""
    over = expired((package.name for package in refused), gate.accepted, today)
    return Judgement(
        metric="packages with licences that may not be used",
        value=len(refused),
        limit=0,
        comparison="at most",
        passed=not refused,
        reason=f"{len(refused) or 'none'} {about} may not be used, by licence{told}{_ending(unknown, borne)}{over} "
        f"(gate `{name}`)",
        evidence=evidence,
    )


def standing(package: Licensed, gate: LicenseGate) -> Standing:
    """What a package's licences come to; without any it is not known."""
    if not package.licenses:
        return Standing.UNKNOWN
    if package.words:
        return max(_in_words(one, gate) for one in package.licenses)
    return max(_of_expression(one, gate) for one in package.licenses)


def _of_expression(text: str, gate: LicenseGate) -> Standing:
    from license_expression import ExpressionError, Licensing

    try:
        parsed = Licensing().parse(text)
    except ExpressionError:
        return _in_words(text, gate)
    return _of_part(parsed, gate)


def _of_part(part: Any, gate: LicenseGate) -> Standing:
    from license_expression import AND, OR, LicenseWithExceptionSymbol

    if isinstance(part, AND | OR):
        return (max if isinstance(part, AND) else min)(_of_part(one, gate) for one in part.args)
    plain = part.license_symbol if isinstance(part, LicenseWithExceptionSymbol) else part
    names = (part.render(), plain.render())
    denied, allowed = (any(_matches(one, patterns) for one in names) for patterns in (gate.denied, gate.allowed))
    return Standing.REFUSED if denied or (gate.allowed and not allowed) else Standing.ALLOWED


def _in_words(text: str, gate: LicenseGate) -> Standing:
    """A name that is not SPDX's says something only where a pattern is written for it."""
    if _matches(text, gate.denied):
        return Standing.REFUSED
    return Standing.ALLOWED if _matches(text, gate.allowed) else Standing.UNKNOWN


def _matches(license_: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(license_.lower(), pattern.lower()) for pattern in patterns)


def _named(package: Licensed) -> str:
    return f"{f'{package.name} {package.version}'.strip()} ({' and '.join(package.licenses) or 'no licence'})"


def _ending(unknown: Sequence[Licensed], borne: frozenset[str]) -> str:
    told = f"; of {len(unknown)} the licence is not known" if unknown else ""
    return told + (f"; accepted for now: {listed(sorted(borne))}" if borne else "")
