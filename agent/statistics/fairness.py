"""Compares how a classifier decides about groups of people, each difference with its interval."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from agent.statistics import arrays
from agent.statistics.confusion import Confusion
from agent.statistics.distributions import two_sided
from agent.statistics.intervals import LEVEL, Estimate, difference, unknown, wilson
from agent.statistics.slices import SUPPORT, groups
from agent.statistics.weighing import effective

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike

    from agent.statistics.arrays import Bools, Categories, Floats


@dataclass(frozen=True, kw_only=True)
class GroupFairness:
    """A group beside the reference group.

    - ``disparate_impact``: the ratio of selection rates; below 0.8 is the "four-fifths rule" (29 CFR 1607.4 D).
      Interval of the logarithm (Katz et al., Biometrics 34, 1978).
    - ``equal_opportunity``: the difference of true positive rates (Hardt, Price and Srebro, NeurIPS 2016).
    - ``equalised_odds``: the larger distance of the true and the false positive rates; its interval holds both at once
      (each by Bonferroni).
    """

    group: str
    rows: int
    disparate_impact: Estimate
    equal_opportunity: Estimate
    equalised_odds: Estimate


@dataclass(frozen=True, kw_only=True)
class Fairness:
    """All groups of a column beside ``reference``; ``too_small`` are those with less than the minimum support."""

    column: str
    reference: str
    groups: Sequence[GroupFairness]
    too_small: Sequence[str]


def fairness(
    column: str,
    values: ArrayLike | Categories,
    labels: ArrayLike,
    decisions: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    reference: str | None = None,
    support: int = SUPPORT,
    level: float = LEVEL,
) -> Fairness:
    """Groups are the values of a column; labels and decisions are 0 and 1; weights 0 or more; each of shape (n,).

    Without ``reference`` the largest group is it; a reference that no row has is a ValueError.
    """
    truth, decided = arrays.binary(labels), arrays.binary(decisions, "prediction")
    known = arrays.categories(values)
    weight = None if weights is None else arrays.weights(weights)
    arrays.same_length(group=known.codes, label=truth, prediction=decided, weight=weight)
    members = dict(groups(known))
    counts = {
        name: counted(truth[rows], decided[rows], None if weight is None else weight[rows])
        for name, rows in members.items()
    }
    large = {name: each for name, each in counts.items() if len(members[name]) >= support}
    chosen = reference if reference is not None else max(members, key=lambda name: len(members[name]))
    if chosen not in counts:
        raise ValueError(f"no row of {column} is in the reference group {chosen}; there are {', '.join(counts)}")
    return Fairness(
        column=column, reference=chosen, too_small=tuple(name for name in counts if name not in large),
        groups=_beside(large, counts[chosen], chosen, level),
    )  # fmt: skip


def counted(truth: Bools, decided: Bools, weights: Floats | None = None) -> Confusion:
    """The confusion of decisions about some rows; with weights, in effective rows (Kish, 1965)."""
    parts = {"tp": truth & decided, "fp": ~truth & decided, "fn": truth & ~decided, "tn": ~truth & ~decided}
    if weights is None:
        return Confusion(**{name: np.asarray(np.count_nonzero(part), np.float64) for name, part in parts.items()})
    total = float(weights.sum())
    scale = effective(weights) / total if total else 0.0
    return Confusion(**{name: np.asarray(scale * weights[part].sum()) for name, part in parts.items()})


def _beside(
    counts: Mapping[str, Confusion], reference: Confusion, name: str, level: float
) -> tuple[GroupFairness, ...]:
    return tuple(
        GroupFairness(
            group=group, rows=int(each.total), disparate_impact=disparate_impact(each, reference, level),
            equal_opportunity=_rate_difference(each, reference, "tp", "fn", level),
            equalised_odds=_odds(each, reference, level),
        )
        for group, each in counts.items() if group != name
    )  # fmt: skip


def disparate_impact(group: Confusion, reference: Confusion, level: float = LEVEL) -> Estimate:
    """The group's selection rate by the reference's."""
    selected, base = float(group.tp + group.fp), float(reference.tp + reference.fp)
    rows = float(group.total), float(reference.total)
    if not base or not selected:
        value = selected / rows[0] / (base / rows[1]) if base and rows[0] else math.nan
        return unknown(value, level=level, rows=sum(rows), method="Katz")
    value = selected / rows[0] / (base / rows[1])
    deviation = math.sqrt(max(0.0, 1 / selected - 1 / rows[0] + 1 / base - 1 / rows[1]))
    factor = math.exp(two_sided(level) * deviation)
    return Estimate(
        value=value, deviation=value * deviation, low=value / factor, high=value * factor, level=level, rows=sum(rows),
        method="Katz",
    )  # fmt: skip


def _rate_difference(group: Confusion, reference: Confusion, part: str, rest: str, level: float) -> Estimate:
    """The difference of two shares part / (part + rest), by Newcombe's interval."""
    mine, theirs = (
        wilson(float(getattr(each, part)), float(getattr(each, part) + getattr(each, rest)), level)
        for each in (group, reference)
    )
    return difference(mine, theirs)


def _odds(group: Confusion, reference: Confusion, level: float) -> Estimate:
    halved = 1 - (1 - level) / 2
    both = [_rate_difference(group, reference, part, rest, halved) for part, rest in (("tp", "fn"), ("fp", "tn"))]
    if not all(math.isfinite(each.value) for each in both):
        return unknown(math.nan, level=level, rows=float(group.total), method="Newcombe, Bonferroni")
    larger = max(both, key=lambda each: abs(each.value))
    lows = [0.0 if each.low <= 0 <= each.high else min(abs(each.low), abs(each.high)) for each in both]
    highs = [max(abs(each.low), abs(each.high)) for each in both]
    return Estimate(
        value=abs(larger.value), deviation=larger.deviation, low=max(lows), high=max(highs), level=level,
        rows=float(group.total + reference.total), method="Newcombe, Bonferroni",
    )  # fmt: skip
