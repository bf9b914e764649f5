"""Until when an override counts, as people write it."""

from __future__ import annotations

import pytest

from agent.config.gate_overrides import GateOverrides
from agent.errors import UsageError
from agent.request import with_inputs
from pipeline_steps import override

SAID = {"project": "tumour", "gate": "accurate", "by": "ada", "reason": "the clinic waits"}


def until(text: str) -> str:
    inputs = with_inputs(override.STEP, None, {**SAID, "until": text})
    assert inputs.rule == GateOverrides()
    return inputs.until.isoformat()


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2027-01-31", "2027-01-31T23:59:59+00:00"),
        ("2027-01-31T12:00", "2027-01-31T12:00:00+00:00"),
        ("2027-01-31T12:00:00Z", "2027-01-31T12:00:00+00:00"),
        ("2027-01-31T12:00+02:00", "2027-01-31T12:00:00+02:00"),
    ],
)
def test_a_day_is_meant_to_its_end_and_without_a_zone_it_is_utc(text: str, meant: str) -> None:
    assert until(text) == meant


@pytest.mark.parametrize("text", ["", "tomorrow", "31.1.2027", "2027-02-30"])
def test_anything_else_is_refused_with_what_is_meant(text: str) -> None:
    with pytest.raises(UsageError, match=r"until.* must be a day such as 2027-01-31, or a time such as"):
        until(text)
