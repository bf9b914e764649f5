"""Whatever is written into a valid document: findings or success, never a crash, and every place inside the text."""

from __future__ import annotations

from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from agent.config.loading import check
from agent.config.rendering import render
from agent.config.text import Place, SourceText
from agent.config.yaml_reader import read_yaml
from tests.unit.config.documents import VALID

LINES = VALID.splitlines(keepends=True)
NOWHERE = Path("/nonexistent-folder")
SYNTAX = [
    "[",
    "]",
    "{",
    "}",
    ":",
    ": ",
    "- ",
    "#",
    "'",
    '"',
    "\t",
    "\n",
    "  ",
    "&a ",
    "*a",
    "<<: ",
    "!x ",
    "|\n",
    ">\n",
    "? ",
]
WORDS = ["%YAML 1.1\n---\n", "null", "true", "-1", "1e999", "0", "9" * 30]
LETTERS = ["\x00", "\x1b", "\x85", "\u2028", "\ud7ff", "é", "東京"]
TOKENS = st.sampled_from([*SYNTAX, *WORDS, *LETTERS])
VALUES = ["", "[]", "{}", "[1, {a: b}]", "{a: {b: c}}", "7", "-0.5", "text", "true", ".inf", "'7'"]


@st.composite
def mutations(draw: st.DrawFn) -> str:
    """The valid document with text inserted, cut out, swapped, or replaced."""
    text = VALID
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(start + 40, len(text))))
        text = text[:start] + draw(TOKENS | st.text(max_size=8) | st.just("")) + text[end:]
    return text


@st.composite
def reordered(draw: st.DrawFn) -> str:
    """The lines of the valid document, some of them dropped, doubled, moved or indented anew."""
    lines = list(LINES)
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(lines) - 1))
        change = draw(st.sampled_from(["drop", "double", "move", "indent"]))
        line = lines.pop(at)
        if change == "double":
            lines[at:at] = [line, line]
        elif change == "move":
            lines.insert(draw(st.integers(0, len(lines))), line)
        elif change == "indent":
            lines.insert(at, " " * draw(st.integers(0, 8)) + line.lstrip())
    return "".join(lines)


@st.composite
def other_values(draw: st.DrawFn) -> str:
    """The valid document with the value of one key replaced by some other YAML value."""
    at = draw(st.sampled_from([number for number, line in enumerate(LINES) if ": " in line and "- " not in line]))
    value = draw(st.sampled_from(VALUES))
    key = LINES[at].split(": ")[0]
    return "".join([*LINES[:at], f"{key}: {value}\n", *LINES[at + 1 :]])


def assert_inside(place: Place) -> None:
    assert 1 <= place.line <= len(place.text.lines)
    line = place.text.lines[place.line - 1]
    assert 1 <= place.column <= len(line) + 1
    assert place.length >= 1
    assert place.column - 1 + place.length <= max(len(line), place.column)


@settings(max_examples=300, deadline=None)
@given(mutations() | reordered() | other_values())
@example("")
@example("---\n---\n")
@example("a: &a\n  b: *a\n")
@example("gates: {a: {kind: threshold, threshold: {kind: 1}}}\n")
@example("overrides: {pr: {overrides: {pr: {}}}, branches: {x: [1]}, environments: 7}\n")
@example("environments: {qa: {endpoint: {strategy: {kind: [canary]}}}}\n")
@example("gates: {a: [], b: {kind: null}, c: {kind: {}}}\n")
@example("training: {hyperparameters: {a: .inf, b: .nan, c: 1e999}}\n")
@example("\ufeffproject: a\n")
@example('project: "\\ud800"\n')
def test_any_text_gives_findings_or_success_and_places_inside(text: str) -> None:
    found = check(SourceText(name="modelyard.yaml", text=text), NOWHERE)
    for finding in found:
        assert finding.message
        assert "is wrong: " not in finding.message, "an error of pydantic without an explanation of ours"
        for place in (finding.place, *(other.place for other in finding.related)):
            assert_inside(place)
    assert [finding.place.line for finding in found] == sorted(finding.place.line for finding in found)
    assert found == () or render(found).count("\n") >= 3


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_any_text_at_all_can_be_read(text: str) -> None:
    reading = read_yaml(SourceText(name="f", text=text), layer="file")
    assert reading.node is not None or reading.findings
