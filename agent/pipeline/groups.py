"""The stages as a build server goes through them: what acts on one environment is one group, under one lock."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from agent.pipeline.stages import levels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.pipeline.stages import Stage


@dataclass(frozen=True, kw_only=True)
class Group:
    """Consecutive levels that act on one environment, or on none.

    ``lock`` is held from the first to the last; a build that an older one has not overtaken passes the ``milestone``.
    """

    environment: str
    lock: str
    milestone: int | None
    levels: tuple[tuple[Stage, ...], ...]


def groups(stages: Sequence[Stage], *, milestones: bool = True) -> tuple[Group, ...]:
    """The groups of stages, in order; those that change something have a milestone each, if there are any."""
    found: list[Group] = []
    for (environment, lock), members in groupby(levels(stages), key=_place):
        passed = sum(group.lock != "" for group in found)
        found.append(
            Group(
                environment=environment,
                lock=lock,
                milestone=passed + 1 if milestones and lock else None,
                levels=tuple(members),
            )
        )
    return tuple(found)


def _place(level: Sequence[Stage]) -> tuple[str, str]:
    """Where a level acts: stages that act on an environment stand alone in theirs."""
    return level[0].environment, level[0].lock
