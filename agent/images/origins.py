"""Which images an image is built from, as its recipe says: whoever can replace one of these is in the image."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.errors import InputMissingError
from agent.images.engine.dockerfile import Dockerfile, expanded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agent.images.engine.dockerfile import Instruction
    from agent.ports.images import BuildOrder

_FROM = re.compile(r"--from=(\S+)")
_MOUNTED = re.compile(r"--mount=\S*\bfrom=([^,\s]+)")
_STAGE = re.compile(r"(?P<image>\S+)(?:\s+AS\s+(?P<stage>\S+))?", re.IGNORECASE)
_FLAG = re.compile(r"--\S+\s+")
_NOTHING = "scratch"


@dataclass(frozen=True, kw_only=True)
class Origin:
    """An image by the name that the recipe gives it, and where it does."""

    name: str
    where: str


def origins(order: BuildOrder) -> tuple[Origin, ...]:
    """The images that an order builds from, in the order of the recipe; each name once.

    InputMissingError where there is no Dockerfile.
    """
    if order.builder == "engine":
        return _once(_in_dockerfile(order))
    named = order.base_image if order.builder == "layers" else None
    return (Origin(name=named, where="image.base_image"),) if named else ()


def _in_dockerfile(order: BuildOrder) -> Iterator[Origin]:
    path = order.folder / order.dockerfile
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputMissingError(f"{path} cannot be read: {error.strerror}") from error
    dockerfile = Dockerfile(name=order.dockerfile, content=content)
    given = {**({"BASE_IMAGE": order.base_image} if order.base_image else {}), **order.build_args}
    known, stages = dockerfile.arguments(given), set[str]()
    for entry in dockerfile.instructions:
        begun = _STAGE.match(_FLAG.sub("", entry.rest)) if entry.keyword == "FROM" else None
        ended = begun is not None and order.target is not None and order.target.lower() in stages
        if ended:
            return
        for name in _named(entry, known):
            if name.lower() not in stages and name != _NOTHING and not name.isdecimal():
                yield Origin(name=name, where=f"{order.dockerfile}:{entry.line}")
        if begun is not None and begun["stage"]:
            stages.add(begun["stage"].lower())


def _named(entry: Instruction, known: Mapping[str, str]) -> Iterator[str]:
    """What an instruction takes files from: images, and stages by name or number."""
    if entry.keyword == "FROM":
        begun = _STAGE.match(_FLAG.sub("", entry.rest))
        yield from (expanded(begun["image"], known),) if begun else ()
    elif entry.keyword in {"COPY", "ADD"}:
        yield from _FROM.findall(entry.rest)
    elif entry.keyword == "RUN":
        yield from _MOUNTED.findall(entry.rest)


def _once(found: Iterator[Origin]) -> tuple[Origin, ...]:
    first: dict[str, Origin] = {}
    for origin in found:
        first.setdefault(origin.name, origin)
    return tuple(first.values())
