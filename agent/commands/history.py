"""`modelyard history`: the releases that an environment had, who brought them, and a metric over all of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from agent.command import Command
from agent.commands import purpose
from agent.entry import open_selected, selection_arguments
from agent.errors import ExitCode, InputMissingError, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from agent.console import Console
    from agent.report.past import Past, Series

_MOST = 20


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``history``."""
    parser.add_argument("environment", metavar="ENV", help="environment")
    parser.add_argument("--metric", default="", metavar="M", help="only this metric (default: all)")
    parser.add_argument("--limit", type=int, default=_MOST, metavar="N", help=f"the newest N (default: {_MOST})")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="draw the metrics over the releases")
    selection_arguments(parser)
    parser.add_argument("--json", action="store_true", help="answer one JSON document")


def run(options: argparse.Namespace, console: Console) -> int:
    """Read the ledger; write nothing but the picture."""
    from agent.pipeline.past import past_of
    from agent.pipeline.wiring import environment_of
    from agent.view.history import history_document, show_history

    if options.limit < 1:
        raise UsageError(f"--limit {options.limit} leaves nothing to show; give a number of deployments from 1 on")
    opened = open_selected(options, console)
    environment_of(opened.configuration, options.environment)
    past = past_of(options.environment, opened.context.ledger, most=options.limit)
    names = _chosen(past, options.metric)
    series = [one for one in map(past.series, names) if one.points]
    if options.svg is not None:
        _draw(past, series, options.svg)
        console.say(f"The picture is {options.svg}")
    if options.json:
        console.answer_json(history_document(past, names))
    elif past.entries:
        show_history(past, series, console)
    else:
        console.say(f"{options.environment} has no history yet: nothing was ever deployed there.")
    return ExitCode.DONE


def _chosen(past: Past, metric: str) -> Sequence[str]:
    """The metrics to show; UsageError for one that no release has."""
    if metric and past.entries and metric not in past.metrics:
        raise UsageError(
            f"no release that {past.environment} had has the metric {metric!r}; "
            f"they have: {', '.join(past.metrics) or 'none'}"
        )
    return (metric,) if metric else past.metrics


def _draw(past: Past, series: Sequence[Series], file: Path) -> None:
    from agent.report.drawing import LIGHT
    from agent.report.trend import trend
    from agent.request import write_whole

    if not series:
        raise InputMissingError(
            f"there is nothing to draw: no release with a metric was ever live in {past.environment}"
        )
    write_whole(file, trend(series, LIGHT, paper="#ffffff"))


COMMAND = Command(name="history", help=purpose(__doc__), arguments=arguments, run=run)
