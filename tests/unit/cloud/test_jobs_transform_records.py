"""Batch transform's records, from the bytes of an object to what is stored for it.

Source: developer guide, "Associate Prediction Results with Input Records", whose examples these follow.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.cloud.errors import AwsError
from agent.cloud.sagemaker.json_path import JsonPathError, parse, select, select_columns
from agent.cloud.sagemaker.serving_container import ModelAnswer
from agent.cloud.sagemaker.transform_plan import execution_parameters, plan_of
from agent.cloud.sagemaker.transform_records import (
    Payload,
    RecordError,
    assembled,
    filters,
    packed,
    split_lines,
)
from agent.cloud.sagemaker.transform_rules import check_transform

# --- JSONPath ------------------------------------------------------------------------------------------------------

RECORD = {"id": 7, "features": [1, 2, 3], "deep": {"er": {"est": "x"}}}


@pytest.mark.parametrize(
    ("expression", "selected"),
    [
        ("$", RECORD),
        ("$.features", [1, 2, 3]),
        ("$['id','features']", {"id": 7, "features": [1, 2, 3]}),
        ("$['id']", 7),
        ("$.deep.er.est", "x"),
        ("$.features[0]", 1),
        ("$.features[-1]", 3),
        ("$.features[1:]", [2, 3]),
        ("$.features[0,2:]", [1, 3]),
        ("$.features[*]", [1, 2, 3]),
        ("$.deep.*", [{"est": "x"}]),
    ],
)
def test_an_expression_selects(expression: str, selected: Any) -> None:
    assert select(RECORD, parse(expression)) == selected


@pytest.mark.parametrize(
    ("expression", "columns"), [("$", "abcd"), ("$[1:]", "bcd"), ("$[0,-1]", "ad"), ("$[2]", "c"), ("$[:2]", "ab")]
)
def test_columns_of_a_csv_record_are_selected_by_their_places(expression: str, columns: str) -> None:
    assert select_columns(list("abcd"), parse(expression)) == list(columns)


@pytest.mark.parametrize("expression", ["features", "$..features", "$[", "$[?(@.a)]", "$.", "$[1:2:3]"])
def test_what_filters_do_not_know_is_refused(expression: str) -> None:
    with pytest.raises(JsonPathError):
        parse(expression)


@pytest.mark.parametrize("expression", ["$.missing", "$.features[9]", "$.id[0]", "$.features.name"])
def test_selecting_what_is_not_there_fails(expression: str) -> None:
    with pytest.raises(JsonPathError):
        select(RECORD, parse(expression))


# --- payloads ------------------------------------------------------------------------------------------------------


def bodies(records: list[bytes], limit: int, *, single: bool = False) -> list[bytes]:
    return [payload.body for payload in packed(records, records, limit, single=single)]


def test_empty_lines_are_no_records() -> None:
    assert split_lines(b"a\r\n\nb\n") == [b"a", b"b"]


def test_many_records_share_a_payload_as_far_as_they_fit() -> None:
    assert bodies([b"11", b"22", b"33"], 6) == [b"11\n22\n", b"33\n"]


def test_a_single_record_strategy_sends_each_alone() -> None:
    assert bodies([b"1", b"2"], 100, single=True) == [b"1\n", b"2\n"]


def test_a_record_larger_than_a_payload_fails() -> None:
    with pytest.raises(RecordError, match="MaxPayloadInMB"):
        bodies([b"1" * 10], 10)


@given(st.lists(st.binary(min_size=1, max_size=20).filter(lambda r: b"\n" not in r and b"\r" not in r)), st.booleans())
def test_no_record_is_lost_or_reordered(records: list[bytes], single: bool) -> None:
    payloads = list(packed(records, records, 64, single=single))
    assert [record for payload in payloads for record in payload.records] == records
    assert all(len(payload.body) <= 64 for payload in payloads)


# --- filters and joins ---------------------------------------------------------------------------------------------


def results(media_type: str, records: list[bytes], answer: bytes, **processing: str) -> list[bytes]:
    chosen = filters(processing, media_type)
    return chosen.results(Payload(records=tuple(records), body=b""), answer, split=True)


def test_an_input_filter_leaves_columns_out() -> None:
    assert filters({"InputFilter": "$[1:]"}, "text/csv").selected(b"id1,5,6") == b"5,6"


def test_quoted_columns_stay_one_column() -> None:
    assert filters({"InputFilter": "$[1:]"}, "text/csv").selected(b'"a,b",5,"x ""y"""') == b'5,"x ""y"""'


def test_an_input_filter_on_json_sends_what_it_selects() -> None:
    assert filters({"InputFilter": "$.features"}, "application/jsonlines").selected(b'{"features": [1]}') == b"[1]"


def test_csv_answers_are_joined_behind_their_record() -> None:
    assert results("text/csv", [b"1,a", b"2,b"], b"0.5\n0.7\n", JoinSource="Input") == [b"1,a,0.5", b"2,b,0.7"]


def test_an_output_filter_selects_of_the_joined_record() -> None:
    joined = results("text/csv", [b"1,a"], b"0.5", JoinSource="Input", OutputFilter="$[0,-1]")
    assert joined == [b"1,0.5"]


