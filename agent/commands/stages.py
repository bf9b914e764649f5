"""`modelyard stages`: the stages of a build in their order, for Jenkins, which runs each as a stage of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.command import Command
from agent.commands import purpose
from agent.entry import (
    answer_asked,
    as_asked,
    build_of,
    file_arguments,
    selected,
    selection_arguments,
    stage_arguments,
)
from agent.errors import ExitCode, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from agent.config.model import Configuration
    from agent.console import Console
    from agent.pipeline.groups import Group
    from agent.pipeline.stages import Stage

CONTRACT = 2


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``stages``."""
    selection_arguments(parser)
    stage_arguments(parser)
    parser.add_argument(
        "--action", choices=("promote", "rollback"), help="the stages of a promotion or a rollback instead; needs --to"
    )
    parser.add_argument("--to", metavar="ENV", dest="environment", help="environment of --action")
    file_arguments(parser)
    parser.add_argument("--json", action="store_true", help="one document: groups of levels, in order")


def run(options: argparse.Namespace, console: Console) -> int:
    """Answer the stages."""
    from agent.pipeline.groups import groups

    options = as_asked(options)
    configuration = selected(options)
    found = groups(_stages(options, configuration), milestones=options.action is None)
    if options.json:
        answer_asked(_document(found, configuration, supersedes=options.pr is not None), options, console)
    else:
        _show(found, configuration, console)
    return ExitCode.DONE


def _stages(options: argparse.Namespace, configuration: Configuration) -> Sequence[Stage]:
    from agent.pipeline.promotion import stages_of
    from agent.pipeline.stages import course, select

    if (options.action is None) != (options.environment is None):
        raise UsageError("--action promote or rollback and --to ENV belong together")
    if options.action is not None:
        return stages_of(options.action, configuration, options.environment)
    return select(course(configuration, build_of(options)), first=options.first, until=options.until)


def _document(found: Sequence[Group], configuration: Configuration, *, supersedes: bool) -> dict[str, Any]:
    from agent.pipeline.timeouts import minutes

    return {
        "contract": CONTRACT,
        "project": configuration.project,
        "supersedes": supersedes,
        "groups": [
            {
                "environment": group.environment,
                "lock": group.lock,
                "milestone": group.milestone,
                "levels": [
                    [
                        {
                            "stage": stage.name,
                            "step": stage.step.name,
                            "title": stage.title,
                            "timeout": minutes(stage, configuration),
                        }
                        for stage in level
                    ]
                    for level in group.levels
                ],
            }
            for group in found
        ],
    }


def _show(found: Sequence[Group], configuration: Configuration, console: Console) -> None:
    """A table; stages with one number may run at once."""
    from agent.pipeline.timeouts import minutes
    from agent.view.table import answer_table

    steps = [(group, level) for group in found for level in group.levels]
    answer_table(
        console,
        ("", "STAGE", "TITLE", "AT MOST", "ENVIRONMENT"),
        [
            (
                str(number),
                stage.name,
                stage.title,
                f"{minutes(stage, configuration)} min",
                stage.environment or "-",
            )
            for number, (_, level) in enumerate(steps, start=1)
            for stage in level
        ],
    )


COMMAND = Command(name="stages", help=purpose(__doc__), arguments=arguments, run=run)
