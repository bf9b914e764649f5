"""Endpoint metrics: every invocation counts once, under both sets of dimensions."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.cloud.sagemaker.endpoint_metrics import Source, Tally, metrics, rounded

SOURCE = Source(account="1", region="r", endpoint="iris", variant="blue", config="second")
MOMENT = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)


def test_equal_values_are_one_datum_with_a_count() -> None:
    tally = Tally(since=MOMENT)
    for value in (0.0, 1.0, 0.0):
        tally.add("Invocation4XXErrors", "None", value)
    data = [(m.value, m.count) for m in metrics(SOURCE, tally) if "EndpointConfigName" not in m.dimensions]
    assert data == [(0.0, 2.0), (1.0, 1.0)]


def test_a_variant_is_seen_with_and_without_its_configuration() -> None:
    """The developer guide's "Auto-rollback configuration and monitoring" watches the new fleet alone this way."""
    tally = Tally(since=MOMENT)
    tally.add("ModelLatency", "Microseconds", 12.0)
    variant = {"EndpointName": "iris", "VariantName": "blue"}
    assert [dict(m.dimensions) for m in metrics(SOURCE, tally)] == [
        variant,
        {**variant, "EndpointConfigName": "second"},
    ]


def test_a_datum_keeps_its_unit_and_moment() -> None:
    tally = Tally(since=MOMENT)
    tally.add("ModelLatency", "Microseconds", 12.0)
    assert {(m.name, m.unit, m.time) for m in metrics(SOURCE, tally)} == {("ModelLatency", "Microseconds", MOMENT)}


@given(st.floats(1, 1e8))
def test_a_latency_is_rounded_by_less_than_a_percent(latency: float) -> None:
    assert rounded(latency) == pytest.approx(latency, rel=0.01)
