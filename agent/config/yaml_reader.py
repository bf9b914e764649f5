"""Reads YAML into a tree that knows the place of every key and value, and finds what YAML itself lets pass.

Scalars follow the core schema of YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema): ``no`` is a text.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode as YamlMapping
from ruamel.yaml.nodes import ScalarNode as YamlScalar
from ruamel.yaml.nodes import SequenceNode as YamlSequence
from ruamel.yaml.reader import ReaderError

from agent.config.finding import Finding, Related
from agent.config.syntax import syntax_finding
from agent.config.tree import Entry, MappingNode, Node, ScalarNode, SequenceNode, Source

if TYPE_CHECKING:
    from ruamel.yaml.nodes import Node as YamlNode

    from agent.config.text import Place, SourceText
    from agent.config.tree import ScalarValue

_MAX_VALUES = 20_000  # far above any real document; bounds what nested aliases can unfold to
_STANDARD_TAG = "tag:yaml.org,2002:"
_WORDS: dict[str, ScalarValue] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_INTEGER = re.compile(r"[-+]?[0-9]{1,300}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A document as far as it could be read: ``node`` is None when its syntax is broken."""

    node: Node | None
    findings: tuple[Finding, ...]


class _TooLargeError(Exception):
    """Aliases unfold to more values than a configuration has."""


def read_yaml(text: SourceText, *, layer: str, content: str | None = None) -> Reading:
    """The tree of one YAML document; broken syntax, duplicate keys and unusual keys become findings.

    ``content`` is what is read instead of the whole text; its characters stand where those of the text stand.
    """
    yaml = YAML(typ="rt", pure=True)
    try:
        with warnings.catch_warnings(action="ignore"):  # an anchor defined twice: YAML allows it
            root = yaml.compose(text.text if content is None else content)
    except MarkedYAMLError as error:
        return Reading(node=None, findings=(syntax_finding(text, error),))
    except ReaderError as error:
        message = f"the character {error.character!r} is not allowed in YAML"
        return _unreadable(
            text.place_at(error.position), message, "remove it, or write it as an escape in double quotes"
        )
    except RecursionError:
        return _unreadable(text.place(line=1, column=1), "the document is nested too deeply", "")
    except (YAMLError, ValueError, AssertionError) as error:  # what ruamel.yaml raises without a place
        return _unreadable(text.place(line=1, column=1), f"this is not YAML: {error}", "")
    conversion = _Conversion(text=text, layer=layer)
    try:
        node = conversion.node(root, ()) if root is not None else conversion.nothing()
    except (_TooLargeError, RecursionError):
        return _unreadable(text.place(line=1, column=1), "aliases or nesting unfold to too many values", "")
    return Reading(node=node, findings=tuple(conversion.findings))


def scalar_value(written: str) -> ScalarValue:
    """What a plain (unquoted) scalar means in YAML 1.2's core schema, numbers in decimal notation only."""
    if written in _WORDS:
        return _WORDS[written]
    if _INTEGER.fullmatch(written):
        return int(written)
    return float(written) if _FLOAT.fullmatch(written) else written


def _unreadable(place: Place, message: str, hint: str) -> Reading:
    return Reading(node=None, findings=(Finding(place=place, code="syntax", message=message, hint=hint),))


@dataclass(kw_only=True)
class _Conversion:
    """Turns ruamel's nodes into ours, gathering findings on the way."""

    text: SourceText
    layer: str
    findings: list[Finding] = field(default_factory=list)
    count: int = 0

    def node(self, node: YamlNode, ancestors: tuple[int, ...]) -> Node:
        self.count += 1
        if self.count > _MAX_VALUES:
            raise _TooLargeError
        if id(node) in ancestors:
            self._report(node, "syntax", "an alias refers to the value that contains it", "write the value out")
            return self._scalar(None, "", node)
        self._check_tag(node)
        match node:
            case YamlMapping():
                entries = self._entries(node, (*ancestors, id(node)))
                return MappingNode(entries=entries, source=self._source(node))
            case YamlSequence():
                items = tuple(self.node(item, (*ancestors, id(node))) for item in node.value)
                return SequenceNode(items=items, source=self._source(node))
            case YamlScalar():
                is_plain = node.style is None and node.tag != f"{_STANDARD_TAG}str"
                return self._scalar(scalar_value(node.value) if is_plain else node.value, node.value, node)
        raise TypeError(f"ruamel.yaml composed {type(node).__name__}")

    def nothing(self) -> Node:
        """What an empty document holds."""
        place = self.text.place(line=1, column=1)
        return ScalarNode(value=None, written="", source=Source(layer=self.layer, place=place))

    def _entries(self, node: YamlMapping, ancestors: tuple[int, ...]) -> dict[str, Entry]:
        merged: dict[str, Entry] = {}
        own: dict[str, Entry] = {}
        for key, value in node.value:
            if key.tag == f"{_STANDARD_TAG}merge":
                merged = {**self._merged(value, ancestors), **merged}
            elif not isinstance(key, YamlScalar):
                self._report(key, "syntax", "a key must be a single word or text", "")
            elif key.value in own:
                self._report_duplicate(key, own[key.value].key)
            else:
                own[key.value] = Entry(key=self._place(key), node=self.node(value, ancestors))
        return {**merged, **own}

    def _merged(self, value: YamlNode, ancestors: tuple[int, ...]) -> dict[str, Entry]:
        """The entries that a merge key (``<<: *anchor``) brings in; the first of several mappings wins."""
        entries: dict[str, Entry] = {}
        for source in value.value if isinstance(value, YamlSequence) else [value]:
            node = self.node(source, ancestors)
            if isinstance(node, MappingNode):
                entries = {**node.entries, **entries}
            else:
                self._report(source, "syntax", "only a mapping can be merged with `<<`", "")
        return entries

    def _check_tag(self, node: YamlNode) -> None:
        if node.tag and not node.tag.startswith(_STANDARD_TAG):
            self._report(node, "syntax", f"the YAML tag `{node.tag}` means nothing here", "remove the tag")

    def _report_duplicate(self, key: YamlScalar, first: Place) -> None:
        related = (Related(place=first, label="first written here"),)
        message = f"the key `{key.value}` is written twice in the same mapping"
        hint = "keep one of the two: YAML would silently take the last"
        place = self._place(key)
        self.findings.append(
            Finding(
                place=place,
                code="duplicate-key",
                message=message,
                hint=hint,
                path=(key.value,),
                related=related,
            )
        )

    def _report(self, node: YamlNode, code: str, message: str, hint: str) -> None:
        self.findings.append(Finding(place=self._place(node), code=code, message=message, hint=hint))

    def _scalar(self, value: ScalarValue, written: str, node: YamlNode) -> ScalarNode:
        return ScalarNode(value=value, written=written, source=self._source(node))

    def _source(self, node: YamlNode) -> Source:
        return Source(layer=self.layer, place=self._place(node))

    def _place(self, node: YamlNode) -> Place:
        start, end = node.start_mark, node.end_mark
        same_line = end.line == start.line
        length = end.column - start.column if same_line else len(self.text.text)
        return self.text.place(line=start.line + 1, column=start.column + 1, length=length)
