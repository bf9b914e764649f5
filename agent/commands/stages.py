"""`modelyard stages`: the stages of the pipeline in their order, for Jenkins, which runs each as a stage of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.command import Command
from agent.commands import purpose
from agent.entry import selection_arguments, stage_arguments
from agent.errors import ExitCode

if TYPE_CHECKING:
    import argparse

    from agent.console import Console

CONTRACT = 1


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``stages``."""
    selection_arguments(parser)
    stage_arguments(parser)
    parser.add_argument("--json", action="store_true", help="levels of stages that may run at once, in order")


def run(options: argparse.Namespace, console: Console) -> int:
    """Answer the stages."""
    from agent.pipeline.stages import levels, select

    found = levels(select(first=options.first, until=options.until, pull_request=options.pr is not None))
    if options.json:
        rows = [[{"step": stage.name, "title": stage.title} for stage in level] for level in found]
        console.answer_json({"contract": CONTRACT, "levels": rows})
    else:
        for level in found:
            console.answer("  ".join(stage.name for stage in level))
    return ExitCode.DONE


COMMAND = Command(name="stages", help=purpose(__doc__), arguments=arguments, run=run)
