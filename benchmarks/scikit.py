"""What modelyard's statistics are measured beside: the same answers by scikit-learn, as its documentation has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn import metrics
from sklearn.calibration import calibration_curve

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

OF_SCORES = (
    metrics.roc_auc_score, metrics.average_precision_score, metrics.log_loss, metrics.brier_score_loss,
    metrics.roc_curve, metrics.precision_recall_curve,
)  # fmt: skip
OF_DECISIONS = (
    metrics.accuracy_score, metrics.precision_score, metrics.recall_score, metrics.f1_score,
    metrics.balanced_accuracy_score, metrics.matthews_corrcoef, metrics.confusion_matrix,
)  # fmt: skip


def report(labels: NDArray[np.int8], scores: NDArray[np.float64]) -> list[object]:
    """The metrics and curves of ``agent.statistics.binary``, without intervals and what scikit-learn lacks."""
    decisions = (scores >= 0.5).astype(np.int8)
    found = [metric(labels, scores) for metric in OF_SCORES]
    found += [metric(labels, decisions) for metric in OF_DECISIONS]
    found.append(metrics.recall_score(labels, decisions, pos_label=0))
    found.append(calibration_curve(labels, scores, n_bins=15))
    found += [np.histogram(scores[labels == label], bins=50, range=(0, 1)) for label in (0, 1)]
    return found


def bootstrap(labels: NDArray[np.int8], scores: NDArray[np.float64], resamples: int) -> tuple[float, float]:
    """The ends of the percentile interval of 95 % of the AUC."""
    random = np.random.default_rng(0)
    areas = []
    for _ in range(resamples):
        rows = random.integers(0, len(labels), len(labels))
        areas.append(metrics.roc_auc_score(labels[rows], scores[rows]))
    low, high = np.quantile(areas, [0.025, 0.975])
    return float(low), float(high)


def write(file: Path, labels: NDArray[np.int8], scores: NDArray[np.float64], ids: NDArray[np.int64]) -> None:
    """Predictions as an evaluation script writes them."""
    table = pa.table({"row_id": ids, "label": labels, "score": scores})
    pq.write_table(table, file, row_group_size=1 << 20)
