"""A fault and what is to become of it: the declaration that the tests run and that the reference page is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.errors import ExitCode

if TYPE_CHECKING:
    from tests.faults.forge import Child
    from tests.faults.scene import Scene

During = Callable[["Child"], object]
"""What happens to an agent while it is at work."""
Strike = Callable[["Scene"], AbstractContextManager[During | None]]
"""Lets a fault be for as long as the block lasts; the end of the block is its cure."""
ONCE: Mapping[str, int] = {"CreateTrainingJob": 1, "CreateModelPackage": 1}
TWICE: Mapping[str, int] = {"CreateTrainingJob": 2, "CreateModelPackage": 1}
NOTHING: Mapping[str, int] = {"CreateTrainingJob": 0, "CreateModelPackage": 0}


@dataclass(frozen=True, kw_only=True)
class Case:
    """One fault; ``what`` and ``rerun`` tell people, all else is compared.

    ``words`` are those of the command during the fault, where ``RELEASE`` stands for the release of a run before it,
    and ``settings`` are given to its training. It ends with ``exit_code`` and says all of ``says``; the ledger has its
    attempt at ``step`` as ``noted``, where it has one. ``asked`` is how often it and its rerun together ask SageMaker
    for what must not be done twice. The rerun ends well, with the release of an undisturbed run. ``fresh`` for a
    project without a past.
    """

    name: str
    step: str
    what: str
    strike: Strike
    exit_code: ExitCode = ExitCode.DONE
    says: tuple[str, ...] = ()
    noted: str = ""
    words: tuple[str, ...] = ("run",)
    settings: Mapping[str, object] = field(default_factory=dict)
    asked: Mapping[str, int] = field(default_factory=lambda: ONCE)
    fresh: bool = False
    rerun: str = "goes on where it was"
