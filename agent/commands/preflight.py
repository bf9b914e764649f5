"""`modelyard preflight`: whether every account lets the pipeline do its work, and how to mend what does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.command import Command
from agent.commands import purpose
from agent.entry import open_selected, selection_arguments, written
from agent.errors import ExitCode
from agent.wording import counted

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from agent.config.tree import MappingNode
    from agent.console import Console
    from agent.preflight.finding import Finding

_CONTRACT = 1


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``preflight``."""
    selection_arguments(parser)
    parser.add_argument(
        "--strict", action="store_true", help=f"end with exit code {int(ExitCode.WARNED)} where there are warnings"
    )
    parser.add_argument("--json", action="store_true", help="answer one JSON document")


def run(options: argparse.Namespace, console: Console) -> int:
    """Look, and show what was found; the exit code is that of the gravest error."""
    from agent.pipeline.wiring import wire_preflight
    from agent.preflight.finding import in_order
    from agent.preflight.preflight import QUICK, look_at

    opened = open_selected(options, console)
    document = written(options).document
    inputs = wire_preflight(opened.wiring())
    found = in_order(
        look_at(inputs.configuration, opened.context.accounts, inputs.image_sources, limits=QUICK, with_quotas=True)
    )
    code = _exit_code(found, strict=options.strict)
    if options.json:
        console.answer_json(_document(found, document, code, opened.configuration.project))
    else:
        _show(found, document, console)
    return code


def _exit_code(found: Sequence[Finding], *, strict: bool) -> ExitCode:
    from agent.preflight.finding import as_error, of

    error = as_error(found)
    if error is not None:
        return error.exit_code
    return ExitCode.WARNED if strict and of("warning", found) else ExitCode.DONE


def _document(found: Sequence[Finding], document: MappingNode, code: int, project: str) -> dict[str, Any]:
    return {
        "contract": _CONTRACT,
        "project": project,
        "exit_code": int(code),
        "findings": [
            {**finding.model_dump(mode="json"), "configuration": _place(finding.key, document)} for finding in found
        ],
    }


def _show(found: Sequence[Finding], document: MappingNode, console: Console) -> None:
    from agent.preflight.finding import of
    from agent.view.table import answer_table

    rows: list[tuple[str, ...]] = []
    for finding in found:
        rows.append((finding.severity, finding.place, finding.account, finding.region, finding.what, finding.why))
        places = [place for place in (_place(finding.key, document), finding.template) if place]
        if finding.severity != "ok" and (finding.fix or places):
            at = f" ({', '.join(places)})" if places else ""
            rows.append(("", "", "", "", "", f"fix: {finding.fix or 'mend it'}{at}"))
    answer_table(console, ("", "NAME", "ACCOUNT", "REGION", "WHAT", "FOUND"), rows)
    errors, warnings = len(of("error", found)), len(of("warning", found))
    style = "error" if errors else "warning" if warnings else "good"
    console.say(
        f"{len(found)} checks: {counted(errors, 'error')}, {counted(warnings, 'warning')}, "
        f"{len(found) - errors - warnings} well",
        style,
    )


def _place(key: str, document: MappingNode) -> str:
    """File and line of a key, or of the section that it is missing from; empty for no key."""
    from agent.config.tree import node_at, value_place

    path = tuple(key.split(".")) if key else ()
    while path:
        if node_at(document, path) is not None:
            place = value_place(document, path)
            return place.text.name if place.text.name.startswith("--") else f"{place.text.name}:{place.line}"
        path = path[:-1]
    return ""


COMMAND = Command(name="preflight", help=purpose(__doc__), arguments=arguments, run=run)
