"""Lists: filtered, ordered and cut into pages that together are the whole."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.cloud.errors import AwsError
from agent.cloud.sagemaker.listing import page, paged, seconds

START = datetime(2026, 1, 1, tzinfo=UTC)
Summary = dict[str, Any]
SUMMARIES = st.lists(
    st.fixed_dictionaries(
        {
            "Name": st.text("abAB", max_size=2),
            "CreationTime": st.integers(0, 5).map(lambda hours: START + timedelta(hours=hours)),
            "Status": st.sampled_from(["Completed", "Failed"]),
        }
    ),
    max_size=12,
)


def listed(summaries: list[Summary], **request: Any) -> list[Summary]:
    found: list[Summary] = page(summaries, request, answer="Items", name="Name", status="Status")["Items"]
    return found


def one_to(count: int) -> list[Summary]:
    return [
        {"Name": f"n{n}", "CreationTime": START + timedelta(hours=n), "Status": "Completed"}
        for n in range(1, count + 1)
    ]


@given(SUMMARIES, st.integers(1, 5), st.sampled_from(["Ascending", "Descending"]), st.sampled_from(["Name", "Status"]))
def test_pages_together_are_the_whole_list_once(summaries: list[Summary], size: int, order: str, by: str) -> None:
    request = {"MaxResults": size, "SortOrder": order, "SortBy": by}
    whole = listed(summaries, **request | {"MaxResults": 100})
    collected: list[Summary] = []
    token = None
    while True:
        answer = page(summaries, request | {"NextToken": token}, answer="Items", name="Name", status="Status")
        collected += answer["Items"]
        assert len(answer["Items"]) <= size
        token = answer["NextToken"]
        if token is None:
            break
        assert len(answer["Items"]) == size
    assert collected == whole
    assert sorted(map(str, whole)) == sorted(map(str, summaries))


@given(SUMMARIES)
def test_descending_is_ascending_backwards(summaries: list[Summary]) -> None:
    assert listed(summaries, SortOrder="Descending") == listed(summaries, SortOrder="Ascending")[::-1]


@given(SUMMARIES, st.text("abAB", min_size=1, max_size=2), st.integers(0, 5))
def test_filters_let_through_exactly_what_they_name(summaries: list[Summary], part: str, hours: int) -> None:
    after = (START + timedelta(hours=hours)).timestamp()
    found = listed(summaries, NameContains=part, StatusEquals="Failed", CreationTimeAfter=after)
    wanted = [
        summary
        for summary in summaries
        if part.lower() in summary["Name"].lower()
        and summary["Status"] == "Failed"
        and summary["CreationTime"].timestamp() > after
    ]
    assert sorted(map(str, found)) == sorted(map(str, wanted))


def test_the_newest_come_first_unless_told_otherwise() -> None:
    assert [summary["Name"] for summary in listed(one_to(3))] == ["n3", "n2", "n1"]


def test_a_page_has_at_most_a_hundred() -> None:
    answer = page(one_to(101), {}, answer="Items", name="Name")
    assert (len(answer["Items"]), answer["NextToken"] is None) == (100, False)


def test_a_page_that_ends_with_the_list_has_no_token() -> None:
    assert page(one_to(2), {"MaxResults": 2}, answer="Items", name="Name")["NextToken"] is None


def test_items_without_the_member_of_a_filter_are_left_out() -> None:
    assert listed([{"Name": "a"}], CreationTimeBefore=START.timestamp()) == []


def test_items_without_the_member_of_the_order_are_listed_all_the_same() -> None:
    assert len(listed([{"Name": "a"}, *one_to(1)])) == 2


@pytest.mark.parametrize(
    "token", ["x", "AAAA", "YXQ6LTU=", "YXQ6", "YXQ6MQ==x", "YXQ6eA==", "é", "YXQ6" * 999], ids=lambda token: token[:9]
)
def test_a_token_that_no_list_gave_is_refused(token: str) -> None:
    with pytest.raises(AwsError, match="Invalid pagination token"):
        paged([], {"NextToken": token}, answer="Items")


def test_a_token_beyond_the_end_gives_an_empty_page() -> None:
    token = page(one_to(3), {"MaxResults": 2}, answer="Items", name="Name")["NextToken"]
    assert paged([], {"NextToken": token}, answer="Items") == {"Items": [], "NextToken": None}


@pytest.mark.parametrize(
    "moment", [1767225600, 1767225600.0, "2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", "2026-01-01T00:00:00"]
)
def test_moments_are_read_alike_in_every_form(moment: float | str) -> None:
    assert seconds(moment) == START.timestamp()
