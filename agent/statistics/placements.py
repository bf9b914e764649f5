"""Says of every row how it stands to the other class, which is all that the precision of an AUC is made of.

Source: DeLong, DeLong and Clarke-Pearson (Biometrics 44, 1988, 837-845), whose structural components these are; by
ranks in O(n log n) as Sun and Xu (IEEE Signal Processing Letters 21, 2014, 1389-1393).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from agent.statistics.arrays import Bools, Floats


def placements(truth: Bools, scores: NDArray[Any], weights: Floats | None = None) -> Floats:
    """The share of the other class that each row is on the right side of, ties by half, shape (n,).

    By rows, or by their weights. Both classes have to be there.
    """
    order = np.argsort(scores)
    first = _first(scores[order])
    positive = truth[order]
    weight = None if weights is None else weights[order]
    ranked = np.empty(len(order))
    for own in (positive, ~positive):
        share = _share_below(~own if weight is None else weight * ~own, first)
        np.copyto(ranked, share, where=own)
        del share
    np.subtract(1, ranked, out=ranked, where=~positive)
    placed = np.empty_like(ranked)
    placed[order] = ranked
    return placed


def _first(ranked: NDArray[Any]) -> Bools:
    """Whether each of the ascending scores is the first that is so high."""
    first = np.empty(len(ranked), np.bool_)
    first[:1] = True
    np.not_equal(ranked[1:], ranked[:-1], out=first[1:])
    return first


def _share_below(counts: NDArray[Any], first: Bools) -> Floats:
    """The share of ``counts``, in the order of their scores, below each score, and half of what is level with it.

    What is below the first of equal scores is below all of them, and what is counted up to the last, too.
    """
    through = np.cumsum(counts, dtype=np.float64)
    whole = float(through[-1])
    below: Floats = through - counts
    below[~first] = 0
    np.maximum.accumulate(below, out=below)
    through[:-1][~first[1:]] = whole
    np.minimum.accumulate(through[::-1], out=through[::-1])
    below += through
    below /= 2 * whole
    return below
