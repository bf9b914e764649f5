"""Lays what modelyard wants of a job over what the job is: what others and Jenkins itself have put there stays.

Three attributes in the document that is laid over say what a plain document cannot; none of them reaches Jenkins.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

INITIAL = "initial"
"""Only where there is none yet: later it is somebody else's, such as the choices that each build refreshes."""
ABSENT = "absent"
"""It must not be there."""
MEMBERS = "members"
"""Its children are a set of texts: they must be among those that are there."""
_MARKS = (INITIAL, ABSENT, MEMBERS)


def laid_over(existing: Element | None, wanted: Element) -> Element:
    """A new document: ``existing`` with everything that is wanted."""
    if existing is None or _another(existing, wanted):
        return _bare(wanted)
    merged = deepcopy(existing)
    _lay(merged, wanted)
    return merged


def _another(existing: Element, wanted: Element) -> bool:
    """Whether it is something else under the same name, such as a source of another kind."""
    return existing.tag != wanted.tag or ("class" in wanted.attrib and existing.get("class") != wanted.get("class"))


def _bare(wanted: Element) -> Element:
    """A copy without marks, and without what must not be there."""
    copy = deepcopy(wanted)
    for one in list(copy.iter()):
        for child in [child for child in one if child.get(ABSENT)]:
            one.remove(child)
        for mark in _MARKS:
            one.attrib.pop(mark, None)
    return copy


def _lay(merged: Element, wanted: Element) -> None:
    if wanted.get(MEMBERS):
        _add_members(merged, wanted)
    elif len(wanted):
        for child in wanted:
            _lay_child(merged, child)
    elif (merged.text or "").strip() != (wanted.text or "").strip():
        merged.text = wanted.text


def _lay_child(merged: Element, wanted: Element) -> None:
    there = merged.find(wanted.tag)
    if wanted.get(ABSENT):
        if there is not None:
            merged.remove(there)
    elif there is None:
        merged.append(_bare(wanted))
    elif wanted.get(INITIAL):
        return
    elif _another(there, wanted):
        merged[list(merged).index(there)] = _bare(wanted)
    else:
        _lay(there, wanted)


def _add_members(merged: Element, wanted: Element) -> None:
    known = {(child.tag, child.text) for child in merged}
    for child in wanted:
        if (child.tag, child.text) not in known:
            merged.append(deepcopy(child))
