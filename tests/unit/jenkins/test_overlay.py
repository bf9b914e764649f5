"""What modelyard wants is laid over what a job is; the difference is what people would see."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from agent.errors import CloudFailedError
from agent.jenkins.documents import canonical, difference, element, parse, written
from agent.jenkins.overlay import laid_over


def lay(existing: str | None, wanted: str) -> str:
    there = None if existing is None else ET.fromstring(existing)
    return ET.tostring(laid_over(there, ET.fromstring(wanted)), encoding="unicode").replace(" />", "/>")


@pytest.mark.parametrize(
    ("existing", "wanted", "merged"),
    [
        ("<j><a>1</a></j>", "<j><a>2</a></j>", "<j><a>2</a></j>"),
        ("<j><theirs>x</theirs></j>", "<j><a>2</a></j>", "<j><theirs>x</theirs><a>2</a></j>"),
        ("<j><a><b>1</b><c>2</c></a></j>", "<j><a><c>3</c></a></j>", "<j><a><b>1</b><c>3</c></a></j>"),
        ("<j><a> 1\n</a></j>", "<j><a>1</a></j>", "<j><a> 1\n</a></j>"),
        ("<j><a/></j>", "<j><a></a></j>", "<j><a/></j>"),
        ("<j plugin='p@1'/>", "<j><a/></j>", '<j plugin="p@1"><a/></j>'),
        ('<j><a class="x"><t/></a></j>', '<j><a class="y"/></j>', '<j><a class="y"/></j>'),
        ('<j><a class="x"><t/></a></j>', '<j><a class="x"/></j>', '<j><a class="x"><t/></a></j>'),
        ("<j><a>theirs</a></j>", '<j><a initial="yes">ours</a></j>', "<j><a>theirs</a></j>"),
        ("<j/>", '<j><a initial="yes">ours</a></j>', "<j><a>ours</a></j>"),
        ("<j><a/><b/></j>", '<j><a absent="yes"/></j>', "<j><b/></j>"),
        (None, '<j><a absent="yes"/><b members="yes"><s>1</s></b></j>', "<j><b><s>1</s></b></j>"),
        ("<j><b><s>1</s></b></j>", '<j><b members="yes"><s>1</s><s>2</s></b></j>', "<j><b><s>1</s><s>2</s></b></j>"),
    ],
)
def test_laid_over(existing: str | None, wanted: str, merged: str) -> None:
    assert lay(existing, wanted) == merged


def test_what_is_laid_over_changes_neither_document() -> None:
    existing, wanted = ET.fromstring("<j><a>1</a></j>"), ET.fromstring("<j><a>2</a></j>")
    laid_over(existing, wanted)
    assert (existing.findtext("a"), wanted.findtext("a")) == ("1", "2")


def test_versions_of_plugins_and_spaces_are_no_difference() -> None:
    one = parse("<?xml version='1.1' encoding='UTF-8'?>\n<j plugin='p@1'>\n  <a></a>\n</j>", "here")
    assert difference(one, element("j", element("a")), "j") == ""


def test_a_difference_is_unified_with_its_surroundings() -> None:
    before = element("j", element("a", 1), element("b", True))
    after = element("j", element("a", 2), element("b", True))
    assert difference(before, after, "x/config.xml").splitlines() == [
        "--- x/config.xml",
        "+++ x/config.xml",
        "@@ -1,4 +1,4 @@",
        " <j>",
        "-  <a>1</a>",
        "+  <a>2</a>",
        "   <b>true</b>",
        " </j>",
    ]


def test_encrypted_secrets_are_not_shown() -> None:
    assert canonical(element("token", "{AQAAABAAAAAgx+/=}")) == ["<token>{secret}</token>"]


@pytest.mark.parametrize("text", ["a < b & c > d", "line one\nline two\n", "  indented", "ümlaut ✓", "tab\there\rend"])
def test_texts_come_back_as_they_were_sent(text: str) -> None:
    root = ET.fromstring(written(element("j", element("script", text), name='quote " and\nline')))
    assert root.findtext("script") == text
    assert root.get("name") == 'quote " and\nline'


@pytest.mark.parametrize("xml", ["<j>", "<!DOCTYPE j [<!ENTITY a 'b'>]><j>&a;</j>"])
def test_what_is_no_document_is_refused(xml: str) -> None:
    with pytest.raises(CloudFailedError, match="here: the configuration cannot be read"):
        parse(xml, "here")
