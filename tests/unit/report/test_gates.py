"""`gates.json`: every verdict of a build for programs, and what it comes to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import jsonschema
import pytest

from agent.report.gates import GatesDocument, gates_json
from tests import builds

if TYPE_CHECKING:
    from agent.report.outcome import StageOutcome


@pytest.mark.parametrize("outcomes", [builds.refused(), builds.overridden(), builds.failed(), []])
def test_the_document_fits_its_schema_whatever_became_of_the_build(outcomes: list[StageOutcome]) -> None:
    document = json.loads(gates_json(builds.report(outcomes)))
    jsonschema.validate(document, GatesDocument.model_json_schema(mode="serialization"))


def test_each_verdict_has_its_numbers_its_outcome_and_its_override() -> None:
    document = json.loads(gates_json(builds.report(builds.overridden())))
    assert (document["project"], document["result"], document["release"]) == ("tumour", "done", builds.RELEASE)
    missed, worse = document["gates"]
    assert (missed["gate"], missed["value"], missed["limit"], missed["outcome"]) == (
        "misses-few",
        0.88,
        0.9,
        "overridden",
    )
    assert missed["override"]["by"] == "grace"
    assert (worse["outcome"], worse["environments"]) == ("refused", ["prod"])
