"""Published values that our statistics are held against, with their sources; the reference page shows the table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from agent.statistics.corrections import benjamini_hochberg, holm
from agent.statistics.delong import auc_interval, compare_auc
from agent.statistics.distributions import chi_square_tail, student_quantile
from agent.statistics.intervals import difference, wilson
from agent.statistics.paired import compare_counts
from agent.statistics.ranking import ranking_report
from agent.statistics.sample_size import rows_for_proportions
from agent.statistics.score_metrics import auc
from agent.statistics.shift import homogeneity
from agent.statistics.tally import tally

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Numbers = tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Published:
    """Values as they are printed, so many digits of them, and what computes ours."""

    what: str
    values: tuple[str, ...]
    ours: Callable[[], Sequence[float]]
    source: str

    def rounded(self) -> tuple[str, ...]:
        """Our values with as many digits as are printed."""
        return tuple(
            f"{value:.{len(printed.partition('.')[2])}f}"
            for value, printed in zip(self.ours(), self.values, strict=True)
        )


DELONG = "DeLong, DeLong and Clarke-Pearson, Biometrics 44, 1988; data and output: SAS/STAT, LOGISTIC, example 8"
SINGLE = "Newcombe, Statistics in Medicine 17, 1998, 857-872, table I, method 3"
INDEPENDENT = "Newcombe, Statistics in Medicine 17, 1998, 873-890, table II, method 10"
FAGERLAND = "Fagerland, Lydersen and Laake, Statistics in Medicine 33, 2014, 2850-2875"
HOCHBERG = "Benjamini and Hochberg, JRSS B 57, 1995, section 4"

# Albumin, total protein, K-G score (0 to 10), and whether the patient benefited from surgery.
PATIENTS = """
3.0 5.8 10 0  3.2 6.3 5 1  3.9 6.8 3 1  2.8 4.8 6 0  3.2 5.8 3 1  0.9 4.0 5 0  2.5 5.7 8 0  1.6 5.6 5 1  3.8 5.7 5 1
3.7 6.7 6 1  3.2 5.4 4 1  3.8 6.6 6 1  4.1 6.6 5 1  3.6 5.7 5 1  4.3 7.0 4 1  3.6 6.7 4 0  2.3 4.4 6 1  4.2 7.6 4 0
4.0 6.6 6 0  3.5 5.8 6 1  3.8 6.8 7 1  3.0 4.7 8 0  4.5 7.4 5 1  3.7 7.4 5 1  3.1 6.6 6 1  4.1 8.2 6 1  4.3 7.0 5 1
4.3 6.5 4 1  3.2 5.1 5 1  2.6 4.7 6 1  3.3 6.8 6 0  1.7 4.0 7 0  3.7 6.1 5 1  3.3 6.3 7 1  4.2 7.7 6 1  3.5 6.2 5 1
2.9 5.7 9 0  2.1 4.8 7 1  2.8 6.2 8 0  4.0 7.0 7 1  3.3 5.7 6 1  3.7 6.9 5 1  3.6 6.6 5 1
"""
P_VALUES = (
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0,
)  # fmt: skip


def patients() -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Whether surgery helped each of 43 patients, and three scores of each, by name."""
    table = np.array(PATIENTS.split(), np.float64).reshape(-1, 4)
    return table[:, 3], {"albumin": table[:, 0], "total protein": table[:, 1], "K-G score": 10 - table[:, 2]}


def _area(score: str) -> Callable[[], Numbers]:
    def ours() -> Numbers:
        benefit, scores = patients()
        estimate = auc_interval(tally(benefit, scores[score]))
        return estimate.value, estimate.deviation

    return ours


def _contrast(score: str) -> Callable[[], Numbers]:
    def ours() -> Numbers:
        benefit, scores = patients()
        found = compare_auc(benefit, scores["K-G score"], scores[score])
        change = found.difference
        return change.value, change.deviation, change.low, change.high, found.p_value

    return ours


def _single(part: int, whole: int) -> Callable[[], Numbers]:
    return lambda: (wilson(part, whole).low, wilson(part, whole).high)


def _independent(one: tuple[int, int], other: tuple[int, int]) -> Callable[[], Numbers]:
    def ours() -> Numbers:
        estimate = difference(wilson(*one), wilson(*other))
        return estimate.low, estimate.high

    return ours


def _paired(*counts: int) -> Callable[[], Numbers]:
    def ours() -> Numbers:
        found = compare_counts(*counts)
        return found.difference.low, found.difference.high, found.p_value

    return ours


def _ratings() -> Numbers:
    normal, abnormal = (33, 6, 6, 11, 2), (3, 2, 2, 11, 33)
    ratings = np.concatenate([np.repeat(np.arange(5), counts) for counts in (normal, abnormal)])
    return (float(auc(tally(np.repeat([0, 1], [sum(normal), sum(abnormal)]), ratings))),)


def _parties() -> Numbers:
    found = homogeneity([762, 327, 468], [484, 239, 477])
    return found.statistic, found.p_value * 1e7