def test_json_answers_are_joined_as_sagemaker_output() -> None:
    joined = results("application/jsonlines", [b'{"id": 1}'], b'{"score": 0.5}', JoinSource="Input")
    assert json.loads(joined[0]) == {"id": 1, "SageMakerOutput": {"score": 0.5}}


def test_json_that_is_no_object_is_joined_beside_its_answer() -> None:
    joined = results("application/jsonlines", [b"[1, 2]"], b"0.5", JoinSource="Input")
    assert json.loads(joined[0]) == {"SageMakerInput": [1, 2], "SageMakerOutput": 0.5}


def test_an_output_filter_without_a_join_selects_of_the_answer() -> None:
    assert results("text/csv", [b"1"], b"0.1,0.9", OutputFilter="$[1]") == [b"0.9"]


def test_without_processing_the_answer_is_stored_as_it_came() -> None:
    assert results("image/png", [b"\x89"], b"\x00\x01") == [b"\x00\x01"]


def test_answers_that_do_not_match_the_records_fail() -> None:
    with pytest.raises(RecordError, match="1 records for 2"):
        results("text/csv", [b"1", b"2"], b"0.5", JoinSource="Input")


def test_a_filter_that_finds_nothing_fails_with_its_name() -> None:
    with pytest.raises(RecordError, match="InputFilter: index 5"):
        filters({"InputFilter": "$[5]"}, "text/csv").selected(b"1,2")


def test_results_are_assembled_with_or_without_line_ends() -> None:
    assert assembled([b"a", b"b\n"], by_line=True) == b"a\nb\n"
    assert assembled([b"a", b"b"], by_line=False) == b"ab"


# --- the plan and the rules ----------------------------------------------------------------------------------------


def request(**members: Any) -> dict[str, Any]:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/in"}}
    return {
        "TransformJobName": "job",
        "ModelName": "model",
        "TransformInput": {"DataSource": source, "ContentType": "text/csv", "SplitType": "Line"},
        "TransformOutput": {"S3OutputPath": "s3://bucket/out", "AssembleWith": "Line"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        **members,
    }


def test_the_container_s_own_parameters_count_where_the_request_has_none() -> None:
    offered = {"MaxConcurrentTransforms": 8, "BatchStrategy": "SINGLE_RECORD", "MaxPayloadInMB": 1}
    own = plan_of(request(), offered)
    assert (own.concurrent, own.single, own.payload_bytes) == (8, True, 1024 * 1024)
    asked = plan_of(request(MaxConcurrentTransforms=2, BatchStrategy="MultiRecord", MaxPayloadInMB=3), offered)
    assert (asked.concurrent, asked.single, asked.payload_bytes) == (2, False, 3 * 1024 * 1024)


@pytest.mark.parametrize(
    ("status", "body", "offered"),
    [
        (200, b'{"MaxConcurrentTransforms": 8, "Other": 1}', {"MaxConcurrentTransforms": 8}),
        (200, b'{"MaxConcurrentTransforms": "many"}', {}),
        (200, b"[8]", {}),
        (200, b"hello", {}),
        (404, b'{"MaxConcurrentTransforms": 8}', {}),
    ],
)
def test_only_what_a_container_offers_as_it_should_counts(status: int, body: bytes, offered: dict[str, Any]) -> None:
    answer = ModelAnswer(status=status, content_type="", custom_attributes=None, body=body, hostname="primary")
    assert execution_parameters(answer) == offered


def test_without_either_aws_s_defaults_count() -> None:
    plan = plan_of(request(), {})
    assert (plan.concurrent, plan.single, plan.payload_bytes) == (1, False, 6 * 1024 * 1024)


def test_payloads_of_any_size_are_asked_for_with_zero() -> None:
    assert plan_of(request(MaxPayloadInMB=0), {}).payload_bytes is None


def test_a_request_in_order_is_accepted() -> None:
    check_transform(request(DataProcessing={"JoinSource": "Input", "OutputFilter": "$[0]"}))


REFUSED = {
    "too large a payload": (request(MaxPayloadInMB=101), "MaxPayloadInMB"),
    "too much at once": (request(MaxPayloadInMB=50, MaxConcurrentTransforms=3), "product"),
    "a broken filter": (request(DataProcessing={"InputFilter": "$["}), "Invalid DataProcessing"),
    "an output that is no place": (request(TransformOutput={"S3OutputPath": "bucket/out"}), "S3OutputPath"),
    "a join without lines": (
        request(DataProcessing={"JoinSource": "Input"}, TransformOutput={"S3OutputPath": "s3://bucket/out"}),
        "AssembleWith",
    ),
    "RecordIO": (
        request(TransformInput={**request()["TransformInput"], "SplitType": "RecordIO"}),
        "RecordIO is not served",
    ),
    "single records of what is not split": (
        request(TransformInput={**request()["TransformInput"], "SplitType": "None"}, BatchStrategy="SingleRecord"),
        "SplitType",
    ),
    "capture": (request(DataCaptureConfig={"DestinationS3Uri": "s3://bucket/capture"}), "DataCaptureConfig"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_request_that_breaks_a_rule_is_refused_with_the_reason(case: str) -> None:
    broken, reason = REFUSED[case]
    with pytest.raises(AwsError, match=reason):
        check_transform(broken)
