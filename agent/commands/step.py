"""`modelyard step NAME`: one step by itself, as Jenkins runs it: values come and go in files."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.command import Command
from agent.commands import purpose
from agent.errors import ExitCode, InterruptedRunError, ModelyardError
from agent.registry import find_step, step_names, summary

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from agent.composition import Opened
    from agent.console import Console
    from agent.pipeline.stages import Stage
    from agent.pipeline.wiring import Wiring
    from agent.request import StepRequest
    from agent.step import Step, StepModel


class _StepParser(argparse.ArgumentParser):
    """Shows a step's own fields in its help, and imports the step only then."""

    def format_help(self) -> str:
        name = self.prog.rpartition(" ")[2]
        self.description = summary(name)
        self.formatter_class = argparse.RawDescriptionHelpFormatter
        self.epilog = "\n".join(_fields(name))
        return super().format_help()


def _fields(name: str) -> Iterator[str]:
    from agent.view.fields import field_lines

    step = find_step(name)
    yield from field_lines("inputs, of which a request may give any", step.inputs)
    yield from field_lines("result", step.result)
    yield "\nA request with `wait_seconds` is a visit: where AWS is at work for longer, the answer has the status"
    yield "`waiting` and exit code 0, and the step goes on when it is asked again with the `state` of that answer."


def arguments(parser: argparse.ArgumentParser) -> None:
    """One subcommand for each step."""
    choices = parser.add_subparsers(metavar="STEP", required=True, dest="step", parser_class=_StepParser)
    for name in step_names():
        sub = choices.add_parser(name)
        sub.add_argument("--request", type=Path, metavar="FILE", help="what to do, as JSON (default: what fits here)")
        sub.add_argument("--result", type=Path, metavar="FILE", help="where to write what came of it, as JSON")
        sub.add_argument("--dry-run", action="store_true", help="print what would be written, and write nothing")
        sub.add_argument("--uses", action="store_true", help="print what it uses beside AWS (engine), and do nothing")
        sub.add_argument("--schema", action="store_true", help="print the JSON Schemas of inputs and result")
    parser.epilog = f"steps: {', '.join(step_names())}"


def run(options: argparse.Namespace, console: Console) -> int:
    """Run the step; the result file is written however it ends."""
    from agent.request import failure_document

    if options.schema:
        step = find_step(options.step)
        console.answer_json(
            {"inputs": step.inputs.model_json_schema(), "result": step.result.model_json_schema(mode="serialization")}
        )
        return ExitCode.DONE
    if options.uses:
        for one in _used(options):
            console.answer(one)
        return ExitCode.DONE
    if options.result is not None:
        # Whoever reads the file after an agent was lost must not find an earlier step's answer there.
        options.result.unlink(missing_ok=True)
    try:
        document = _run(options, console)
    except ModelyardError as error:
        interrupted = isinstance(error, InterruptedRunError)
        _write(options.result, failure_document(options.step, error, interrupted=interrupted), console, quiet=True)
        raise
    if document is not None:
        if document["recalled"]:
            console.say("done before; nothing is left to do" if document["key"] else "nothing to do here", "faint")
        _write(options.result, document, console)
    return ExitCode.DONE


def _used(options: argparse.Namespace) -> tuple[str, ...]:
    """Asks for no identity: whoever wants to know may have none yet."""
    from agent.config.loading import Selection, load
    from agent.pipeline.repository import commit_of
    from agent.pipeline.used import used
    from agent.request import read_request

    request = read_request(options.request, options.step)
    file = Path(request.configuration)
    branch = request.run.branch or commit_of(file.absolute().parent).branch
    tag = request.run.tag
    selection = Selection(branch=branch or None, tag=tag or None, pull_request=request.run.pull_request)
    return used(options.step, load(file, selection=selection, settings=request.settings).configuration)


