"""A model is as large as its artifact in S3."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.config.system_gates import ModelSizeGate
from agent.errors import InputMissingError
from pipeline_steps import weigh_model
from tests.fakes import FakeAccount, MemoryObjects
from tests.unit.pipeline_steps.surroundings import surroundings
from tests.unit.pipeline_steps.vouched import BUCKET, MODEL

if TYPE_CHECKING:
    from agent.artifacts import Judgement

KEY = MODEL.artifact.removeprefix(f"s3://{BUCKET}/")


def judged(size: int, most_mb: float) -> Judgement:
    objects = MemoryObjects(buckets={BUCKET})
    for key, length in ((KEY, size), (f"{KEY}.old", 9)):
        objects.create(BUCKET, key, b"x" * length)
    inputs = weigh_model.Inputs(model=MODEL, gates={"small": ModelSizeGate(kind="model-size", most_mb=most_mb)})
    return weigh_model.run(inputs, surroundings(FakeAccount(objects=objects))).answers["small"]


@pytest.mark.parametrize(("most", "passed", "words"), [(0.15, True, "at most 0.15"), (0.149, False, "more than 0.149")])
def test_an_artifact_is_held_against_the_limit(most: float, passed: bool, words: str) -> None:
    verdict = judged(150_000, most)
    assert (verdict.passed, verdict.value, verdict.limit) == (passed, 0.15, most)
    assert verdict.reason == f"the model has 0.15 MB, {words} (gate `small`)"
    assert verdict.evidence == MODEL.artifact


def test_a_model_that_is_gone_is_to_be_trained_again() -> None:
    inputs = weigh_model.Inputs(model=MODEL, gates={})
    context = surroundings(FakeAccount(objects=MemoryObjects(buckets={BUCKET})))
    with pytest.raises(InputMissingError, match=r"model\.tar\.gz is not there any more; .*--from train"):
        weigh_model.run(inputs, context)
