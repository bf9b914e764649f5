"""The small types: durations, account ids, and names that AWS accepts in all their derived forms."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from agent.config.field_types import PROJECT_LENGTH, account_digits, in_words, seconds

# SageMaker's EntityName (API reference, for example CreateTrainingJob's TrainingJobName).
ENTITY_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
LONGEST_STEP = "check-endpoint"


@given(st.integers(0, 10**9))
def test_a_duration_in_words_means_as_many_seconds(duration: int) -> None:
    assert seconds(in_words(duration)) == duration


@pytest.mark.parametrize(
    ("written", "expected"), [(90, 90), ("90s", 90), ("30m", 1800), ("2h", 7200), ("1h30m", 5400), ("1d", 86400)]
)
def test_durations_are_seconds(written: object, expected: int) -> None:
    assert seconds(written) == expected


@pytest.mark.parametrize("written", ["", "2 h", "h", "30", "1.5h", "30m2h", "-1h", True, 1.5, None, [], "2H"])
def test_other_notations_of_durations_are_refused(written: object) -> None:
    with pytest.raises(PydanticCustomError, match="must be a duration"):
        seconds(written)


@pytest.mark.parametrize("written", ["012345678901", 123456789012])
def test_account_ids_have_twelve_digits(written: object) -> None:
    assert account_digits(written) == str(written)


@pytest.mark.parametrize(
    "written", [12345678901, "12345678901", "1234567890123", -1, True, None, "12345678901x", "", "\uff11" * 12]
)
def test_other_account_ids_are_refused(written: object) -> None:
    with pytest.raises(PydanticCustomError, match="12 digits"):
        account_digits(written)


def test_the_longest_derived_name_fits_what_sagemaker_takes() -> None:
    name = f"{'p' * PROJECT_LENGTH}-{LONGEST_STEP}-{'0' * 12}-a99"
    assert len(name) == 63
    assert ENTITY_NAME.fullmatch(name)
