"""`modelyard publish`: what a build came to, for people: page, JUnit, comment, check, and the run in the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from agent.command import Command
from agent.commands import purpose
from agent.errors import ExitCode, ModelyardError, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from agent.composition import Opened
    from agent.config.model import CodeHost, Configuration
    from agent.console import Console
    from agent.publication.answer import CommentAnswer, LedgerAnswer
    from agent.publication.commenting import Addressed
    from agent.publication.request import PublishRequest
    from agent.report.build import BuildReport, Worked
    from agent.report.data import DataReport
    from agent.report.figures.figure import MeasuredModels
    from agent.report.past import Past


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``publish``."""
    parser.add_argument("--request", type=Path, metavar="FILE", help="what the stages answered, as JSON")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where to write the files")
    parser.add_argument(
        "--result", type=Path, metavar="FILE", help="where to write what Jenkins reads (default: FOLDER/published.json)"
    )
    parser.add_argument("--schema", action="store_true", help="print the JSON Schemas of the files")


def run(options: argparse.Namespace, console: Console) -> int:
    """Write the files first, and again with what AWS could tell besides: it must not keep people from the report."""
    import os
    from dataclasses import replace

    from agent.publication.answer import Published
    from agent.publication.commenting import addressed
    from agent.publication.files import write_answer, write_files
    from agent.publication.request import PublishRequest, read_publish_request
    from agent.report.comment import comment, short_comment
    from agent.report.gates import GatesDocument
    from agent.report.summary import badges, check, description

    if options.schema:
        schemas = {
            "request": PublishRequest.model_json_schema(),
            "published": Published.model_json_schema(mode="serialization"),
            "gates": GatesDocument.model_json_schema(mode="serialization"),
        }
        console.answer_json(schemas)
        return ExitCode.DONE
    if options.request is None or options.out is None:
        raise UsageError("--request FILE and --out FOLDER are needed")
    request = read_publish_request(options.request)
    answer = options.result or options.out / "published.json"
    answer.unlink(missing_ok=True)
    configuration = _configuration(request, console)
    report, page = _report(request, configuration, os.environ), request.report_url
    to = addressed(_code_host(configuration), os.environ, pull_request=report.facts.pull_request)
    write_files(report, options.out, to.dialect, page=page)
    opened, closed = _open(request, console)
    published = Published(
        description=description(report),
        badges=badges(report),
        check=check(report, short_comment(report, page=page)),
        comment=_comment(to, comment(report, to.dialect, page=page), console),
        ledger=_keep(request, report, opened, closed, console),
    )
    write_answer(published, answer)
    if published.ledger.state != "failed":
        past = _past(report, opened, closed, console)
        told = replace(
            report,
            past=past,
            data=_data(request, report, past, opened, console),
            models=_models(report, opened, console),
            worked=_worked(request, opened, console),
        )
        if told != report:
            write_files(told, options.out, to.dialect, page=page)
    console.say(f"{published.description}\nThe report is {options.out / 'report' / 'index.html'}")
    return ExitCode.DONE


def _configuration(request: PublishRequest, console: Console) -> Configuration | None:
    """The configuration of the build; None, and that is said, where it is wrong: the report may be about that."""
    from agent.config.loading import Selection, load
    from agent.pipeline.repository import commit_of

    file = Path(request.configuration)
    branch = request.run.branch or commit_of(file.absolute().parent).branch
    selection = Selection(branch=branch or None, pull_request=request.run.pull_request)
    try:
        return load(file, selection=selection, settings=request.settings).configuration
    except ModelyardError as error:
        console.say(f"the report is made without the configuration: {str(error).splitlines()[0]}", "warning")
        return None


def _code_host(configuration: Configuration | None) -> CodeHost:
    from agent.config.model import CodeHost

    return configuration.code_host if configuration else CodeHost()


def _report(request: PublishRequest, configuration: Configuration | None, environ: Mapping[str, str]) -> BuildReport:
    from agent.publication.facts import facts_of, project_of
    from agent.report.building import build_report

    file = Path(request.configuration).absolute()
    metrics = configuration.evaluation.metrics if configuration else {}
    project = configuration.project if configuration else project_of(file)
    return build_report(
        facts_of(request, file.parent, project, environ),
        request.all_outcomes(),
        result=request.result,
        better={name: metric.better for name, metric in metrics.items()},
        prices=configuration.prices if configuration else {},
    )


