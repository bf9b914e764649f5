"""A release is an in-toto statement that other tools can read, and nothing of it is lost on the way there and back."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from agent.errors import InputMissingError, UsageError
from agent.release.statement import decode, encode, release_digest, statement
from agent.step import canonical
from tests.unit.pipeline_steps.vouched import COMMIT, DATA, IMAGE, MODEL, release
from tests.unit.release.releases import releases

if TYPE_CHECKING:
    from agent.artifacts import Release


@given(made=releases())
def test_nothing_is_lost(made: Release) -> None:
    assert decode(encode(made)) == made


@given(made=releases())
def test_what_was_read_is_written_as_the_same_bytes(made: Release) -> None:
    assert encode(decode(encode(made))) == encode(made)
    assert release_digest(made) == hashlib.sha256(encode(made)).hexdigest()


def test_its_subjects_are_what_goes_into_production() -> None:
    document = statement(release())
    assert document["_type"] == "https://in-toto.io/Statement/v1"
    assert [(subject["name"], subject["digest"]) for subject in document["subject"]] == [
        (MODEL.artifact, {"sha256": MODEL.sha256}),
        ("111111111111.dkr.ecr.us-east-1.amazonaws.com/tumour", {"sha256": "1" * 64}),
    ]


def test_its_predicate_is_slsa_provenance() -> None:
    document = statement(release())
    assert document["predicateType"] == "https://slsa.dev/provenance/v1"
    definition, details = document["predicate"]["buildDefinition"], document["predicate"]["runDetails"]
    assert definition["externalParameters"]["hyperparameters"] == {"trees": "150"}
    assert {found["name"]: found["digest"] for found in definition["resolvedDependencies"]} == {
        "commit": {"gitCommit": COMMIT.sha},
        "image": {"sha256": "1" * 64},
        "data:evaluation": {"sha256": DATA["evaluation"].digest},
        "data:training": {"sha256": DATA["training"].digest},
    }
    assert details["builder"]["id"]
    assert details["metadata"] == {"invocationId": "tumour-7"}


def test_what_slsa_does_not_know_has_a_vendor_s_name() -> None:
    predicate = statement(release())["predicate"]
    own = {name for name in predicate if name.startswith("modelyard_")}
    assert own == set(predicate) - {"buildDefinition", "runDetails"}
    assert own == {"modelyard_evaluation", "modelyard_champions", "modelyard_verdicts", "modelyard_package"}


def test_the_bytes_are_the_same_on_every_machine() -> None:
    assert release_digest(release()) == hashlib.sha256(encode(release())).hexdigest()
    assert encode(release()) == json.dumps(
        statement(release()), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    ).encode("utf-8")


def test_a_release_made_before_verdicts_said_more_is_read_and_keeps_its_digest() -> None:
    """Its signature is of those bytes."""
    said = {
        "gate": "separates", "metric": "auc", "value": 0.98, "limit": None, "comparison": "none", "passed": True,
        "severity": "block", "reason": "nothing is deployed to prod yet that auc could lose to",
    }  # fmt: skip
    document = statement(release())
    document["predicate"]["modelyard_verdicts"] = [said]
    content = canonical(document)
    read = decode(content)
    assert read.verdicts[0].state == "passed"
    assert encode(read) == content


def test_a_model_of_another_image_is_no_release() -> None:
    other = IMAGE.model_copy(update={"uri": IMAGE.uri.replace("tumour@", "other@")})
    with pytest.raises(UsageError, match=r"the model was trained in .*/other@"):
        encode(release(model=MODEL.model_copy(update={"image": other})))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not json",
        b"[]",
        b"{}",
        encode(release())[:-10],
        encode(release()).replace(b'"files":1', b'"files":"one"'),
        encode(release()).replace(b'"image"', b'"picture"'),
    ],
)
def test_what_is_damaged_is_said_to_be(content: bytes) -> None:
    with pytest.raises(InputMissingError, match="s3://x is damaged"):
        decode(content, "s3://x")


def test_a_statement_about_something_else_is_no_release() -> None:
    other = encode(release()).replace(b"urn:modelyard:release:v1", b"urn:modelyard:release:v9")
    with pytest.raises(InputMissingError, match="one of a newer version; upgrade modelyard"):
        decode(other)
