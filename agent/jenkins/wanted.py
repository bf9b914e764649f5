"""What the jobs of one model repository are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

BUILD, PROMOTE, RETRAIN, OVERRIDE = "build", "promote", "retrain", "override"
"""The jobs' names in their folder."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the jobs of one model repository are made of.

    ``folder`` is the full name of their folder on the controller, ``subfolder`` that of the model in its repository;
    ``environments`` are those that a release can be promoted to. ``credentials`` read the repository, ``identity`` is
    the one in the tools account.
    """

    folder: str
    project: str
    repository: str
    credentials: str = ""
    identity: str = ""
    library: str = "modelyard"
    agent: str = ""
    mode: str = ""
    network: str = ""
    source: Literal["git", "github"] = "git"
    branch: str = "main"
    retrain_schedule: str = ""
    subfolder: str = ""
    environments: Sequence[str] = ()
    strategies: Sequence[str] = ("configured",)
    scan_minutes: int = 5
    keep_days: int = 30
