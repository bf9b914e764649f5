"""A page of a listing is the one that MiniStack itself would find, only sooner."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from ministack.services.s3 import _collect_list_entries

from agent.cloud.emulator.listing import first_keys, quick_pages

KEYS = st.lists(st.text("ab/ü𐍈", min_size=1, max_size=5), unique=True, max_size=30)


@given(keys=KEYS, prefix=st.text("ab/", max_size=2), after=st.text("ab/", max_size=3), most=st.integers(0, 8))
def test_a_page_is_the_same_as_ministack_s(keys: list[str], prefix: str, after: str, most: int) -> None:
    objects = dict.fromkeys(keys)
    assert first_keys(objects, prefix, most, after) == _collect_list_entries(objects, prefix, "", most, after)


@given(keys=KEYS, delimiter=st.sampled_from(["", "/"]))
def test_pages_with_a_delimiter_are_left_as_they_are(keys: list[str], delimiter: str) -> None:
    objects = dict.fromkeys(keys)
    quick = quick_pages(_collect_list_entries)
    assert quick(objects, "", delimiter, 5, "") == _collect_list_entries(objects, "", delimiter, 5, "")


def test_pages_together_are_the_whole_in_order() -> None:
    keys = [f"{number:05}" for number in range(2500, 0, -1)]
    found: list[str] = []
    more, after = True, ""
    while more:
        page, _, more, after = first_keys(keys, "", 1000, after)
        found += page
    assert found == sorted(keys)
