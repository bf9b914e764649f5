"""How findings look: the place, the lines it belongs to, carets under the right characters, the hint."""

from __future__ import annotations

from agent.config.finding import Finding, Related
from agent.config.rendering import enclosing_lines, render, render_finding, width
from agent.config.text import Place, SourceText

TEXT = SourceText(
    name="modelyard.yaml",
    text="""\
project: p
training:
  # a comment
  hyperparameters:
    depth: 6
    eta: 0.3
    rounds: 10
  resources:
    instance_typ: ml.m5.large
""",
)


def place(line: int, column: int, length: int, text: SourceText = TEXT) -> Place:
    return text.place(line=line, column=column, length=length)


def shown(finding: Finding) -> list[str]:
    return render_finding(finding).splitlines()


def test_a_finding_shows_place_message_line_caret_and_hint() -> None:
    finding = Finding(
        place=place(9, 5, 12), code="unknown-key", message="unknown key `instance_typ`", hint="did you mean `x`?"
    )
    assert shown(finding) == [
        "modelyard.yaml:9:5: unknown key `instance_typ`",
        "  |",
        "2 | training:",
        "  ⋮",
        "8 |   resources:",
        "9 |     instance_typ: ml.m5.large",
        "  |     ^^^^^^^^^^^^",
        "  = hint: did you mean `x`?",
    ]


def test_a_second_place_is_underlined_with_its_label() -> None:
    related = (Related(place=place(5, 5, 5), label="first written here"),)
    finding = Finding(place=place(7, 5, 6), code="x", message="twice", related=related)
    assert shown(finding) == [
        "modelyard.yaml:7:5: twice",
        "  |",
        "2 | training:",
        "3 |   # a comment",
        "4 |   hyperparameters:",
        "5 |     depth: 6",
        "  |     ----- first written here",
        "6 |     eta: 0.3",
        "7 |     rounds: 10",
        "  |     ^^^^^^",
    ]


def test_the_enclosing_lines_are_those_of_less_indentation() -> None:
    assert enclosing_lines(place(9, 5, 1)) == (2, 8)
    assert enclosing_lines(place(1, 1, 1)) == ()


def test_a_place_in_another_text_is_shown_below() -> None:
    request = SourceText(name="--set", text="training.max_runtime=x")
    related = (Related(place=place(2, 1, 8), label="here"),)
    finding = Finding(place=place(1, 22, 1, request), code="x", message="wrong", related=related)
    assert shown(finding) == [
        "--set:1:22: wrong",
        "  |",
        "1 | training.max_runtime=x",
        "  |                      ^",
        "  ::: modelyard.yaml",
        "  |",
        "2 | training:",
        "  | -------- here",
    ]


def marked(line: str, part: str) -> str:
    text = SourceText(name="f", text=line)
    at = text.place(line=1, column=line.index(part) + 1, length=len(part))
    source, caret = shown(Finding(place=at, code="x", message="m"))[2:4]
    return underlined(source, caret)


def underlined(source: str, caret: str) -> str:
    """The characters above the carets, by the columns that a terminal gives them."""
    columns = [letter for letter in source for _ in range(width(letter))]
    letters = [letter for letter, sign in zip(columns, caret.ljust(len(columns)), strict=False) if sign == "^"]
    return "".join(letter for number, letter in enumerate(letters) if number == 0 or letters[number - 1] != letter)


def test_carets_stand_below_what_they_mean_after_tabs_wide_letters_and_accents() -> None:
    assert marked("key:\tvalue", "valu") == "valu"
    assert marked("名前: 東京 x", "東京") == "東京"
    assert marked("cle\u0301: wert", "wert") == "wert"


def test_a_long_line_is_cut_around_the_place() -> None:
    line = f"key: {'a' * 300}BAD{'c' * 300}"
    assert marked(line, "BAD") == "BAD"
    text = SourceText(name="f", text=line)
    source = shown(Finding(place=text.place(line=1, column=306, length=3), code="x", message="m"))[2]
    assert len(source) < 120
    assert source.count("…") == 2


def test_letters_that_a_terminal_would_obey_are_not_shown() -> None:
    text = SourceText(name="f", text="key: \x1b[31mred")
    assert "\x1b" not in render_finding(Finding(place=text.place(line=1, column=6), code="x", message="m"))


def test_the_last_line_counts_the_problems() -> None:
    one = Finding(place=place(1, 1, 1), code="x", message="m")
    assert render([one]).splitlines()[-1] == "1 problem in modelyard.yaml"
    assert render([one, one]).splitlines()[-1] == "2 problems in modelyard.yaml"


def test_a_style_reaches_message_and_caret() -> None:
    finding = Finding(place=place(1, 1, 7), code="x", message="wrong", hint="mend it")
    rendered = render_finding(finding, lambda text, style: f"<{style}>{text}</>")
    assert "<error>wrong</>" in rendered
    assert "<error>^^^^^^^</>" in rendered
    assert "<good>= hint:</> mend it" in rendered
