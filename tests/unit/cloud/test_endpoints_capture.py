"""Data capture: lines, encodings, keys and samples, as the developer guide's "Data capture" shows them."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import pytest

from agent.cloud.sagemaker.capture import CaptureSource, Exchange, Sampler, encoding_of, key_of, record

MOMENT = datetime(2026, 3, 4, 5, 6, 7, 89_000, UTC)
BOTH = [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}]
HEADERS = {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json", "application/jsonlines"]}
SOURCE = CaptureSource(
    account="1", region="r", endpoint="iris", variant="blue", role_arn="role", destination="s3://b/p", kms_key_id=None
)


def exchange(**changes: Any) -> Exchange:
    members: dict[str, Any] = {
        "inference_id": None,
        "custom_attributes": None,
        "time": MOMENT,
        "input": b"1,2\n",
        "input_type": "text/csv",
        "output": b'{"a": 1}',
        "output_type": "application/json; charset=utf-8",
    }
    return Exchange(**members | changes)


def test_a_line_has_both_sides_as_text_and_its_metadata() -> None:
    config = {"CaptureOptions": BOTH, "CaptureContentTypeHeader": HEADERS}
    assert record(exchange(inference_id="mine", custom_attributes="trace=1"), config, "an-event") == {
        "captureData": {
            "endpointInput": {
                "observedContentType": "text/csv",
                "mode": "INPUT",
                "data": "1,2\n",
                "encoding": "CSV",
            },
            "endpointOutput": {
                "observedContentType": "application/json; charset=utf-8",
                "mode": "OUTPUT",
                "data": '{"a": 1}',
                "encoding": "JSON",
            },
        },
        "eventMetadata": {
            "eventId": "an-event",
            "customAttributes": ["trace=1"],
            "inferenceId": "mine",
            "inferenceTime": "2026-03-04T05:06:07Z",
        },
        "eventVersion": "0",
    }


@pytest.mark.parametrize(
    ("modes", "sides"),
    [
        (["Input"], {"endpointInput"}),
        (["Output"], {"endpointOutput"}),
        (["Input", "Output"], {"endpointInput", "endpointOutput"}),
        (["InputAndOutput"], {"endpointInput", "endpointOutput"}),
    ],
)
def test_only_the_sides_that_are_asked_for_are_captured(modes: list[str], sides: set[str]) -> None:
    line = record(exchange(), {"CaptureOptions": [{"CaptureMode": mode} for mode in modes]}, "an-event")
    assert set(line["captureData"]) == sides


def test_what_is_not_given_is_not_in_the_metadata() -> None:
    metadata = record(exchange(), {"CaptureOptions": BOTH}, "an-event")["eventMetadata"]
    assert set(metadata) == {"eventId", "inferenceTime"}


def test_bytes_of_other_types_are_captured_in_base64() -> None:
    line = record(exchange(input=b"\xff\x00", input_type="image/png"), {"CaptureOptions": BOTH}, "an-event")
    side = line["captureData"]["endpointInput"]
    assert (side["encoding"], base64.b64decode(side["data"])) == ("BASE64", b"\xff\x00")


@pytest.mark.parametrize(
    ("content_type", "encoding"),
    [
        ("text/csv", "CSV"),
        ("Text/CSV; header=absent", "CSV"),
        ("application/jsonlines", "JSON"),
        ("text/csvish", "BASE64"),
        ("", "BASE64"),
    ],
)
def test_the_listed_content_types_are_text_whatever_their_parameters(content_type: str, encoding: str) -> None:
    assert encoding_of(content_type, HEADERS) == encoding


@pytest.mark.parametrize("prefix", ["deep/down", "/deep/down/"])
def test_files_are_kept_by_endpoint_variant_and_hour(prefix: str) -> None:
    assert key_of(SOURCE, prefix, MOMENT, "u") == "deep/down/iris/blue/2026/03/04/05/06-07-089-u.jsonl"


def test_a_destination_may_be_a_whole_bucket() -> None:
    assert key_of(SOURCE, "", MOMENT, "u") == "iris/blue/2026/03/04/05/06-07-089-u.jsonl"


@pytest.mark.parametrize("percentage", [0, 1, 33, 50, 99, 100])
def test_of_a_hundred_invocations_as_many_are_captured_as_the_percentage_says(percentage: int) -> None:
    sampler = Sampler()
    for _ in range(3):
        assert sum(sampler.take(percentage) for _ in range(100)) == percentage
