"""What a person can choose from who promotes or rolls back: releases, environments, and ways to get there."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from agent.deployment.strategy import CHOICES
from agent.ledger.environments import Environments
from agent.naming import short
from agent.release.store import ReleaseStore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from agent.artifacts import Release
    from agent.config.model import Configuration
    from agent.ledger.ledger import Ledger

MOST = 30
"""How many releases are offered; an older one can still be named."""
_HISTORY = 30
"""How far back an environment's past is read."""
_AT_ONCE = 16


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A release to choose: its digest, and a line for people."""

    value: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Choices:
    """All choices, the newest first; ``rollback`` has what each environment can go back to."""

    project: str
    releases: Sequence[Offer]
    environments: Sequence[str]
    strategies: Sequence[str]
    rollback: Mapping[str, Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class _Past:
    """What an environment has, and what it had before, the newest first."""

    live: str = ""
    earlier: Sequence[str] = ()


def choices(configuration: Configuration, ledger: Ledger) -> Choices:
    """All choices: one listing and one read for each release, a listing and some reads for each environment."""
    store, environments = ReleaseStore(ledger), Environments(ledger)
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="choices") as pool:
        names = list(configuration.environments)
        pasts = pool.map(lambda name: _past(environments, name), names)
        dated = store.dated()[:MOST]
        releases = list(pool.map(store.read, [digest for digest, _ in dated]))
        past = dict(zip(names, pasts, strict=True))
    return Choices(
        project=configuration.project,
        releases=tuple(
            Offer(value=digest, label=_label(digest, made, release, _live(digest, past)))
            for (digest, made), release in zip(dated, releases, strict=True)
        ),
        environments=tuple(names[1:]),
        strategies=CHOICES,
        rollback={name: one.earlier for name, one in past.items() if one.earlier},
    )


def _past(environments: Environments, name: str) -> _Past:
    done = [one.release for one in islice(environments.newest_first(name), _HISTORY) if one.status == "done"]
    live, *earlier = dict.fromkeys(done) or [""]
    return _Past(live=live, earlier=tuple(earlier))


def _live(digest: str, past: Mapping[str, _Past]) -> list[str]:
    return [name for name, one in past.items() if one.live == digest]


def _label(digest: str, made: datetime, release: Release, live: Sequence[str]) -> str:
    metrics = " ".join(f"{name}={metric.value:.4g}" for name, metric in release.evaluation.metrics.items())
    parts = (
        short(digest),
        f"{made:%Y-%m-%d %H:%M}",
        metrics,
        f"live in {', '.join(live)}" if live else "",
        release.commit.branch,
        release.commit.subject,
    )
    return " | ".join(part for part in parts if part)
