"""Names of one person read alike, whoever wrote them."""

from __future__ import annotations

import pytest

from agent.people import is_one_of, same_person


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("alice.liddell", "Alice Liddell", True),
        ("alice", "Alice", True),
        ("alice", "bob", False),
        ("", "", False),
        ("", "alice", False),
    ],
)
def test_case_and_what_stands_between_words_do_not_count(one: str, other: str, same: bool) -> None:
    assert same_person(one, other) is same


def test_a_login_is_known_by_the_names_that_are_given_for_it() -> None:
    names = {"al7": ["Alice Liddell"]}
    assert is_one_of("AL7", ("alice liddell",), names)
    assert not is_one_of("bob", ("alice liddell",), names)
