"""However output arrives, its lines come out whole; only a line that no log event can hold is cut."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.runtime.lines import LineSplitter


def split(pieces: list[bytes], longest: int = 1000) -> list[str]:
    splitter = LineSplitter(longest)
    return [line for piece in pieces for line in splitter.feed(piece)] + splitter.end()


@given(st.text(st.characters(exclude_characters="\r\n", codec="utf-8")), st.lists(st.integers(0, 200)))
def test_lines_do_not_depend_on_how_the_bytes_arrive(text: str, cuts: list[int]) -> None:
    data = text.replace("a", "\n").encode()
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = [data[start:end] for start, end in itertools.pairwise(places)]
    assert split(pieces, 10**6) == split([data], 10**6)
    assert "\n".join(split(pieces, 10**6)) == data.decode().removesuffix("\n")


@given(st.text(st.characters(exclude_characters="\r\n", codec="utf-8"), min_size=1), st.integers(4, 20))
def test_cut_lines_lose_nothing_and_no_character_is_torn(text: str, longest: int) -> None:
    pieces = split([text.encode()], longest)
    assert "".join(pieces) == text
    assert max(len(piece.encode()) for piece in pieces) <= longest


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", []),
        (b"\n", [""]),
        (b"a\r\nb\rc\n", ["a", "b\rc"]),
        (b"\xff\xfe\n", ["\ufffd\ufffd"]),
    ],
)
def test_line_ends(data: bytes, lines: list[str]) -> None:
    assert split([data]) == lines
