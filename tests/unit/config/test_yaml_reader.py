"""Reading YAML: values by the core schema of YAML 1.2, places of everything, and what YAML lets pass."""

from __future__ import annotations

import pytest

from agent.config.text import SourceText
from agent.config.tree import MappingNode, entry_at, plain
from agent.config.yaml_reader import Reading, read_yaml


def read(text: str) -> Reading:
    return read_yaml(SourceText(name="f.yaml", text=text), layer="file")


def document(text: str) -> MappingNode:
    reading = read(text)
    assert reading.findings == ()
    assert isinstance(reading.node, MappingNode)
    return reading.node


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("Yes", "Yes"),
        ("true", True),
        ("False", False),
        ("12", 12),
        ("-3", -3),
        ("0.5", 0.5),
        ("1e-3", 0.001),
        (".5", 0.5),
        ("12:30:45", "12:30:45"),
        ("2026-11-21", "2026-11-21"),
        ("1_000", "1_000"),
        ("0x1F", "0x1F"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("!!str 12", "12"),
        ("feature/*", "feature/*"),
        ("9" * 400, "9" * 400),
    ],
)
def test_scalars_mean_what_yaml_1_2_says(written: str, value: object) -> None:
    assert plain(document(f"key: {written}\n")) == {"key": value}


@pytest.mark.parametrize("written", ["", "~", "null"])
def test_a_key_without_a_value_is_as_if_it_were_not_there(written: str) -> None:
    assert plain(document(f"key: {written}\nother: 1\n")) == {"other": 1}


def test_a_version_directive_does_not_change_what_words_mean() -> None:
    assert plain(document("%YAML 1.1\n---\nkey: no\n")) == {"key": "no"}


def test_keys_and_values_know_their_places() -> None:
    entry = entry_at(document("a:\n  bc: [one, 'two']\n"), ("a", "bc", "1"))
    outer = entry_at(document("a:\n  bc: [one, 'two']\n"), ("a", "bc"))
    assert outer is not None
    assert (str(outer.key), outer.key.length) == ("f.yaml:2:3", 2)
    assert entry is not None
    assert (str(entry.node.source.place), entry.node.source.place.length) == ("f.yaml:2:13", 5)


def test_anchors_and_merge_keys_share_values_and_the_own_key_wins() -> None:
    text = "a: &shared {x: 1, y: 2}\nb:\n  <<: *shared\n  y: 3\nc: *shared\n"
    assert plain(document(text)) == {"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 3}, "c": {"x": 1, "y": 2}}


def test_of_several_merged_mappings_the_first_wins() -> None:
    text = "a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc:\n  <<: [*a, *b]\n"
    assert plain(document(text))["c"] == {"x": 1, "y": 2}


def test_a_duplicate_key_is_found_and_shows_the_first() -> None:
    (found,) = read("a:\n  key: 1\n  key: 2\n").findings
    assert (str(found.place), found.code) == ("f.yaml:3:3", "duplicate-key")
    assert [str(other.place) for other in found.related] == ["f.yaml:2:3"]


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("a: b: c\n", "f.yaml:1:5", "a second `: `"),
        ("a:\n\tb: 1\n", "f.yaml:2:1", "a tab cannot indent"),
        ("a: [1, 2\nb: 1\n", "f.yaml:1:4", "opened but not closed"),
        ('a: "open\n', "f.yaml:1:4", "never closed"),
        ("a: *nothing\n", "f.yaml:1:4", "without an anchor"),
        ("a: 1\n---\nb: 2\n", "f.yaml:2:1", "another document"),
        ("a: {b: 1\nc: 2\n", "f.yaml:1:4", "opened but not closed"),
        ("a:\n  b: 1\n c: 2\n", "f.yaml:3:2", "fits neither"),
        ("a: 1\nb\nc: 2\n", "f.yaml:2:1", "without a colon"),
        ("a: @x\n", "f.yaml:1:4", "cannot start a value"),
        ("a: !secret x\n", "f.yaml:1:4", "means nothing here"),
        ("? [a]\n: 1\n", "f.yaml:1:3", "a key must be"),
        ("a: &a [*a]\n", "f.yaml:1:4", "refers to the value that contains it"),
        ("a:\n  <<: 1\n", "f.yaml:2:7", "only a mapping can be merged"),
        ("a: \x07\n", "f.yaml:1:4", "is not allowed in YAML"),
    ],
)
def test_what_yaml_refuses_is_found_at_its_place(text: str, place: str, words: str) -> None:
    found = read(text).findings[0]
    assert (str(found.place), found.code) == (place, "syntax")
    assert words in found.message


def test_what_is_never_closed_shows_where_that_was_noticed() -> None:
    (found,) = read("a: [1, 2\nb: 1\n").findings
    assert [(str(other.place), other.label) for other in found.related] == [("f.yaml:2:2", "noticed here")]


def test_aliases_cannot_unfold_without_end() -> None:
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 10))
    (found,) = read(f"l0: &l0 [x]\n{levels}").findings
    assert "too many values" in found.message


def test_deep_nesting_is_a_finding() -> None:
    (found,) = read("[" * 5000).findings
    assert found.code == "syntax"


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n"])
def test_an_empty_document_holds_nothing(text: str) -> None:
    reading = read(text)
    assert reading.findings == ()
    assert reading.node is not None
    assert plain(reading.node) is None
