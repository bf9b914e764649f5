"""Shows a run that comes to the same as an earlier one, as if all of it had been gone through again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from agent.view.views import view_for

if TYPE_CHECKING:
    from agent.console import Console
    from agent.pipeline.events import Summary
    from agent.pipeline.unchanged import Memory


@dataclass(frozen=True, kw_only=True)
class _Shown:
    """A stage as far as views look at it."""

    name: str
    title: str


def show_again(memory: Memory, run: str, console: Console, *, machine: bool) -> Summary:
    """Tell what the earlier run told; its summary is now that of ``run``."""
    summary = memory.came_to(run)
    view = view_for(console, [_Shown(name=end.stage, title=end.title) for end in summary.stages], machine=machine)
    with view.showing():
        for event in memory.events(datetime.now(UTC)):
            view.hear(event)
    if machine:
        console.answer_line(summary.document())
    return summary
