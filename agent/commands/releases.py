"""`modelyard releases`: what could be promoted, who approved it, and where it is live; or one release in full."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from agent.command import Command
from agent.commands import purpose
from agent.entry import open_selected, selection_arguments
from agent.errors import ExitCode

if TYPE_CHECKING:
    import argparse
    from collections.abc import Container, Iterator, Mapping, Sequence

    from agent.artifacts import Release
    from agent.composition import Opened
    from agent.console import Console
    from agent.ledger.approvals import Approval
    from agent.ports.registry import ModelVersion

_MOST = 20


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``releases``."""
    parser.add_argument(
        "release", nargs="?", metavar="RELEASE", help="only this one, in full: its first digits, or a tag"
    )
    parser.add_argument("--most", type=int, default=_MOST, metavar="N", help=f"list the newest N (default: {_MOST})")
    selection_arguments(parser)
    parser.add_argument("--json", action="store_true", help="answer one JSON document")


@dataclass(frozen=True, kw_only=True)
class ReleaseRow:
    """A release in a list; ``approval`` is what the registry says now, whoever changed it.

    ``branches`` and ``tags`` have come to it; a ``candidate`` is of no main branch and of no tag.
    """

    release: str
    commit: str
    subject: str
    approval: str
    approved_by: str
    metrics: dict[str, float]
    live: Sequence[str]
    branches: Sequence[str]
    tags: Sequence[str]
    candidate: bool


def run(options: argparse.Namespace, console: Console) -> int:
    """Read the ledger, and ask the registry."""
    from agent.release.store import ReleaseStore

    opened = open_selected(options, console)
    store = ReleaseStore(opened.context.ledger)
    live = _live(opened)
    if options.release:
        digest = store.find(options.release)
        sealed = store.sealed(digest)
        key = sealed.key_id if sealed else ""
        _show_one(digest, store.read(digest), opened, live, console, key=key, machine=options.json)
        return ExitCode.DONE
    rows = [_row(digest, store.read(digest), opened, live) for digest in store.all()[: options.most]]
    if options.json:
        console.answer_json([asdict(row) for row in rows])
    elif rows:
        _show_list(rows, opened.configuration.evaluation.metrics, console)
    else:
        console.say("There is no release yet; `modelyard run` makes one.")
    return ExitCode.DONE


def _live(opened: Opened) -> dict[str, str]:
    """The release of each environment that has one."""
    from agent.ledger.environments import Environments

    ledger = Environments(opened.context.ledger)
    current = {name: ledger.current(name) for name in opened.configuration.environments}
    return {name: deployment.release for name, deployment in current.items() if deployment}


def _row(digest: str, release: Release, opened: Opened, live: dict[str, str]) -> ReleaseRow:
    from agent.release.origins import Origins, branches_of_candidate

    version = _version(release, opened)
    origins = Origins(opened.context.ledger).of(digest, release)
    return ReleaseRow(
        release=digest,
        commit=release.commit.sha,
        subject=release.commit.subject,
        approval=str(version.approval) if version else "package is gone",
        approved_by=version.approved_by if version else "",
        metrics={name: metric.value for name, metric in release.evaluation.metrics.items()},
        live=tuple(name for name, there in live.items() if there == digest),
        branches=tuple(name for kind, name in origins if kind == "branch" and name),
        tags=tuple(name for kind, name in origins if kind == "tag"),
        candidate=bool(branches_of_candidate(origins, opened.configuration.main_branches)),
    )


def _version(release: Release, opened: Opened) -> ModelVersion | None:
    return opened.context.accounts.tools.registry.describe(release.package)


def _show_list(rows: Sequence[ReleaseRow], wanted: Container[str], console: Console) -> None:
    """A line for each; of the metrics those that are ``wanted``, for of predictions a dozen are computed."""
    from agent.view.table import answer_table

    answer_table(
        console,
        ("RELEASE", "COMMIT", "FROM", "APPROVAL", "METRICS", "LIVE IN", "SUBJECT"),
        [
            (
                row.release[:12],
                row.commit[:7] or "-",
                _origin(row),
                row.approval,
                " ".join(f"{name}={value:.4g}" for name, value in row.metrics.items() if name in wanted),
                " ".join(row.live) or "-",
                row.subject,
            )
            for row in rows
        ],
    )


