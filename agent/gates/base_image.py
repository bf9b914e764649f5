"""The gate `base-image`: all that an image is built from is named by digest, from where it may be from, and signed.

A tag is whatever its owner, or a thief of the owner's password, puts there tomorrow. By its digest an image is always
the same one (docs/decisions/0038), and its signature says who vouches for it (docs/decisions/0044).
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from pydantic import Field

from agent.artifacts import Judgement
from agent.gates.accepting import listed
from agent.step import StepModel
from agent.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from agent.config.supply_gates import BaseImageGate
    from agent.gates.signed import Proof

_BY_DIGEST = "@sha256:"


class BaseImage(StepModel):
    """An image that is built from, by the recipe's name of it, and where that stands."""

    name: str = Field(description="The recipe's name of it.")
    where: str = Field(description="Where the recipe names it.")

    @property
    def floats(self) -> bool:
        """Whether it may be another one tomorrow."""
        return _BY_DIGEST not in self.name


def judge(name: str, gate: BaseImageGate, images: Sequence[BaseImage], proofs: Mapping[str, Proof]) -> Judgement:
    """Count the images with something against them; ``proofs`` of their signatures are by their names."""
    faults = {image: tuple(_faults(image, gate, proofs)) for image in images}
    wrong = [f"{image.name} ({image.where}) {' and '.join(found)}" for image, found in faults.items() if found]
    passed = not wrong
    found = _found(images, proofs) if images else "it is built from no other image"
    told = found if passed else f"{counted(len(wrong), 'base image')} may not be built upon: {listed(wrong)}"
    return Judgement(
        metric="base images that may not be built upon",
        value=len(wrong),
        limit=0,
        comparison="at most",
        passed=passed,
        reason=f"{told} (gate `{name}`)",
    )


def _found(images: Sequence[BaseImage], proofs: Mapping[str, Proof]) -> str:
    keys = sorted({proof.by for proof in proofs.values()})
    signed = f", signed by {' and '.join(keys)}" if keys else ""
    return f"{counted(len(images), 'base image')} named by digest{signed}"


def _faults(image: BaseImage, gate: BaseImageGate, proofs: Mapping[str, Proof]) -> Iterator[str]:
    if image.floats:
        yield "floats: name it by its digest, NAME@sha256:…"
    if gate.sources and not any(fnmatchcase(image.name, pattern) for pattern in gate.sources):
        yield f"is from elsewhere than {' or '.join(gate.sources)}"
    if image.name in proofs and proofs[image.name].fault:
        yield proofs[image.name].fault
