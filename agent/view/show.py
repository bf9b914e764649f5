"""Runs stages while people or programs watch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.pipeline.run import run_stages
from agent.view.views import view_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.console import Console
    from agent.context import Context
    from agent.pipeline.events import Event, Listener, Summary
    from agent.pipeline.stages import Stage
    from agent.pipeline.wiring import Wiring


@dataclass(frozen=True, kw_only=True)
class _Noting:
    """A listener that keeps what it passes on."""

    to: Listener
    events: list[Event] = field(default_factory=list)

    def hear(self, event: Event) -> None:
        """See :class:`agent.pipeline.events.Listener`."""
        self.events.append(event)
        self.to.hear(event)


def show_run(
    stages: Sequence[Stage],
    wiring: Wiring,
    context: Context,
    console: Console,
    *,
    machine: bool,
    heard: list[Event] | None = None,
) -> Summary:
    """Run the stages in the view that fits the console; for programs the summary is the last line.

    What happens is also kept in ``heard``.
    """
    view = view_for(console, stages, machine=machine)
    with view.showing():
        listener = view if heard is None else _Noting(to=view, events=heard)
        summary = run_stages(stages, wiring, context, listener)
    if machine:
        console.answer_line(summary.document())
    return summary
