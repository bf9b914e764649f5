"""Reads what the predictions of a build's models say, for the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.aws.objects import parse_location
from agent.errors import InputMissingError
from agent.measurements import Measurements
from agent.report.figures.figure import MeasuredModels

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.artifacts import Evaluation
    from agent.ports.objects import Objects


def measured_models(
    candidate: Evaluation | None, champions: Mapping[str, Evaluation], objects: Objects
) -> MeasuredModels | None:
    """The measurements of the candidate and of every other model; None where its script left no predictions.

    InputMissingError where a document is gone that an evaluation names, ValueError where it cannot be understood.
    """
    if candidate is None or not candidate.measurements:
        return None
    others = {
        environment: _read(champion.measurements, objects)
        for environment, champion in champions.items()
        if champion.measurements and champion.model != candidate.model
    }
    return MeasuredModels(candidate=_read(candidate.measurements, objects), champions=others)


def _read(address: str, objects: Objects) -> Measurements:
    where = parse_location(address)
    document = objects.read(where.bucket, where.key)
    if document is None:
        raise InputMissingError(f"{address} is gone, which says what a model of this build predicts")
    return Measurements.model_validate_json(document.body)