def _rejected(corrected: Callable[[Sequence[float]], Sequence[float]]) -> Callable[[], Numbers]:
    return lambda: (sum(value <= 0.05 for value in corrected(P_VALUES)),)


def _ndcg() -> Numbers:
    report = ranking_report(np.zeros(6), [3, 2, 3, 0, 1, 2], [6, 5, 4, 3, 2, 1], k=6)
    return (report.metrics["ndcg@6"].value,)


CASES = (
    Published(
        what="AUC and standard error, albumin", values=("0.7366", "0.0927"), ours=_area("albumin"), source=DELONG
    ),
    Published(
        what="AUC and standard error, total protein", values=("0.6478", "0.1000"), ours=_area("total protein"),
        source=DELONG,
    ),
    Published(
        what="AUC and standard error, K-G score", values=("0.7258", "0.1028"), ours=_area("K-G score"), source=DELONG
    ),
    Published(
        what="difference of paired AUCs, albumin - K-G score: value, standard error, interval, p",
        values=("0.0108", "0.0953", "-0.1761", "0.1976", "0.9102"), ours=_contrast("albumin"), source=DELONG,
    ),
    Published(
        what="difference of paired AUCs, total protein - K-G score: value, standard error, interval, p",
        values=("-0.0780", "0.1046", "-0.2830", "0.1271", "0.4561"), ours=_contrast("total protein"), source=DELONG,
    ),
    Published(
        what="AUC of ratings with ties", values=("0.893",), ours=_ratings,
        source="Hanley and McNeil, Radiology 143, 1982, table II",
    ),
    *(
        Published(what=f"interval of {part}/{whole}", values=values, ours=_single(part, whole), source=SINGLE)
        for part, whole, values in (
            (81, 263, ("0.2553", "0.3662")), (15, 148, ("0.0624", "0.1605")), (0, 20, ("0.0000", "0.1611")),
            (1, 29, ("0.0061", "0.1718")),
        )
    ),
    *(
        Published(
            what=f"interval of {one[0]}/{one[1]} - {other[0]}/{other[1]}", values=values,
            ours=_independent(one, other), source=INDEPENDENT,
        )
        for one, other, values in (
            ((56, 70), (48, 80), ("0.0524", "0.3339")), ((9, 10), (3, 10), ("0.1705", "0.8090")),
            ((6, 7), (2, 7), ("0.0582", "0.8062")), ((5, 56), (0, 29), ("-0.0381", "0.1926")),
            ((0, 10), (0, 20), ("-0.1611", "0.2775")), ((0, 10), (0, 10), ("-0.2775", "0.2775")),
            ((10, 10), (0, 20), ("0.6791", "1.0000")), ((10, 10), (0, 10), ("0.6075", "1.0000")),
        )
    ),
    Published(
        what="paired proportions, 1, 7, 1, 12 of 21: interval of the difference, mid-p of McNemar's test",
        values=("-0.507", "-0.026", "0.0391"), ours=_paired(1, 7, 1, 12), source=FAGERLAND,
    ),
    Published(
        what="chi-square test of party by sex: statistic, p in 1e-7", values=("30.07", "2.95"), ours=_parties,
        source="Agresti, An Introduction to Categorical Data Analysis, 2nd edition, 2007, table 2.5",
    ),
    Published(what="of 15 p values rejected at 0.05, Holm", values=("3",), ours=_rejected(holm), source=HOCHBERG),
    Published(
        what="of 15 p values rejected at 0.05, Benjamini and Hochberg", values=("4",),
        ours=_rejected(benjamini_hochberg), source=HOCHBERG,
    ),
    Published(
        what="rows a group for 0.1 against 0.2, power 80 %", values=("199",),
        ours=lambda: (rows_for_proportions(0.1, 0.2),),
        source="Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions, 3rd edition, 2003, formula 4.14",
    ),
    Published(
        what="Student's t, 10 degrees of freedom, 97.5 %", values=("2.228",),
        ours=lambda: (student_quantile(0.975, 10),),
        source="Fisher and Yates, Statistical Tables, 1963, table III",
    ),
    Published(
        what="share above chi-square 9.488, 4 degrees of freedom", values=("0.050",),
        ours=lambda: (chi_square_tail(9.488, 4),),
        source="Fisher and Yates, Statistical Tables, 1963, table IV",
    ),
    Published(
        what="NDCG of relevances 3, 2, 3, 0, 1, 2 in this order", values=("0.961",), ours=_ndcg,
        source="Wikipedia, Discounted cumulative gain, the example without further documents",
    ),
)  # fmt: skip


def table() -> str:
    """Markdown: every published value beside ours."""
    rows = [
        f"| {case.what} | {', '.join(case.values)} | {', '.join(case.rounded())} | {case.source} |" for case in CASES
    ]
    return "\n".join(["| what | published | ours | source |", "| --- | --- | --- | --- |", *rows])
