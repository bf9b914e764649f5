"""Parameters of a job, as its XML declares them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.jenkins.documents import element

if TYPE_CHECKING:
    from collections.abc import Sequence
    from xml.etree.ElementTree import Element


def choice(name: str, about: str, choices: Sequence[str]) -> Element:
    """One of several texts; the first is the default."""
    strings = (element("string", choice) for choice in choices)
    return element(
        "hudson.model.ChoiceParameterDefinition",
        element("name", name),
        element("description", about),
        element("choices", element("a", *strings, class_="string-array"), class_="java.util.Arrays$ArrayList"),
    )


def text(name: str, about: str, default: str = "", *, kind: str = "String") -> Element:
    """A line of text; of the ``kind`` Text, several lines."""
    return element(
        f"hudson.model.{kind}ParameterDefinition",
        element("name", name),
        element("description", about),
        element("defaultValue", default),
        element("trim", True),
    )
