"""Finds features that give the label away, each looked at alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agent.statistics import arrays
from agent.statistics.arrays import categories
from agent.statistics.delong import auc_interval
from agent.statistics.tally import tally

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from agent.statistics.arrays import Categories
    from agent.statistics.intervals import Estimate


_LARGE = float(np.finfo(np.float64).max) / 2


def single_feature_auc(labels: ArrayLike, feature: ArrayLike, level: float = 0.95) -> Estimate:
    """How well one number tells the classes apart, in its better direction: from 0.5, nothing, to 1, all.

    Missing values (NaN) are taken for the lowest value there is: that one is missing may give the label away. Infinite
    ones are the largest numbers, for only the order counts.
    """
    values = np.asarray(feature, np.float64)
    missing = np.isnan(values)
    values = np.clip(values, -_LARGE, _LARGE)
    lowest = np.nextafter(values[~missing].min(initial=0.0), -np.inf)
    values = np.where(missing, lowest, values)
    forwards = auc_interval(tally(labels, values), level)
    return auc_interval(tally(labels, -values), level) if forwards.value < 0.5 else forwards


def single_category_auc(
    labels: ArrayLike, feature: ArrayLike | Categories, level: float = 0.95, seed: int = 0
) -> Estimate:
    """The same for categories of any type, ordered by their share of positive rows.

    One half of the rows, by chance, says the shares, the other is measured: rare categories would else fit by chance.
    """
    truth, codes = arrays.binary(labels), categories(feature).codes
    arrays.same_length(label=truth, feature=codes)
    told = np.random.default_rng(seed).random(len(truth)) < 0.5
    size = int(codes.max()) + 1
    counts, positives = (np.bincount(codes[told], weights=by, minlength=size) for by in (None, truth[told]))
    rate = float(truth.mean())
    shares = (positives + rate) / (counts + 1)
    return auc_interval(tally(truth[~told], shares[codes[~told]]), level)
