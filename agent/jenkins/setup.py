"""Brings the jobs and views of a model repository to what they should be; first it only says what would change."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from agent.errors import AccessDeniedError, InputMissingError, UsageError
from agent.jenkins import jobs
from agent.jenkins.documents import difference, parse, written
from agent.jenkins.overlay import laid_over
from agent.jenkins.places import job_path, parent_and_leaf, view_path
from agent.jenkins.views import VIEWS, view
from agent.jenkins.wanted import BUILD

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from agent.jenkins.controller import Controller
    from agent.jenkins.wanted import Wanted

Outcome = Literal["created", "updated", "unchanged"]


@dataclass(frozen=True, kw_only=True)
class Change:
    """What one job or view would become; ``diff`` is empty for what is as it should be."""

    name: str
    kind: Literal["folder", "job", "view"]
    outcome: Outcome
    diff: str
    path: str
    create_at: str
    xml: str


def plan(controller: Controller, wanted: Wanted, *, views: bool) -> list[Change]:
    """Every job and view, in the order in which they are made.

    Raises InputMissingError where the folder's own parent is not there, and UsageError where a name is taken.
    """
    _check_parent(controller, wanted.folder)
    made = [
        _change(controller, name, "folder" if name == wanted.folder else "job", document)
        for name, document in _documents(wanted)
    ]
    return made + ([_view(controller, name, wanted) for name in VIEWS] if views else [])


def apply(controller: Controller, changes: list[Change]) -> Iterator[Change]:
    """Make what has changed, and tell each when it is done."""
    for change in changes:
        if change.outcome == "created":
            controller.create(change.create_at, change.name.rpartition("/")[2], change.xml)
            if change.name.endswith(f"/{BUILD}"):
                _scan(controller, change.path)
        elif change.outcome == "updated":
            controller.configure(change.path, change.xml)
        yield change


def _scan(controller: Controller, path: str) -> None:
    """Let a new multibranch job look for branches; who may not start it waits for its periodic scan."""
    with contextlib.suppress(AccessDeniedError):
        controller.submit(f"{path}/build?delay=0")


def _documents(wanted: Wanted) -> Iterator[tuple[str, Element]]:
    yield wanted.folder, jobs.folder(wanted)
    for name, document in jobs.JOBS.items():
        yield f"{wanted.folder}/{name}", document(wanted)


def _check_parent(controller: Controller, folder: str) -> None:
    parent, _ = parent_and_leaf(folder)
    if parent and controller.find(job_path(parent), "_class") is None:
        raise InputMissingError(
            f"{controller.url}: there is no folder {parent}, or {controller.access.user or 'nobody'} may not see it; "
            "make it first: modelyard makes only the last one"
        )


def _change(controller: Controller, name: str, kind: Literal["folder", "job"], wanted: Element) -> Change:
    parent, _ = parent_and_leaf(name)
    return _compared(
        controller, wanted, name=name, kind=kind, path=job_path(name), create_at=f"{job_path(parent)}/createItem"
    )


def _view(controller: Controller, name: str, wanted: Wanted) -> Change:
    return _compared(
        controller, view(name, wanted), name=name, kind="view", path=view_path(name), create_at="/createView"
    )


def _compared(
    controller: Controller,
    wanted: Element,
    *,
    name: str,
    kind: Literal["folder", "job", "view"],
    path: str,
    create_at: str,
) -> Change:
    text = controller.config(path)
    there = None if text is None else parse(text, controller.at(f"{path}/config.xml"))
    if there is not None and there.tag != wanted.tag:
        raise UsageError(
            f"{controller.at(path)} is a {_kind(there)}, not a {_kind(wanted)}, and stays as it is: rename it, or "
            "choose another folder with --folder"
        )
    merged = laid_over(there, wanted)
    diff = difference(there, merged, f"{name}/config.xml")
    outcome: Outcome = "created" if there is None else "updated" if diff else "unchanged"
    return Change(name=name, kind=kind, outcome=outcome, diff=diff, path=path, create_at=create_at, xml=written(merged))


def _kind(root: Element) -> str:
    return root.tag.rpartition(".")[2]
