"""Content-Type and Accept decide the formats, or 415 and 406 say which there are."""

from __future__ import annotations

import pytest
from byo.negotiation import FORMATS, agree
from byo.refusals import Refused

CSV, JSON, LINES, NPY, PARQUET = (one.name for one in FORMATS)


@pytest.mark.parametrize(
    ("content_type", "accept", "reads", "writes"),
    [
        ("", "", CSV, CSV),
        ("text/csv", "*/*", CSV, CSV),
        ("Text/CSV; charset=utf-8", "", CSV, CSV),
        ("application/json", "", JSON, JSON),
        ("application/json", "text/csv", JSON, CSV),
        ("application/x-ndjson", "application/jsonlines", LINES, LINES),
        ("application/x-npy", "*/*", NPY, NPY),
        ("application/x-parquet", "application/json", PARQUET, JSON),
        ("text/csv", "image/png, application/json;q=0.5, application/x-npy;q=0.9", CSV, NPY),
        ("text/csv", "text/csv;q=0, application/json", CSV, JSON),
        ("text/csv", "application/*", CSV, JSON),
        ("application/x-npy", "application/*", NPY, NPY),
        ("text/csv", "application/json;q=nonsense, text/*", CSV, CSV),
    ],
)
def test_both_sides_agree(content_type: str, accept: str, reads: str, writes: str) -> None:
    exchange = agree(content_type, accept)
    assert (exchange.reads.name, exchange.writes.name) == (reads, writes)


@pytest.mark.parametrize("content_type", ["text/plain", "image/png", "csv", "*/*", "x" * 1000])
def test_an_unknown_type_is_415(content_type: str) -> None:
    with pytest.raises(Refused, match=r"send text/csv, .*is none of them") as refused:
        agree(content_type, "")
    assert refused.value.status == 415
    assert len(refused.value.message) < 400


@pytest.mark.parametrize("accept", ["image/png", "text/csv;q=0", "text/html, */*;q=0", "x" * 1000])
def test_nothing_that_can_be_written_is_406(accept: str) -> None:
    with pytest.raises(Refused, match="accept text/csv, ") as refused:
        agree("text/csv", accept)
    assert refused.value.status == 406
