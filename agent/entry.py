"""What the commands on a model repository share: their options, opening it, and showing what is done to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.errors import ExitCode

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from agent.chosen import Chosen
    from agent.composition import Opened
    from agent.config.builds import Build
    from agent.config.loading import Effective
    from agent.config.model import Configuration
    from agent.console import Console
    from agent.pipeline.stages import Stage
    from agent.pipeline.wiring import Wiring


def selection_arguments(parser: argparse.ArgumentParser) -> None:
    """Which configuration, and for which run of it."""
    parser.add_argument("--configuration", default="modelyard.yaml", metavar="FILE", help="default: modelyard.yaml")
    parser.add_argument("--branch", default="", help="as if on this branch (default: the one that is checked out)")
    parser.add_argument("--tag", default="", help="as for this tag: a release, and its name")
    parser.add_argument("--pr", type=int, metavar="N", help="as for this pull request: compare, but release nothing")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", dest="settings", help="override one key; repeatable"
    )


def file_arguments(parser: argparse.ArgumentParser) -> None:
    """Files in place of words, as Jenkins asks: no value of its stands on a command line."""
    from pathlib import Path

    parser.add_argument("--request", type=Path, metavar="FILE", help="what is asked, as JSON, in place of the options")
    parser.add_argument("--result", type=Path, metavar="FILE", help="where to write the answer, as JSON")


def as_asked(options: argparse.Namespace) -> argparse.Namespace:
    """The options; where there is a request, what it says in their place. UsageError for one that cannot be read."""
    if options.request is None:
        return options
    import argparse

    from agent.request import CommandRequest, read_document

    asked = read_document(options.request, CommandRequest)
    given = {
        "configuration": asked.configuration,
        "settings": list(asked.settings),
        "branch": asked.run.branch,
        "tag": asked.run.tag,
        "pr": asked.run.pull_request,
        "until": asked.until or None,
        "first": asked.first or None,
        "action": None if asked.action == "run" else asked.action,
        "environment": asked.to or None,
    }
    return argparse.Namespace(**{**vars(options), **given})


def answer_asked(document: Mapping[str, Any], options: argparse.Namespace, console: Console) -> None:
    """The answer, into the file that is named for it or else to standard output."""
    if options.result is None:
        console.answer_json(document)
        return
    from agent.request import write_document

    write_document(options.result, document)


def build_of(options: argparse.Namespace) -> Build:
    """What the build is of that the options of :func:`selection_arguments` speak of."""
    from pathlib import Path

    from agent.config.builds import Build
    from agent.pipeline.repository import branch_of

    branch = options.branch or branch_of(Path(options.configuration).absolute().parent)
    return Build(branch="" if options.tag else branch, tag=options.tag, pull_request=options.pr)


def selected(options: argparse.Namespace) -> Configuration:
    """The configuration for that build; nothing is asked of AWS."""
    return written(options).configuration


def written(options: argparse.Namespace) -> Effective:
    """The same, with where each of its values was written."""
    from pathlib import Path

    from agent.config.loading import Selection, load

    build = build_of(options)
    selection = Selection(branch=build.branch or None, tag=build.tag or None, pull_request=build.pull_request)
    return load(Path(options.configuration), selection=selection, settings=options.settings)


def stage_arguments(parser: argparse.ArgumentParser) -> None:
    """Which stages."""
    parser.add_argument("--until", metavar="STAGE", help="end after this stage")
    parser.add_argument(
        "--from", metavar="STAGE", dest="first", help="begin here, with what earlier stages answered before"
    )


def strategy_argument(parser: argparse.ArgumentParser) -> None:
    """How the update moves."""
    from agent.deployment.strategy import CHOICES

    parser.add_argument("--strategy", choices=CHOICES, default=CHOICES[0], help=f"default: {CHOICES[0]}")


def output_arguments(parser: argparse.ArgumentParser) -> None:
    """How much is done, and who reads what is told."""
    parser.add_argument("--dry-run", action="store_true", help="print what would be written, and write nothing")
    parser.add_argument("--json", action="store_true", help="one event a line; the last one is the summary")


def chosen_by(options: argparse.Namespace) -> Chosen:
    """The model repository that the options of :func:`selection_arguments` name."""
    from pathlib import Path

    from agent.chosen import choose

    file = Path(options.configuration)
    return choose(file, branch=options.branch, tag=options.tag, pull_request=options.pr, settings=options.settings)


def open_selected(options: argparse.Namespace, console: Console) -> Opened:
    """The same, ready to be worked on."""
    import os

    from agent.composition import open_chosen
    from agent.view.plain import PlainReporter

    return open_chosen(chosen_by(options), report=PlainReporter(console), environ=os.environ)


def dry_run(
    stages: Sequence[Stage], opened: Opened, wiring: Wiring, options: argparse.Namespace, console: Console
) -> int:
    """Plan the stages, and show the plan."""
    from agent.pipeline.dry_run import plan_stages
    from agent.view.plan import plan_document, say_plan

    planned = plan_stages(stages, wiring, opened.context)
    if options.json:
        for stage in planned:
            console.answer_line(plan_document(stage))
    else:
        say_plan(planned, console)
    return ExitCode.DONE


def deploy(stages: Sequence[Stage], opened: Opened, options: argparse.Namespace, console: Console, *, done: str) -> int:
    """Run the stages of a promotion or a rollback, or plan them; ``done`` is the sentence for success.

    A release that gates keep out lacks somebody's word, as one without an approval does: exit code 5.
    """
    from agent.composition import end_in_order
    from agent.pipeline.events import Status
    from agent.view.show import show_run
    from agent.view.summary import say_summary

    if options.dry_run:
        return dry_run(stages, opened, opened.wiring(), options, console)
    end_in_order(opened.clock)
    summary = show_run(stages, opened.wiring(), opened.context, console, machine=options.json)
    if not options.json:
        say_summary(summary, console, done=done)
    return ExitCode.INPUT_MISSING if summary.result is Status.REFUSED else summary.exit_code
