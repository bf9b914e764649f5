"""`modelyard status`: what every environment serves, really, and how the last runs ended."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from textwrap import shorten
from typing import TYPE_CHECKING, Any

from agent.command import Command
from agent.commands import purpose
from agent.entry import open_selected, selection_arguments
from agent.errors import ExitCode, ModelyardError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from datetime import datetime

    from agent.composition import Opened
    from agent.config.environment import Environment
    from agent.console import Console
    from agent.ledger.environments import Deployment
    from agent.ledger.runs import RunRecord

_LONG_REASON = 40


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``status``."""
    selection_arguments(parser)
    parser.add_argument("--json", action="store_true", help="answer one JSON document")


@dataclass(frozen=True, kw_only=True)
class EnvironmentStatus:
    """An environment: the release that the ledger says is live, and what its endpoint says itself."""

    environment: str
    release: str
    since: str
    by: str
    approved_by: str
    approval_reason: str
    endpoint: str


def run(options: argparse.Namespace, console: Console) -> int:
    """Read the ledger, and ask the endpoints."""
    from agent.ledger.runs import last_runs
    from agent.view.table import answer_table

    opened = open_selected(options, console)
    ledger = opened.context.ledger
    environments = list(_environments(opened))
    runs = last_runs(ledger)
    if options.json:
        console.answer_json(
            {
                "environments": [asdict(one) for one in environments],
                "runs": [_run_document(one) for one in runs],
                "ledger": ledger.uri(""),
            }
        )
        return ExitCode.DONE
    answer_table(
        console,
        ("ENVIRONMENT", "RELEASE", "SINCE", "BY", "ENDPOINT"),
        [(one.environment, one.release[:12] or "-", one.since, _by(one), one.endpoint) for one in environments],
    )
    if runs:
        console.answer("")
        answer_table(
            console,
            ("LAST RUN OF", "RESULT", "ENDED", "RELEASE", "RUN"),
            [(_of(one), _result(one), _time(one.ended), (one.release or "")[:12] or "-", one.id) for one in runs],
        )
    console.say(f"The ledger is {ledger.uri('')}", "faint")
    return ExitCode.DONE


def _environments(opened: Opened) -> Iterator[EnvironmentStatus]:
    from agent.ledger.environments import Environments

    ledger = Environments(opened.context.ledger)
    for name, environment in opened.configuration.environments.items():
        current = ledger.current(name)
        yield EnvironmentStatus(
            environment=name,
            release=current.release if current else "",
            since=_time(current.ended) if current else "",
            by=f"{current.action} by {current.who}" if current else "",
            approved_by=current.approval.by if current and current.approval else "",
            approval_reason=current.approval.reason if current and current.approval else "",
            endpoint=_endpoint(opened, environment, current),
        )


def _by(one: EnvironmentStatus) -> str:
    if not one.approved_by:
        return one.by
    return f"{one.by}, approved by {one.approved_by}: {shorten(one.approval_reason, _LONG_REASON, placeholder=' ...')}"


def _endpoint(opened: Opened, environment: Environment, current: Deployment | None) -> str:
    """What the endpoint itself says; not being allowed to ask is an answer too."""
    try:
        account = opened.context.accounts.assume(
            account=environment.account,
            region=environment.region,
            role=environment.deploy_role,
            external_id=environment.external_id,
        )
        live = account.endpoints.describe(environment.endpoint.name)
    except ModelyardError as error:
        return f"cannot be asked: {error}"
    if live is None:
        return f"{environment.endpoint.name} does not exist"
    if current is not None and live.config != current.config:
        return f"{live.name} is {live.status}, but serves {live.config} instead of {current.config}"
    return f"{live.name} is {live.status}"


def _run_document(record: RunRecord) -> dict[str, Any]:
    return record.model_dump(mode="json", exclude={"results"})


def _of(record: RunRecord) -> str:
    if record.pull_request is not None:
        return f"pull request {record.pull_request}"
    return f"tag {record.tag}" if record.tag else record.branch or "-"


def _result(record: RunRecord) -> str:
    ended = next((stage.stage or stage.step for stage in record.stages if stage.status == record.result), "")
    return f"{record.result} at {ended}" if record.result != "done" and ended else record.result


def _time(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M:%S}Z"


COMMAND = Command(name="status", help=purpose(__doc__), arguments=arguments, run=run)
