"""Runs stages while people or programs watch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.pipeline.run import run_stages
from agent.view.views import view_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.console import Console
    from agent.context import Context
    from agent.pipeline.events import Summary
    from agent.pipeline.stages import Stage
    from agent.pipeline.wiring import Wiring


def show_run(stages: Sequence[Stage], wiring: Wiring, context: Context, console: Console, *, machine: bool) -> Summary:
    """Run the stages in the view that fits the console; for programs the summary is the last line."""
    view = view_for(console, stages, machine=machine)
    with view.showing():
        summary = run_stages(stages, wiring, context, view)
    if machine:
        console.answer_line(summary.document())
    return summary
