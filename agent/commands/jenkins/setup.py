"""`modelyard jenkins setup`: make or update the folder, the jobs and the views of this model repository."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.command import Command
from agent.commands import purpose
from agent.commands.jenkins.connected import connect, controller_arguments, place_arguments
from agent.errors import ExitCode, UsageError

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from agent.console import Console
    from agent.jenkins.setup import Change
    from agent.jenkins.wanted import Wanted

_STYLES = {"created": "good", "updated": "good", "unchanged": "faint"}
_WOULD = {"created": "would be created", "updated": "would be updated", "unchanged": "unchanged"}
_COLOURS = {"+": "good", "-": "error", "@": "faint"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``setup``."""
    controller_arguments(parser)
    place_arguments(parser)
    parser.add_argument(
        "--repository", default="", metavar="URL", help="git URL of the model repository (default: the remote origin)"
    )
    parser.add_argument(
        "--credentials", default="", metavar="ID", help="id of the Jenkins credentials that read it (default: none)"
    )
    parser.add_argument(
        "--source",
        choices=["git", "github"],
        default="git",
        help="where branches come from; github also builds pull requests (default: git)",
    )
    parser.add_argument(
        "--library",
        default="modelyard",
        metavar="NAME[@VERSION]",
        help="the library of the vars, as the controller knows it (default: modelyard)",
    )
    parser.add_argument(
        "--agent",
        default="",
        metavar="LABEL[/MODE]",
        help="nodes of promotions and overrides, and how modelyard runs there",
    )
    parser.add_argument(
        "--network", default="", metavar="NAME", help="network of the containers of promotions and overrides"
    )
    parser.add_argument(
        "--identity",
        default="",
        metavar="ID",
        help="id of the Jenkins credentials of promotions and overrides in the tools account",
    )
    parser.add_argument(
        "--branch",
        default="main",
        help="branch that is retrained, and whose configuration rules promotions and overrides (default: main)",
    )
    parser.add_argument(
        "--retrain", default="", metavar="CRON", help="when to train again, such as 'H H(2-4) * * 1' (default: never)"
    )
    parser.add_argument(
        "--scan", type=int, default=5, metavar="MINUTES", help="how often to look for branches; 0: never (default: 5)"
    )
    parser.add_argument(
        "--keep", type=int, default=30, metavar="DAYS", help="how long a branch that is gone is kept (default: 30)"
    )
    parser.add_argument("--no-views", action="store_true", help="leave the views of the controller alone")
    parser.add_argument("--dry-run", action="store_true", help="only show what would change")
    parser.add_argument("--json", action="store_true", help="answer one JSON document")


def run(options: argparse.Namespace, console: Console) -> int:
    """Show the differences, and make them."""
    controller, wanted = connect(options), _wanted(options)
    from agent.jenkins.setup import apply, plan

    changes = plan(controller, wanted, views=not options.no_views)
    if not options.json:
        _say_differences(changes, console)
    done = changes if options.dry_run else list(apply(controller, changes))
    if options.json:
        console.answer_json({"url": controller.url, "dry_run": options.dry_run, "jobs": list(map(document, done))})
    else:
        words = _WOULD if options.dry_run else {outcome: outcome for outcome in _STYLES}
        for change in done:
            console.say(f"  {change.name}  {console.style(words[change.outcome], _STYLES[change.outcome])}")
    return ExitCode.DONE


def document(change: Change) -> dict[str, Any]:
    """A change for programs."""
    return {"name": change.name, "kind": change.kind, "outcome": change.outcome, "diff": change.diff}


def _say_differences(changes: list[Change], console: Console) -> None:
    coloured = console.machines.isatty()
    for line in "\n".join(change.diff for change in changes if change.diff).splitlines():
        style = _COLOURS.get(line[:1], "") if coloured else ""
        console.answer(console.style(line, style) if style else line)


def _wanted(options: argparse.Namespace) -> Wanted:
    from pathlib import Path

    from agent.config.loading import load
    from agent.deployment.strategy import CHOICES
    from agent.jenkins.jobs import LONGEST_SCAN
    from agent.jenkins.wanted import Wanted

    if not 0 <= options.scan <= LONGEST_SCAN:
        raise UsageError(f"--scan {options.scan}: expected minutes from 0 (never) to {LONGEST_SCAN} (30 days)")
    file = Path(options.configuration)
    configuration = load(file).configuration
    repository, subfolder = _repository(file.absolute().parent, options.repository)
    label, _, mode = options.agent.partition("/")
    return Wanted(
        folder=options.folder.strip("/") or configuration.project,
        project=configuration.project,
        repository=repository,
        credentials=options.credentials,
        identity=options.identity,
        library=options.library,
        agent=label,
        mode=mode,
        network=options.network,
        source=options.source,
        branch=options.branch,
        retrain_schedule=options.retrain,
        subfolder=subfolder,
        environments=list(configuration.environments)[1:],
        strategies=CHOICES,
        scan_minutes=options.scan,
        keep_days=options.keep,
    )


def _repository(folder: Path, given: str) -> tuple[str, str]:
    """The address of the repository, and the model's folder in it."""
    from agent.pipeline.repository import origin_of, place_in_repository

    address = given or origin_of(folder)
    if not address:
        raise UsageError(
            f"{folder} has no git remote `origin`: say with --repository from where Jenkins gets the model repository"
        )
    return address, place_in_repository(folder)


COMMAND = Command(name="setup", help=purpose(__doc__), arguments=arguments, run=run)
