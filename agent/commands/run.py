"""`modelyard run`: the whole pipeline on this machine, stage by stage as Jenkins runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.command import Command
from agent.commands import purpose
from agent.entry import chosen_by, dry_run, output_arguments, selection_arguments, stage_arguments
from agent.errors import ExitCode

if TYPE_CHECKING:
    import argparse
    from datetime import datetime
    from pathlib import Path

    from agent.chosen import Chosen
    from agent.composition import Opened
    from agent.console import Console
    from agent.looks import Looks
    from agent.pipeline.events import Event, Summary
    from agent.pipeline.local_state import LocalState

SNAPSHOT = "snapshot_data"
_UNTIL_DATA = frozenset({"validate", "preflight"})
"""The stages before it."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``run``."""
    selection_arguments(parser)
    stage_arguments(parser)
    output_arguments(parser)


def run(options: argparse.Namespace, console: Console) -> int:
    """Run the stages; 0 also for a model that was refused, for that is a result.

    Where the last run changed nothing, it is first asked whether all that it saw is still so (docs/decisions/0015).
    """
    from pathlib import Path

    folder = Path(options.configuration).absolute().parent
    local = None if options.dry_run or options.first else _local_state(folder, options)
    summary = (local and _again(folder, local, options, console)) or _anew(local, options, console)
    if summary is None:
        return ExitCode.DONE
    if not options.json:
        from agent.view.summary import released, say_summary
        from agent.view.verdicts import say_verdicts

        say_verdicts(summary.results, console)
        say_summary(summary, console, done=released(summary))
    return summary.exit_code


def _local_state(folder: Path, options: argparse.Namespace) -> LocalState | None:
    """What this run finds on this machine."""
    import os

    from agent.pipeline.local_state import local_state

    words = [options.configuration, options.branch, options.tag, str(options.pr), str(options.until), *options.settings]
    return local_state(folder, words, os.environ)


def _again(folder: Path, local: LocalState, options: argparse.Namespace, console: Console) -> Summary | None:
    """What the last run came to, if everything is as that run found it."""
    import os
    from datetime import UTC, datetime

    from agent.aws.entering import started_by
    from agent.aws.signed import keys_of, same_answers
    from agent.context import run_id
    from agent.pipeline.unchanged import recollect
    from agent.view.again import show_again

    memory, keys = recollect(folder, local), keys_of(os.environ)
    if memory is None or keys is None:
        return None
    run = run_id(os.environ, datetime.now(UTC))
    if not same_answers(memory.questions, keys, entrance=memory.entrance, started=started_by(os.environ, run)):
        return None
    return show_again(memory, run, console, machine=options.json)


def _anew(local: LocalState | None, options: argparse.Namespace, console: Console) -> Summary | None:
    """What the stages come to; None for a dry run.

    Data are looked at from the start: AWS's client is imported meanwhile, and the accounts are asked.
    """
    from contextlib import closing

    from agent.data.ahead import look_ahead
    from agent.looks import Looks

    chosen = chosen_by(options)
    with closing(Looks()) as looks:
        if asks_for_data(options.first, options.until):
            look_ahead(looks, chosen.configuration.data, bucket=chosen.bucket, folder=chosen.folder)
        return _go_through(chosen, looks, local, options, console)


def asks_for_data(first: str | None, until: str | None) -> bool:
    """Whether stages from ``first`` until ``until`` look at data; a name that is no stage's is refused later.

    It is told without the stages, for they take long to import.
    """
    return first in {None, *_UNTIL_DATA, SNAPSHOT} and until not in {*_UNTIL_DATA, "build_image"}


def _go_through(
    chosen: Chosen,
    looks: Looks,
    local: LocalState | None,
    options: argparse.Namespace,
    console: Console,
) -> Summary | None:
    import os
    from dataclasses import replace

    from agent.aws.questions import Asked
    from agent.composition import end_in_order, open_chosen
    from agent.pipeline.earlier import Earlier
    from agent.pipeline.stages import course, select
    from agent.pipeline.unchanged import memory_of, remember
    from agent.view.plain import PlainReporter
    from agent.view.show import show_run

    heard: list[Event] = []
    asked = Asked()
    opened = open_chosen(chosen, report=PlainReporter(console), environ=os.environ, asked=asked, looks=looks)
    all_stages = course(opened.configuration, opened.build)
    stages = select(all_stages, first=options.first, until=options.until)
    wiring = opened.wiring()
    if options.first:
        wiring = replace(wiring, earlier=Earlier(wiring, opened.context, all_stages))
    if options.dry_run:
        dry_run(stages, opened, wiring, options, console)
        return None
    end_in_order(opened.clock)
    started = opened.clock.now()
    summary = show_run(stages, wiring, opened.context, console, machine=options.json, heard=heard)
    if summary.is_news:
        _keep(summary, opened, started)
    if local is not None:
        remember(chosen.folder, memory_of(local, asked, heard, summary, opened.configuration))
    return summary


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
        tag=info.tag,
        reason=info.reason,
        origin=info.origin,
        commit=opened.commit.sha,
        result=summary.result,
        error=summary.error,
        release=summary.release,
        started=started,
        ended=opened.clock.now(),
        stages=[
            StageOfRun(
                stage=end.stage, step=end.step, status=end.status, seconds=end.seconds, key=end.key, error=end.error
            )
            for end in summary.stages
        ],
        results=summary.results,
    )
    try:
        keep_run(opened.context.ledger, record)
    except ModelyardError as error:
        opened.context.report.warn(f"the ledger does not know of this run: {error}")


COMMAND = Command(name="run", help=purpose(__doc__), arguments=arguments, run=run)
