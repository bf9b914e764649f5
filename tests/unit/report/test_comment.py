"""The comment on a pull request: what it says first, and that nothing in it can be more than text."""

from __future__ import annotations

import re

import pytest
from markdown_it import MarkdownIt

from agent.artifacts import Difference, Interval
from agent.report.comment import Dialect, comment
from agent.report.markdown import block, code, escaped, link, sentence
from agent.report.page import pages
from tests import builds

PAGE = "https://jenkins.example/job/tumour/7/artifact/report/index.html"
HOSTILE = [
    "a | b",
    "<img src=x onerror=alert(1)>",
    "--> <script>alert(1)</script> <!--",
    "@ada please look, #12 and !13",
    "[click](https://evil.example)",
    "`code` and ``more``",
    "# heading",
    "1. one",
    "- item",
    "*bold* _under_ ~gone~",
    "line\nbreak",
    "</details>",
]


def rendered(text: str) -> str:
    """As the hosts show it; raw HTML is let through, for GitHub and GitLab do so."""
    return str(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))


def test_the_marker_comes_first_and_names_the_project() -> None:
    assert comment(builds.report(builds.refused()), Dialect()).startswith("<!-- modelyard: tumour -->\n")


def test_the_verdict_and_one_table_come_before_what_is_folded() -> None:
    shown, _, folded = comment(builds.report(builds.refused()), Dialect(), page=PAGE).partition("<details>")
    assert "⛔ **Refused by the gate not-worse: recall misses 0.94 by 0.02**: tumour" in shown
    assert "| Metric | Champion | This build | Difference | Gate |" in shown
    assert "| recall | 0.95 | 0.92 | \N{MINUS SIGN}0.03 worse | ✅ misses-few, ⛔ not-worse |" in shown
    assert f"[Report]({PAGE})" in shown
    assert "[Build](https://jenkins.example/job/tumour/job/build/job/PR-12/7/)" in shown
    assert "Lineage" in folded


def test_several_champions_have_a_row_each() -> None:
    found = builds.trained()[-1]
    both = {**found.result, "champions": dict.fromkeys(("qa", "prod"), found.result["champions"]["qa"])}
    text = comment(builds.report([found.model_copy(update={"result": both})]), Dialect())
    assert "| recall | 0.95 (qa) |" in text
    assert "| recall | 0.95 (prod) |" in text


def test_a_difference_that_was_proved_has_its_interval() -> None:
    interval = Interval(low=-0.05, high=-0.01, level=0.95)
    refused = builds.verdict(
        "not-worse", "recall", 0.92, 0.94, passed=False, kind="champion",
        against="the champion of qa (release 4b4b4b4b4b4b)", difference=Difference(value=-0.03, interval=interval),
    )  # fmt: skip
    outcomes = [*builds.trained(), builds.outcome("gate", {"verdicts": [refused.model_dump(mode="json")]})]
    minus = "\N{MINUS SIGN}"
    text = comment(builds.report(outcomes), Dialect())
    assert f"| recall | 0.95 | 0.92 | {minus}0.03 ({minus}0.05 to {minus}0.01) worse | ⛔ not-worse |" in text
    page = pages(builds.report(outcomes))["index.html"].decode()
    assert f'<small class="interval">{minus}0.05 to {minus}0.01</small>' in page


def test_where_html_is_not_known_the_marker_is_a_reference_and_details_are_headings() -> None:
    text = comment(builds.report(builds.refused()), Dialect(html=False))
    assert text.startswith("[//]: # (modelyard: tumour)\n")
    assert "<" not in text
    assert "**Lineage**" in text
    assert "modelyard: tumour" not in rendered(text)


def test_last_lines_are_shown_as_they_are() -> None:
    text = comment(builds.report(builds.failed()), Dialect())
    assert "```\nlast lines of its log:\n  in fit\n  in load\n```" in text


def test_a_log_that_looks_like_a_fence_stays_inside() -> None:
    assert rendered(block(("```", "# no heading", "````"))).count("<pre>") == 1
    assert "<h1>" not in rendered(block(("```", "# no heading", "````")))


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_users_is_shown_as_it_is_written(text: str) -> None:
    html = rendered(f"before\n\n{escaped(text)}\n\n| a | b |\n| --- | --- |\n| {escaped(text)} | end |\n")
    plain = re.sub(r"</?(p|table|thead|tbody|tr|th|td)>", " ", html)
    assert "<" not in plain
    assert html.count("<td>") == 2
    for character in "&|":
        html = html.replace(f"&#{ord(character)};", character)
    words = plain.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("\N{ZERO WIDTH SPACE}", "")
    assert words.count(" ".join(text.split())) == 2


def test_nobody_is_mentioned_and_nothing_is_referred_to() -> None:
    assert not re.search(r"[@#!]\w", escaped("@ada #12 !13"))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_whole_comment_cannot_be_broken_out_of(text: str) -> None:
    outcomes = [builds.outcome("train", status="failed", exit_code=7, error=text, title=text)]
    html = rendered(comment(builds.report(outcomes, who=text, subject=text), Dialect()))
    assert "<script" not in html
    assert "<img" not in html
    assert 'evil.example"' not in html
    assert html.count("<details>") == html.count("</details>")


def test_names_between_backticks_are_code_and_the_rest_is_text() -> None:
    assert sentence("recall 0.9 (gate `not-worse`): a | b") == "recall 0.9 (gate `not-worse`): a &#124; b"
    assert rendered(code("a`b``c")) == "<p><code>a`b``c</code></p>\n"


def test_only_addresses_of_the_web_are_linked() -> None:
    assert link("x", "https://jenkins.example/7/") == "[x](https://jenkins.example/7/)"
    assert "](" not in link("x", "javascript:alert(1)")
    assert "](" not in link("x", "https://a.example/) [y](https://evil.example")


def test_a_comment_has_room_on_every_host() -> None:
    error = "\n".join(["it failed", *("x" * 5000 for _ in range(40))])
    outcomes = [builds.outcome("train", status="failed", exit_code=7, error=error)]
    text = comment(builds.report(outcomes), Dialect())
    assert len(text) < 32_768
    assert text.count("<details>") == text.count("</details>")


def test_an_override_is_in_the_headline_and_beside_its_verdict() -> None:
    shown, _, folded = comment(builds.report(builds.overridden()), Dialect()).partition("<details>")
    assert "gate misses-few overridden by grace until 2026-12-31 23:59Z: seen with the clinic" in shown.splitlines()[2]
    assert "✍️ misses-few" in shown
    assert "(for prod)" in folded
