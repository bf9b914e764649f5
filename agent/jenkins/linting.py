"""What the controller's validator says about a Jenkinsfile, at places in that file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.errors import CloudFailedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.jenkins.controller import Controller

_VALID = "Jenkinsfile successfully validated."
_NO_PIPELINE = "did not contain the 'pipeline' step"
_FAILED = "Errors encountered validating Jenkinsfile:"
_PLACE = re.compile(r"WorkflowScript: (\d+): (.*?)(?: @ line (\d+), column (\d+)\.?)?$", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A message of the validator; line and column from 1, 0 where it names no place."""

    line: int
    column: int
    message: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """``declarative`` is whether there was a `pipeline { }`, which alone the validator judges."""

    declarative: bool
    faults: tuple[Fault, ...] = ()


def validate(controller: Controller, jenkinsfile: str) -> Verdict:
    """Ask the controller about the text of a Jenkinsfile."""
    answer, _ = controller.submit("/pipeline-model-converter/validate", {"jenkinsfile": jenkinsfile})
    if answer.strip() == _VALID:
        return Verdict(declarative=True)
    if answer.rstrip().endswith(_NO_PIPELINE):
        return Verdict(declarative=False)
    if not answer.startswith(_FAILED):
        raise CloudFailedError(f"{controller.url}: the validator's answer is not understood: {answer[:200]}")
    return Verdict(declarative=True, faults=tuple(_faults(answer.removeprefix(_FAILED))))


def _faults(text: str) -> Iterator[Fault]:
    """A fault is a message with its place; the lines after it show the source, which the reader has."""
    found = False
    for line in text.splitlines():
        place = _PLACE.match(line)
        if place:
            found = True
            yield Fault(line=int(place[3] or place[1]), column=int(place[4] or 0), message=place[2])
    if not found and text.strip():
        yield Fault(line=0, column=0, message=" ".join(text.split()))
