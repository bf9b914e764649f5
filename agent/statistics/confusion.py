"""Names what follows from the four numbers of right and wrong decisions, for one sample or many resamples at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from agent.statistics.arrays import ratio

if TYPE_CHECKING:
    from agent.statistics.arrays import Floats


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """Rows, or weights, by decision and truth; each of shape (...). Rates are NaN where their denominator is 0."""

    tp: Floats
    fp: Floats
    fn: Floats
    tn: Floats

    @property
    def total(self) -> Floats:
        """All rows."""
        return self.tp + self.fp + self.fn + self.tn

    @property
    def accuracy(self) -> Floats:
        """The share of rows that are right."""
        return ratio(self.tp + self.tn, self.total)

    @property
    def precision(self) -> Floats:
        """The share of positive decisions that are right."""
        return ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> Floats:
        """The share of positive rows that are found: sensitivity, true positive rate."""
        return ratio(self.tp, self.tp + self.fn)

    @property
    def specificity(self) -> Floats:
        """The share of negative rows that are left alone: true negative rate."""
        return ratio(self.tn, self.tn + self.fp)

    @property
    def selection_rate(self) -> Floats:
        """The share of rows that are taken for positive."""
        return ratio(self.tp + self.fp, self.total)

    @property
    def balanced_accuracy(self) -> Floats:
        """The mean of recall and specificity."""
        return (self.recall + self.specificity) / 2

    def f(self, beta: float = 1) -> Floats:
        """The F measure; recall counts ``beta`` times as much as precision (van Rijsbergen, 1979)."""
        square = beta**2
        return ratio((1 + square) * self.tp, (1 + square) * self.tp + square * self.fn + self.fp)

    @property
    def f1(self) -> Floats:
        """The harmonic mean of precision and recall."""
        return self.f()

    @property
    def mcc(self) -> Floats:
        """Matthews's correlation coefficient (Biochimica et Biophysica Acta 405, 1975); 0 where a margin is empty."""
        margins = (self.tp + self.fp, self.tp + self.fn, self.tn + self.fp, self.tn + self.fn)
        scale = np.sqrt(margins[0] * margins[1]) * np.sqrt(margins[2] * margins[3])
        return np.nan_to_num(ratio(self.tp * self.tn - self.fp * self.fn, scale))


def confusion(tp: float, fp: float, fn: float, tn: float) -> Confusion:
    """One sample's numbers."""
    return Confusion(
        tp=np.asarray(tp, float), fp=np.asarray(fp, float), fn=np.asarray(fn, float), tn=np.asarray(tn, float)
    )