def _origin(row: ReleaseRow) -> str:
    """Its tags, or else its branches; whoever promotes sees at once what cannot go to production."""
    names = " ".join(row.tags or row.branches) or "-"
    return f"{names} (candidate)" if row.candidate else names


def _show_one(
    digest: str, release: Release, opened: Opened, live: dict[str, str], console: Console, *, key: str, machine: bool
) -> None:
    """``key`` is what the release says that it was signed by, which only ``modelyard verify`` proves."""
    from agent.pipeline.known import overrides_of

    row, approvals = _row(digest, release, opened, live), _approvals(digest, opened)
    overrides = overrides_of(release, opened.context.ledger)
    if machine:
        given = [approval.model_dump(mode="json") for approval in approvals]
        console.answer_json(
            {
                **asdict(row),
                "key": key,
                "approvals": given,
                "overrides": overrides,
                "manifest": release.model_dump(mode="json"),
            }
        )
        return
    signed = ("signed", f"by key {key}; `modelyard verify` proves it" if key else "not at all")
    for name, text in (*_facts(row, release, overrides), signed, *_given(approvals)):
        console.answer(f"{console.style(name.ljust(16), 'faint')}{text}")


def _approvals(digest: str, opened: Opened) -> tuple[Approval, ...]:
    """What people have approved of a release, by environment, the newest first."""
    from agent.ledger.approvals import Approvals

    kept = Approvals(opened.context.ledger)
    return tuple(one.approval for name in opened.configuration.environments for one in kept.of(name, digest))


def _given(approvals: Sequence[Approval]) -> Iterator[tuple[str, str]]:
    for approval in approvals:
        when = f"{approval.at:%Y-%m-%d %H:%M}Z, until {approval.expires:%Y-%m-%d %H:%M}Z"
        yield f"for {approval.environment}", f"approved by {approval.by} at {when}: {approval.reason}"


def _facts(row: ReleaseRow, release: Release, overrides: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    yield "release", row.release
    yield "commit", f"{release.commit.sha or '-'}{' with uncommitted changes' if release.commit.dirty else ''}"
    yield "", f"{release.commit.subject} ({release.commit.author})"
    yield "from", _origins(row)
    yield "made by", f"{release.who}, run {release.run}{f', {release.build_url}' if release.build_url else ''}"
    for name, data in release.data.items():
        yield f"data {name}", f"{data.digest} ({data.files} files, {data.size} bytes)"
    yield "image", release.image.uri
    if release.sbom:
        yield "", f"SBOM of {release.sbom.packages} packages, sha256 {release.sbom.sha256}; `modelyard sbom` shows it"
    yield "model", release.model.artifact
    yield "", f"sha256 {release.model.sha256}, by {release.model.job}"
    for name, value in release.hyperparameters.items():
        yield f"  {name}", value
    for verdict in release.verdicts:
        where = f", for {' and '.join(verdict.environments)}" if verdict.environments else ""
        told = verdict.reason if verdict.passed else f"{verdict.state}{where}: {verdict.reason}"
        yield f"gate {verdict.gate}", told
        yield from (("", given) for given in overrides.get(verdict.gate, ()))
    yield "package", release.package
    yield "approval", f"{row.approval}{f' by {row.approved_by}' if row.approved_by else ''}"
    yield "live in", " ".join(row.live) or "-"


def _origins(row: ReleaseRow) -> str:
    named = [*(f"tag {tag}" for tag in row.tags), *(f"branch {branch}" for branch in row.branches)]
    candidate = ": a candidate, which production does not take" if row.candidate else ""
    return f"{', '.join(named) or 'no branch'}{candidate}"


COMMAND = Command(name="releases", help=purpose(__doc__), arguments=arguments, run=run)
