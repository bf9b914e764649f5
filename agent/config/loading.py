"""From `modelyard.yaml` to the configuration in effect: defaults < file < overrides < request, all errors at once."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import reduce
from typing import TYPE_CHECKING

from pydantic import ValidationError

from agent.config.explanations import explain
from agent.config.finding import ConfigurationError, Finding, in_order
from agent.config.model import MAIN_BRANCHES, Configuration, Document
from agent.config.request import request_layer
from agent.config.rules import broken_rules, wrong_files
from agent.config.text import SourceText
from agent.config.tree import FILE_LAYER, MappingNode, ScalarNode, children, in_layer, merge, node_at, plain, without
from agent.config.view import View
from agent.config.wording import described, did_you_mean, in_list
from agent.config.yaml_reader import read_yaml
from agent.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path as FilePath

    from agent.config.tree import Node

FILE_NAME = "modelyard.yaml"


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The run that a configuration is for; it decides which overrides apply.

    A later one wins: first the environment's, then those of matching branches in the order of the file, then `pr`.
    A ``tag`` is configured as the main branches are, for it names what they made.
    """

    environment: str | None = None
    branch: str | None = None
    tag: str | None = None
    pull_request: int | None = None


@dataclass(frozen=True, kw_only=True)
class Effective:
    """A configuration in effect, with the merged document that says where each value was written."""

    configuration: Configuration
    document: MappingNode


def load(path: FilePath, *, selection: Selection | None = None, settings: Sequence[str] = ()) -> Effective:
    """The configuration of a model repository for one run.

    ``settings`` are requests such as ``training.hyperparameters.max_depth=5``, in YAML notation. Raises
    :class:`ConfigurationError` with everything that is wrong, in this run or in any other that the file foresees, and
    :class:`UsageError` for a file that cannot be read or a selection that does not fit it.
    """
    text = read_file(path)
    document, unreadable = _parse(text)
    requests = [request_layer(setting) for setting in settings]
    wrong = [*unreadable, *(finding for request in requests for finding in request.findings)]
    if document is None:
        raise ConfigurationError(in_order(wrong))
    _check_selection(document, selection or Selection())
    layers = [*_selected_overrides(document, selection or Selection()), *(request.node for request in requests)]
    merged = reduce(merge, [without(document, "overrides"), *layers])
    wrong += [*_check_file(document, path.parent), *_check_merged(merged, path.parent)]
    if wrong:
        raise ConfigurationError(in_order(wrong))
    return Effective(configuration=Configuration.model_validate(plain(merged)), document=merged)


def check(text: SourceText, folder: FilePath) -> tuple[Finding, ...]:
    """Everything that is wrong with a configuration file in a model repository's folder, in order."""
    document, unreadable = _parse(text)
    if document is None:
        return in_order(unreadable)
    return in_order([*unreadable, *_check_file(document, folder)])


def read_document(text: SourceText) -> Document:
    """The whole file as a typed value, overrides unapplied; raises pydantic's error unless :func:`check` is content."""
    document, _ = _parse(text)
    return Document.model_validate(plain(document) if document else {})


def read_file(path: FilePath) -> SourceText:
    """The text of a configuration file, in UTF-8."""
    try:
        return SourceText(name=str(path), text=path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        hint = "run `modelyard init DIR` to make a model repository, or name the file"
        raise UsageError(f"there is no {path}: {hint}") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UsageError(f"{path}:{line}: this is not UTF-8; save the file in that encoding") from error


def _parse(text: SourceText) -> tuple[MappingNode | None, tuple[Finding, ...]]:
    reading = read_yaml(text, layer=FILE_LAYER)
    match reading.node:
        case MappingNode() as document:
            return document, reading.findings
        case ScalarNode(value=None) as nothing if not reading.findings:
            return MappingNode(entries={}, source=nothing.source), ()
        case None:
            return None, reading.findings
    message = f"a configuration is a mapping, not {described(reading.node)}"
    hint = "start with `project: NAME`"
    wrong = Finding(place=reading.node.source.place, code="wrong-value", message=message, hint=hint)
    return None, (*reading.findings, wrong)


def _check_file(document: MappingNode, folder: FilePath) -> Iterator[Finding]:
    """What is wrong in the file itself, and in what each of its overrides makes of it."""
    yield from _explained(Document, document)
    yield from broken_rules(document)
    yield from wrong_files(document, folder)
    for _, override in _overrides(document):
        yield from _check_merged(merge(without(document, "overrides"), override), folder)


def _check_merged(merged: MappingNode, folder: FilePath) -> Iterator[Finding]:
    yield from _explained(Configuration, merged)
    yield from broken_rules(merged)
    yield from wrong_files(merged, folder)


def _explained(model: type[Configuration], document: MappingNode) -> list[Finding]:
    try:
        model.model_validate(plain(document))
    except ValidationError as error:
        return [explain(found, document) for found in error.errors(include_url=False, include_input=False)]
    return []


def _overrides(document: MappingNode) -> Iterator[tuple[tuple[str, ...], MappingNode]]:
    """Every override of a file in the order in which they are laid over it, with its path below `overrides`."""
    for group in ("environments", "branches"):
        for name, entry in children(node_at(document, ("overrides", group))):
            yield from _override((group, name), entry.node)
    pull_request = node_at(document, ("overrides", "pr"))
    if pull_request is not None:
        yield from _override(("pr",), pull_request)


def _override(path: tuple[str, ...], node: Node) -> Iterator[tuple[tuple[str, ...], MappingNode]]:
    layer = in_layer(node, ".".join(("overrides", *path)))
    if isinstance(layer, MappingNode):
        yield path, layer


def _selected_overrides(document: MappingNode, selection: Selection) -> Iterator[MappingNode]:
    branches = _branches(document, selection)
    for path, override in _overrides(document):
        match path:
            case ("environments", name):
                applies = name == selection.environment
            case ("branches", pattern):
                applies = any(fnmatchcase(branch, pattern) for branch in branches)
            case _:
                applies = selection.pull_request is not None
        if applies:
            yield override


def _branches(document: MappingNode, selection: Selection) -> tuple[str, ...]:
    """The branches that a run is configured for."""
    if selection.tag:
        written = View(document=document).texts(("main_branches",))
        return tuple(name for _, name in written) or MAIN_BRANCHES
    return () if selection.branch is None else (selection.branch,)


def _check_selection(document: MappingNode, selection: Selection) -> None:
    known = [name for name, _ in children(node_at(document, ("environments",)))]
    if selection.environment is not None and known and selection.environment not in known:
        hint = did_you_mean(selection.environment, known) or f"the environments are {in_list(known, 'and')}"
        raise UsageError(f"there is no environment `{selection.environment}`: {hint}")
