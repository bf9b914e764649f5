"""`modelyard compare`: what differs between two releases, as a review shows it of a release and what is live."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from agent.command import Command
from agent.commands import purpose
from agent.entry import open_selected, selection_arguments
from agent.errors import ExitCode, UsageError

if TYPE_CHECKING:
    import argparse

    from agent.console import Console
    from agent.report.beside import Beside


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``compare``."""
    names = "its digest, its first digits, a tag, or an environment's name for what is live there"
    parser.add_argument("before", metavar="REL", help=f"the release to compare with: {names}")
    parser.add_argument("after", metavar="REL", help="the release to compare, named in the same way")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="answer one JSON document")
    form.add_argument("--markdown", action="store_true", help="answer Markdown, for a ticket or a comment")
    parser.add_argument("--html", type=Path, metavar="FILE.html", help="write a page, and its stylesheet beside it")
    selection_arguments(parser)


def run(options: argparse.Namespace, console: Console) -> int:
    """Read the ledger, ask the registry and git; write nothing but the page."""
    from agent.pipeline.comparing import compare
    from agent.pipeline.sources import WorkingCopy
    from agent.report.beside import beside_markdown
    from agent.view.comparison import beside, lines

    if options.html is not None and options.html.suffix != ".html":
        raise UsageError(f"--html {options.html} does not end with .html, which keeps it apart from its stylesheet")
    opened = open_selected(options, console)
    configuration = opened.configuration
    copy = WorkingCopy(
        folder=opened.folder,
        configuration=Path(options.configuration).name,
        requirements=configuration.image.requirements,
    )
    found = compare(options.before, options.after, configuration, copy, opened.context)
    if options.html is not None:
        _write(beside(found, configuration.project), options.html)
        console.say(f"The page is {options.html}")
    if options.json:
        console.answer_json(found.model_dump(mode="json"))
    elif options.markdown:
        console.answer(beside_markdown(beside(found, configuration.project)).rstrip("\n"))
    elif options.html is None:
        for line in lines(found):
            console.answer(line)
    return ExitCode.DONE


def _write(found: Beside, page: Path) -> None:
    from agent.report.beside import beside_page
    from agent.request import write_whole

    for name, content in beside_page(found, page.with_suffix(".css").name).items():
        write_whole(page if name == "index.html" else page.with_name(name), content)


COMMAND = Command(name="compare", help=purpose(__doc__), arguments=arguments, run=run)