def _run(options: argparse.Namespace, console: Console) -> Mapping[str, Any] | None:
    """The result document; None for a dry run."""
    import os

    from agent.composition import end_in_order, open_repository
    from agent.pipeline.decisions import wire_decision
    from agent.pipeline.lookup import Wanted, find_stage
    from agent.release.store import ReleaseStore
    from agent.request import read_request, skipped_document, with_inputs
    from agent.view.plain import PlainReporter
    from agent.visit import Visit

    step = find_step(options.step)
    request = read_request(options.request, step.name)
    opened = open_repository(
        Path(request.configuration),
        report=PlainReporter(console),
        branch=request.run.branch,
        pull_request=request.run.pull_request,
        settings=request.settings,
        environ=_environment(request, os.environ),
        who=request.run.who,
        tag=request.run.tag,
        reason=request.run.reason,
        origin=request.run.origin,
        visit=Visit(budget=request.wait_seconds, state=request.state),
    )
    end_in_order(opened.clock)
    wanted = Wanted(step=step.name, stage=request.stage, inputs=request.inputs, results=request.results)
    found = find_stage(wanted, opened.configuration, opened.build, ReleaseStore(opened.context.ledger))
    wired = (
        found.stage.wire(_wiring(opened, request, found.stages))
        if found.stage
        else wire_decision(step.name, opened.configuration, found.inputs)
    )
    if request.interrupted:
        # Not before: what is under way can only be found out by a clock that goes.
        opened.clock.interrupt("the build was aborted")
    if found.stage and wired is None and not request.inputs:
        opened.clock.check()
        return skipped_document(step.name)
    inputs = with_inputs(step, wired, dict(found.inputs))
    if options.dry_run:
        _say_plan(step, inputs, opened, console)
        return None
    return answer(step, inputs, opened)


def answer(step: Step[Any, Any], inputs: StepModel, opened: Opened) -> Mapping[str, Any]:
    """The result document of a step that goes on as long as the visit lasts.

    An aborted build's work is put in order instead: InterruptedRunError.
    """
    from agent.bootstrap.missing import explaining
    from agent.request import result_document, waiting_document
    from agent.runner import leave_step, run_step
    from agent.visit import ComeAgain

    if opened.clock.interrupted:
        leave_step(step, inputs, opened.context)
    try:
        with explaining(opened.configuration):
            return result_document(step.name, run_step(step, inputs, opened.context))
    except ComeAgain as leaving:
        if opened.clock.interrupted:
            # The signal came when the wait had ended already.
            leave_step(step, inputs, opened.context)
        return waiting_document(step.name, step.key(inputs), leaving, opened.context.visit)


def _wiring(opened: Opened, request: StepRequest, stages: Sequence[Stage]) -> Wiring:
    """Earlier results are those of the request; what it does not have is recalled."""
    from dataclasses import replace

    from agent.pipeline.earlier import Earlier
    from agent.pipeline.lookup import step_of
    from agent.request import earlier_results

    steps = {stage: find_step(step_of(stage)) for stage in request.results}
    wiring = replace(opened.wiring(), results=earlier_results(request, steps))
    return replace(wiring, earlier=Earlier(wiring, opened.context, stages))


def _environment(request: StepRequest, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment, with what the request says of the run in place of what Jenkins's variables say."""
    given = {"BUILD_TAG": request.run.id, "BUILD_URL": request.run.build_url}
    return {**environ, **{name: value for name, value in given.items() if value}}


def _say_plan(step: Step[Any, Any], inputs: StepModel, opened: Opened, console: Console) -> None:
    from agent.runner import plan_step

    actions = plan_step(step, inputs, opened.context)
    for action in actions:
        note = f" ({action.note})" if action.note else ""
        console.answer(f"{action.operation} {action.resource} in {action.account}{note}")
    if not actions:
        console.say("Nothing would be written.")


def _write(path: Path | None, document: Mapping[str, Any], console: Console, *, quiet: bool = False) -> None:
    """The result file; without one the result goes to standard output."""
    from agent.request import write_document

    if path is not None:
        write_document(path, document)
    elif not quiet:
        console.answer_json(document)


COMMAND = Command(name="step", help=purpose(__doc__), arguments=arguments, run=run)