def _comment(to: Addressed, body: str, console: Console) -> CommentAnswer:
    """Create or update the comment; what keeps it from being there is said."""
    import os

    from agent.publication.commenting import TOKEN, put_comment

    tried = to.place is not None and bool(os.environ.get(TOKEN, "").strip())
    answer = put_comment(to.place, body, os.environ) if to.place is not None and tried else to.answer
    if answer.state == "failed":
        console.say(f"there is no comment on the pull request: {answer.reason}", "warning")
    return answer


def _open(request: PublishRequest, console: Console) -> tuple[Opened | None, str]:
    """The repository with its ledger, or why it cannot be opened."""
    import os

    from agent.composition import open_repository
    from agent.view.plain import PlainReporter

    try:
        opened = open_repository(
            Path(request.configuration),
            report=PlainReporter(console),
            branch=request.run.branch,
            pull_request=request.run.pull_request,
            settings=request.settings,
            environ=os.environ,
            who=request.run.who,
        )
    except ModelyardError as error:
        return None, str(error).splitlines()[0]
    return opened, ""


def _keep(
    request: PublishRequest, report: BuildReport, opened: Opened | None, closed: str, console: Console
) -> LedgerAnswer:
    """Leave the build in the ledger; where it cannot be reached, the build has been done nevertheless."""
    from agent.publication.answer import LedgerAnswer
    from agent.publication.record import did_something, keep_build

    if request.kind == "review":
        return LedgerAnswer(state="none", reason="the build goes on")
    if not did_something(report):
        return LedgerAnswer(state="none", reason="everything was there already")
    if opened is not None:
        try:
            keep_build(opened.context.ledger, report, request.all_outcomes())
        except ModelyardError as error:
            closed = str(error).splitlines()[0]
        else:
            return LedgerAnswer(state="kept")
    console.say(f"the ledger does not know of this build: {closed}", "warning")
    return LedgerAnswer(state="failed", reason=closed)


def _past(report: BuildReport, opened: Opened | None, closed: str, console: Console) -> Past | None:
    """What is to be shown of past releases; a report without them is better than none."""
    from agent.pipeline.past import past_to_show

    if opened is not None:
        promotion, known = report.promotion, tuple(opened.configuration.environments)
        try:
            return past_to_show((promotion.environment,) if promotion else known, opened.context.ledger)
        except (ModelyardError, ValueError) as error:  # ValueError: an entry that a newer modelyard wrote
            closed = str(error).splitlines()[0]
    console.say(f"the report does not show past releases: {closed}", "warning")
    return None


def _data(
    request: PublishRequest, report: BuildReport, past: Past | None, opened: Opened | None, console: Console
) -> DataReport | None:
    """What is to be told of the data; a promotion brings none of its own."""
    from agent.pipeline.told_data import told_data

    if opened is None or report.promotion:
        return None
    try:
        return told_data(request.all_outcomes(), report.release, past, opened.context.ledger)
    except (ModelyardError, ValueError) as error:
        console.say(f"the report does not show how the data have changed: {str(error).splitlines()[0]}", "warning")
        return None


def _models(report: BuildReport, opened: Opened | None, console: Console) -> MeasuredModels | None:
    """What the models predict, as far as that can be read."""
    from agent.pipeline.measured import measured_models

    if opened is None:
        return None
    objects = opened.context.accounts.tools.objects
    try:
        return measured_models(report.evaluation, report.champions, objects)
    except (ModelyardError, ValueError) as error:
        console.say(f"the report does not show what the model predicts: {str(error).splitlines()[0]}", "warning")
        return None


def _worked(request: PublishRequest, opened: Opened | None, console: Console) -> Mapping[str, Worked]:
    """How results came about that were there already."""
    from agent.pipeline.worked import worked_before

    if opened is None:
        return {}
    try:
        return worked_before(request.all_outcomes(), opened.context.ledger)
    except ModelyardError as error:
        console.say(f"the report does not show how long earlier builds took: {str(error).splitlines()[0]}", "warning")
        return {}


COMMAND = Command(name="publish", help=purpose(__doc__), arguments=arguments, run=run)
