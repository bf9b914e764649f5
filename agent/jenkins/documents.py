"""The XML that configures jobs: built in a few words, read as Jenkins writes it, and compared as people would."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from agent.errors import CloudFailedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

# Jenkins declares XML 1.1, which Python's parser does not know; it differs in control characters only.
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_SECRET = re.compile(r"\{AQ[A-Za-z0-9+/=]+\}")
_SPACES = "  "


def element(tag: str, *inside: Element | str | bool | int, **attributes: str) -> Element:
    """An element with children, or with a text; ``class_`` is the attribute ``class``."""
    made = ET.Element(tag, {name.rstrip("_"): value for name, value in attributes.items()})
    for one in inside:
        if isinstance(one, ET.Element):
            made.append(one)
        else:
            made.text = str(one).lower() if isinstance(one, bool) else str(one)
    return made


def parse(xml: str, where: str) -> Element:
    """The root of a document that a controller answered."""
    try:
        root: Element = fromstring(_DECLARATION.sub("", xml, count=1))
    except (ET.ParseError, DefusedXmlException) as error:
        raise CloudFailedError(f"{where}: the configuration cannot be read as XML ({error})") from None
    return root


def written(root: Element) -> str:
    """A document as it is sent."""
    return "<?xml version='1.0' encoding='UTF-8'?>\n" + "\n".join(_lines(root, "")) + "\n"


def canonical(root: Element | None) -> list[str]:
    """A document in lines that are equal for equal configurations: without versions of plugins, and secrets unread."""
    return [] if root is None else [_SECRET.sub("{secret}", line) for line in _lines(root, "", versions=False)]


def difference(before: Element | None, after: Element, name: str) -> str:
    """What would change, as a unified diff; empty where nothing would."""
    old = name if before is not None else "/dev/null"
    lines = difflib.unified_diff(canonical(before), canonical(after), old, name, lineterm="")
    return "\n".join(lines)


def _lines(root: Element, indent: str, *, versions: bool = True) -> Iterator[str]:
    attributes = "".join(
        f" {name}={_quoted(value)}" for name, value in sorted(root.attrib.items()) if versions or name != "plugin"
    )
    start = f"{indent}<{root.tag}{attributes}"
    if len(root):
        yield f"{start}>"
        for child in root:
            yield from _lines(child, indent + _SPACES, versions=versions)
        yield f"{indent}</{root.tag}>"
    elif root.text:
        yield from f"{start}>{_escaped(root.text)}</{root.tag}>".split("\n")
    else:
        yield f"{start}/>"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#xd;")


def _quoted(text: str) -> str:
    return '"' + _escaped(text).replace('"', "&quot;").replace("\n", "&#xa;") + '"'
