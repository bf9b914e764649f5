"""What a step may touch, and nothing else: accounts, ledger, image builder, clock, and who listens."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.looks import Looks
from agent.visit import Visit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from agent.ledger.ledger import Ledger
    from agent.ports.account import Accounts
    from agent.ports.images import ImageBuilder
    from agent.ports.reporter import Reporter
    from agent.ports.time import Clock


@dataclass(frozen=True, kw_only=True)
class RunInfo:
    """Which run a step belongs to: an id of its own, and where people can look at it.

    ``who`` started it: a person's login or the job's name; ``build_url`` is empty outside Jenkins. ``reason`` says
    why it was started where nobody pushed anything, ``origin`` which release it came from.
    """

    id: str
    who: str
    build_url: str = ""
    branch: str = ""
    pull_request: int | None = None
    tag: str = ""
    reason: str = ""
    origin: str = ""


def run_id(environ: Mapping[str, str], now: datetime) -> str:
    """Jenkins's own name of the build (``BUILD_TAG``), or one of its own by the time."""
    return environ.get("BUILD_TAG") or f"{now:%Y%m%dT%H%M%SZ}-{os.urandom(3).hex()}"


@dataclass(frozen=True, kw_only=True)
class Context:
    """The surroundings of one step.

    ``folder`` is the model repository; ``key`` the running step's content key, which names what it makes; ``stop_jobs``
    whether an interrupted step stops its jobs rather than leave them to be adopted; ``visit`` how long it may wait;
    ``looks`` what the run has seen.
    """

    accounts: Accounts
    ledger: Ledger
    builder: ImageBuilder
    clock: Clock
    report: Reporter
    run: RunInfo
    folder: Path
    stop_jobs: bool = False
    key: str = ""
    visit: Visit = field(default_factory=Visit)
    looks: Looks = field(default_factory=Looks)
