"""The gate `base-image`: all that an image is built from is named by digest, and is from where it may be from.

A tag is whatever its owner, or a thief of the owner's password, puts there tomorrow. Whether a base image is signed is
written in no recipe; by its digest it is at least always the same one (docs/decisions/0038).
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from pydantic import Field

from agent.artifacts import Judgement
from agent.gates.accepting import counted, listed
from agent.step import StepModel

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agent.config.supply_gates import BaseImageGate

_BY_DIGEST = "@sha256:"


class BaseImage(StepModel):
    """An image that is built from, by the recipe's name of it, and where that stands."""

    name: str = Field(description="The recipe's name of it.")
    where: str = Field(description="Where the recipe names it.")


def judge(name: str, gate: BaseImageGate, images: Sequence[BaseImage]) -> Judgement:
    """Count the images with something against them."""
    faults = {image: tuple(_faults(image, gate)) for image in images}
    wrong = [f"{image.name} ({image.where}) {' and '.join(found)}" for image, found in faults.items() if found]
    passed = not wrong
    found = f"{counted(len(images), 'base image')} named by digest" if images else "it is built from no other image"
    told = found if passed else f"{counted(len(wrong), 'base image')} may not be built upon: {listed(wrong)}"
    return Judgement(
        metric="base images that may not be built upon",
        value=len(wrong),
        limit=0,
        comparison="at most",
        passed=passed,
        reason=f"{told} (gate `{name}`)",
    )


def _faults(image: BaseImage, gate: BaseImageGate) -> Iterator[str]:
    if _BY_DIGEST not in image.name:
        yield "floats: name it by its digest, NAME@sha256:…"
    if gate.sources and not any(fnmatchcase(image.name, pattern) for pattern in gate.sources):
        yield f"is from elsewhere than {' or '.join(gate.sources)}"
