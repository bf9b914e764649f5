"""Measures a ranking query by query, so that two recommenders are compared on the same queries.

Items of equal score have no order. NDCG takes the mean over all their orders, as scikit-learn's ``ndcg_score``; other
metrics put relevant items last among them, so that a model cannot gain by equal scores.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from agent.statistics import arrays
from agent.statistics.arrays import UnusablePredictionsError, ratio
from agent.statistics.intervals import LEVEL, Estimate, mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    from agent.statistics.arrays import Bools, Codes, Floats


@dataclass(frozen=True, kw_only=True)
class RankingReport:
    """Metrics of each query of shape (queries,), in the order of ``queries``, and their means with intervals.

    ndcg@k with linear gains (Järvelin and Kekäläinen, ACM TOIS 20, 2002), map, mrr, recall@k. A query without a
    relevant item has nothing to find: it is left out, and counted in ``left_out``.
    """

    k: int
    queries: NDArray[np.generic]
    left_out: int
    by_query: Mapping[str, Floats]
    metrics: Mapping[str, Estimate]


def ranking_report(
    queries: ArrayLike, relevance: ArrayLike, scores: ArrayLike, *, k: int = 10, level: float = LEVEL
) -> RankingReport:
    """All of it: rows are items, with their query (of any type), relevance (0: none) and score, each of shape (n,)."""
    gains = arrays.finite(relevance, "label").astype(np.float64)
    score = arrays.finite(scores, "score")
    query = np.asarray(queries)
    arrays.same_length(query=query, label=gains, score=score)
    if gains.min() < 0:
        raise UnusablePredictionsError(f"label is {gains.min():g} in row {gains.argmin()}; a relevance is 0 or more")
    names, codes = np.unique(query, return_inverse=True)
    relevant = np.bincount(codes, weights=gains > 0, minlength=len(names)).astype(np.float64, copy=False)
    kept = relevant > 0
    ideal = _ordered(codes, -gains, gains)
    ranked = _ordered(codes, -score, gains)
    by_query = {
        f"ndcg@{k}": _dcg(ranked, _tied_gains(ranked, score), k)[kept] / _dcg(ideal, ideal.gains, k)[kept],
        **{name: values[kept] for name, values in _found(ranked, relevant, k).items()},
    }
    return RankingReport(
        k=k, queries=names[kept], left_out=int(np.count_nonzero(~kept)), by_query=by_query,
        metrics={name: _mean(values, level) for name, values in by_query.items()},
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _Ordered:
    """Items by query, then by rank from 1; ``order`` are their rows."""

    order: Codes
    codes: Codes
    gains: Floats
    ranks: Codes


def _ordered(codes: Codes, keys: Floats, gains: Floats) -> _Ordered:
    """Ascending by key within each query, the less relevant first where keys are equal."""
    order = np.lexsort((gains, keys, codes))
    sorted_codes = codes[order]
    starts = np.flatnonzero(np.diff(sorted_codes, prepend=-1))
    ranks = np.arange(len(order)) - np.repeat(starts, np.diff(starts, append=len(order))) + 1
    return _Ordered(order=order, codes=sorted_codes, gains=gains[order], ranks=ranks)


def _tied_gains(ranked: _Ordered, score: Floats) -> Floats:
    """Each item's gain, or the mean of those of equal score in its query."""
    values = score[ranked.order]
    first: Bools = np.ones(len(values), np.bool_)
    first[1:] = (values[1:] != values[:-1]) | (ranked.codes[1:] != ranked.codes[:-1])
    starts = np.flatnonzero(first)
    sizes = np.diff(starts, append=len(values))
    return np.repeat(np.add.reduceat(ranked.gains, starts) / sizes, sizes)


def _dcg(ranked: _Ordered, gains: Floats, k: int) -> Floats:
    return _by_query(ranked, np.where(ranked.ranks <= k, gains / np.log2(ranked.ranks + 1), 0.0))


def _by_query(ranked: _Ordered, values: NDArray[Any]) -> Floats:
    return np.bincount(ranked.codes, weights=values).astype(np.float64, copy=False)


def _found(ranked: _Ordered, relevant: Floats, k: int) -> dict[str, Floats]:
    """Metrics that only ask whether an item is relevant."""
    hit = ranked.gains > 0
    before = np.cumsum(hit)
    start = np.flatnonzero(ranked.ranks == 1)
    at_start: Codes = before[start] - hit[start]
    hits: Codes = before - np.repeat(at_start, np.diff(start, append=len(hit)))
    first = hit & (hits == 1)
    return {
        "map": ratio(_by_query(ranked, hit * hits / ranked.ranks), relevant),
        "mrr": _by_query(ranked, first / ranked.ranks),
        f"recall@{k}": ratio(_by_query(ranked, hit & (ranked.ranks <= k)), relevant),
    }


def _mean(values: Floats, level: float) -> Estimate:
    if not len(values):
        return mean(float("nan"), float("nan"), 0, level)
    return mean(float(values.mean()), float(values.var()), len(values), level)
