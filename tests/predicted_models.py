"""What predictions of two models say, measured as a build measures them; for the report's figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.config.predictions import Predictions
from agent.evaluation.measuring import Wanted, evaluated
from agent.pipeline.measured import measured_models
from tests.fakes import KeptReport
from tests.unit.evaluation import predicted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent.report.figures.figure import MeasuredModels

_METRIC = {"binary": "auc", "multiclass": "accuracy", "regression": "mse", "ranking": "ndcg@10"}
_MAKE: Mapping[str, Callable[..., dict[str, Any]]] = {
    "binary": predicted.binary,
    "multiclass": predicted.multiclass,
    "regression": predicted.regression,
    "ranking": predicted.ranking,
}


def models(task: Any = "binary") -> MeasuredModels:
    """A model, and the champion of prod, which is a worse one."""
    slices = ("sex",) if task == "binary" else ()
    wanted = Wanted(
        place=predicted.PLACE, settings=Predictions(task=task, slices=slices), metrics=(_METRIC[task],), demanded=True
    )
    both = {}
    for name, noise in (("candidate", 1.0), ("champion", 1.6)):
        objects = predicted.bucket(predictions__parquet=predicted.parquet(_MAKE[task](noise=noise)))
        evaluation = evaluated(wanted, objects, KeptReport(), model=name, data="d", job="j")
        both[name] = measured_models(evaluation, {}, objects)
    assert both["candidate"]
    assert both["champion"]
    return type(both["candidate"])(
        candidate=both["candidate"].candidate, champions={"prod": both["champion"].candidate}
    )
