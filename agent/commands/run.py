"""`modelyard run`: the whole pipeline on this machine, stage by stage as Jenkins runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.command import Command
from agent.commands import purpose
from agent.entry import dry_run, open_selected, output_arguments, selection_arguments, stage_arguments

if TYPE_CHECKING:
    import argparse
    from datetime import datetime

    from agent.composition import Opened
    from agent.console import Console
    from agent.pipeline.events import Summary


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``run``."""
    selection_arguments(parser)
    stage_arguments(parser)
    output_arguments(parser)


def run(options: argparse.Namespace, console: Console) -> int:
    """Run the stages; 0 also for a model that was refused, for that is a result."""
    from dataclasses import replace

    from agent.composition import end_in_order
    from agent.pipeline.earlier import Earlier
    from agent.pipeline.stages import select
    from agent.view.show import show_run
    from agent.view.summary import released, say_summary

    stages = select(first=options.first, until=options.until, pull_request=options.pr is not None)
    opened = open_selected(options, console)
    wiring = opened.wiring()
    if options.first:
        wiring = replace(wiring, earlier=Earlier(wiring, opened.context))
    if options.dry_run:
        return dry_run(stages, opened, wiring, options, console)
    end_in_order(opened.clock)
    started = opened.clock.now()
    summary = show_run(stages, wiring, opened.context, console, machine=options.json)
    if summary.changed:
        _keep(summary, opened, started)
    if not options.json:
        say_summary(summary, console, done=released(summary))
    return summary.exit_code


def _keep(summary: Summary, opened: Opened, started: datetime) -> None:
    """Leave the run in the ledger; where it cannot be reached, the run has been done nevertheless."""
    from agent.errors import ModelyardError
    from agent.ledger.runs import RunRecord, StageOfRun, keep_run

    info = opened.context.run
    record = RunRecord(
        id=info.id,
        who=info.who,
        build_url=info.build_url,
        branch=info.branch,
        pull_request=info.pull_request,
        commit=opened.commit.sha,
        result=summary.result,
        error=summary.error,
        release=summary.release,
        started=started,
        ended=opened.clock.now(),
        stages=[
            StageOfRun(step=end.step, status=end.status, seconds=end.seconds, key=end.key, error=end.error)
            for end in summary.stages
        ],
        results=summary.results,
    )
    try:
        keep_run(opened.context.ledger, record)
    except ModelyardError as error:
        opened.context.report.warn(f"the ledger does not know of this run: {error}")


COMMAND = Command(name="run", help=purpose(__doc__), arguments=arguments, run=run)
