"""Holds numbers against limits, with or without proof, and says of several what decides: the worst of them.

Without a `confidence` a value is judged by itself. With one, the interval has to clear the limit: that is *proved* if
all of it does, *refuted* if none of it does, and else there is *not enough data*.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.artifacts import Judgement
from agent.gates.limits import BEYOND, holds, shown
from agent.statistics.claims import Conclusion, examine_threshold

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.artifacts import Interval
    from agent.config.judging_section import ClaimingSection
    from agent.gates.findings import Estimated, Finding
    from agent.gates.limits import Side
    from agent.gates.subject import Subject

_GRAVEST_FIRST = (Conclusion.REFUTED, Conclusion.NOT_ENOUGH_DATA, Conclusion.PROVED)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """That a number is on one side of a limit; ``what`` is the number in words, such as `recall of sex 2`.

    The limit itself is on that side, unless the claim is not ``inclusive``.
    """

    what: str
    number: Estimated
    side: Side
    limit: float
    inclusive: bool = True


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What became of a claim; ``slack`` is how far the value is on the right side, ``rows_needed`` for want of data."""

    claim: Claim
    conclusion: Conclusion
    slack: float
    rows_needed: int | None = None


def judged(claim: Claim, *, proof: bool) -> Judged:
    """Hold a number against its limit; one that is undefined proves nothing."""
    number = claim.number
    if number.value is None:
        return Judged(claim=claim, conclusion=Conclusion.NOT_ENOUGH_DATA, slack=-math.inf)
    slack = (number.value - claim.limit) * (1 if claim.side == "at least" else -1)
    if not proof:
        held = holds(number.value, claim.side, claim.limit)
        return Judged(claim=claim, conclusion=Conclusion.PROVED if held else Conclusion.REFUTED, slack=slack)
    higher = claim.side == "at least"
    found = examine_threshold(number.estimate, claim.limit, greater_is_better=higher, inclusive=claim.inclusive)
    needed = None
    if found.conclusion is Conclusion.NOT_ENOUGH_DATA and found.rows_needed and number.rows:
        needed = math.ceil(found.rows_needed / number.rows * number.of_rows)
    return Judged(claim=claim, conclusion=found.conclusion, slack=slack, rows_needed=needed)


def worst(claims: Sequence[Judged]) -> Judged:
    """The one that decides: refuted before doubtful before proved, and of these the one with the least slack."""
    return min(claims, key=lambda each: (_GRAVEST_FIRST.index(each.conclusion), each.slack))


def judgement(
    name: str, gate: ClaimingSection, subject: Subject, claims: Sequence[Claim], *, metric: str, told: str = ""
) -> Judgement:
    """What a gate says of several claims that all have to hold; ``told`` is added to its sentence."""
    finding, evidence = subject.finding(name), subject.evaluation.measurements
    proof = gate.confidence is not None
    if not claims:
        return no_numbers(name, metric, finding, evidence)
    every = [judged(claim, proof=proof) for claim in claims]
    decides = worst(every)
    failed = [each for each in every if each.conclusion is not Conclusion.PROVED]
    sentences = "; ".join(in_words(each, proof=proof) for each in (failed or [decides])[:_MOST_TOLD])
    more = f"; and {len(failed) - _MOST_TOLD} more" if len(failed) > _MOST_TOLD else ""
    claim = decides.claim
    return Judgement(
        metric=claim.what,
        value=claim.number.value,
        limit=claim.limit,
        comparison=claim.side,
        interval=claim.number.interval,
        sample_size=int(claim.number.rows),
        conclusion=decides.conclusion.value if proof or decides.conclusion is Conclusion.NOT_ENOUGH_DATA else "",
        rows_needed=decides.rows_needed,
        passed=not failed,
        reason=f"{sentences}{more}{told}{_small_in_words(finding)} (gate `{name}`)",
        evidence=evidence,
    )


_MOST_TOLD = 5
"""Claims that one sentence tells."""


def no_numbers(name: str, metric: str, finding: Finding, evidence: str) -> Judgement:
    """Where the rows tell nothing that a claim could be of, nothing is proved."""
    why = finding.absent or "no part of the data has enough rows to be measured"
    return undecided(name, metric, f"{metric}: {why}{_small_in_words(finding)}", evidence)


def undecided(name: str, metric: str, what: str, evidence: str) -> Judgement:
    """There is not enough data to judge ``what``, which goes on to say why."""
    return Judgement(
        metric=metric,
        conclusion=Conclusion.NOT_ENOUGH_DATA.value,
        passed=False,
        reason=f"not enough data to judge {what} (gate `{name}`)",
        evidence=evidence,
    )


def in_words(one: Judged, *, proof: bool) -> str:
    """A claim and what became of it, as a clause."""
    claim, number = one.claim, one.claim.number
    if number.value is None:
        return f"not enough data to judge {claim.what}: it is not defined for these rows"
    value, limit = shown(number.value, claim.limit)
    of = interval_in_words(number.interval, int(number.rows))
    if one.conclusion is Conclusion.NOT_ENOUGH_DATA:
        return f"not enough data to prove that {claim.what} {value}{of} is {claim.side} {limit}: {enough(one)}"
    where = claim.side if one.conclusion is Conclusion.PROVED else BEYOND[claim.side]
    return f"{claim.what} {value}{of if proof else ''} is {where} {limit}"


def interval_in_words(interval: Interval | None, rows: int) -> str:
    """An interval behind its value."""
    if interval is None:
        return f" (of {rows:,} rows)"
    return f" ({100 * interval.level:.4g} % interval {interval.low:.4g} to {interval.high:.4g}, of {rows:,} rows)"


def enough(one: Judged) -> str:
    """How many rows would be enough, as a clause."""
    if one.rows_needed is None:
        return "more rows would do only if they were better than these"
    return f"about {one.rows_needed:,} rows like these {one.claim.number.of_rows:,} would do"


def _small_in_words(finding: Finding) -> str:
    small = finding.too_small
    if not small:
        return ""
    named: Mapping[bool, str] = {True: "", False: f" and {len(small) - _MOST_TOLD} more"}
    return f"; with too few rows: {', '.join(small[:_MOST_TOLD])}{named[len(small) <= _MOST_TOLD]}"
