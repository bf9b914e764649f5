"""`modelyard verify`: whether a release is what was signed, with an environment's rights or by a public key alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.command import Command
from agent.commands import purpose
from agent.entry import open_selected, selection_arguments
from agent.errors import ExitCode, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from pathlib import Path

    from agent.composition import Opened
    from agent.console import Console
    from agent.release.envelope import VerificationKey
    from agent.release.verification import Checked, Refused


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``verify``."""
    from pathlib import Path

    parser.add_argument("release", metavar="RELEASE", help="the release: its digest, the first digits, or a tag")
    parser.add_argument(
        "--for", metavar="ENV", dest="environment", help="with the rights of this environment (default: the last one)"
    )
    parser.add_argument(
        "--key",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="public key in PEM whose signature counts, and no other; repeatable",
    )
    parser.add_argument(
        "--offline", type=Path, metavar="FOLDER", help="ask no account: verify what this folder holds, with --key"
    )
    parser.add_argument("--deep", action="store_true", help="read every object of the data snapshots, too")
    parser.add_argument(
        "--save", type=Path, metavar="FOLDER", help="write the signed release, its public key and its SBOM there"
    )
    selection_arguments(parser)
    parser.add_argument("--json", action="store_true", help="answer one JSON document")


def run(options: argparse.Namespace, console: Console) -> int:
    """Look at everything that the release names, tell what was found, and end with what is wrong."""
    keys = _keys(options)
    digest, outcomes = _offline(options, keys) if options.offline else _online(options, keys, console)
    return _tell(digest, outcomes, console, machine=options.json)


def _keys(options: argparse.Namespace) -> tuple[VerificationKey, ...]:
    from agent.errors import InputMissingError
    from agent.release.envelope import VerificationKey

    missing = [str(path) for path in options.key if not path.is_file()]
    if missing:
        raise InputMissingError(f"there is no file {', '.join(missing)}")
    return tuple(VerificationKey.of_pem(path.read_bytes(), str(path)) for path in options.key)


def _offline(options: argparse.Namespace, keys: Sequence[VerificationKey]) -> tuple[str, tuple[Checked | Refused, ...]]:
    from agent.release.audit import audit, find_release

    if not keys:
        raise UsageError("without an account nobody vouches for a key: name the public key that counts with --key FILE")
    if options.deep or options.save or options.environment:
        raise UsageError("--deep, --save and --for ask accounts; they do not go with --offline")
    file = find_release(options.offline, options.release)
    return file.stem, audit(file, keys)


def _online(
    options: argparse.Namespace, keys: Sequence[VerificationKey], console: Console
) -> tuple[str, tuple[Checked | Refused, ...]]:
    from agent.deployment.order import enter
    from agent.pipeline.wiring import environment_of
    from agent.release.store import ReleaseStore
    from agent.release.verification import Demands, examine

    opened = open_selected(options, console)
    configuration, context = opened.configuration, opened.context
    environment = environment_of(configuration, options.environment or list(configuration.environments)[-1])
    store = ReleaseStore(context.ledger)
    digest = store.find(options.release)
    pinned = {"trusted_keys": tuple(key.id for key in keys)} if keys else {}
    demands = Demands(
        releases=configuration.releases.model_copy(update=pinned),
        production=environment.production,
        deep=options.deep,
    )
    outcomes = examine(
        store.read(digest), digest, demands, tools=context.accounts.tools, target=enter(environment, context)
    )
    if options.save:
        _save(options.save, digest, opened)
    return digest, outcomes


def _save(place: Path, digest: str, opened: Opened) -> None:
    from agent.aws.objects import parse_location
    from agent.errors import InputMissingError
    from agent.release.keys import KnownKeys
    from agent.release.statement import decode
    from agent.release.store import ReleaseStore

    sealed = ReleaseStore(opened.context.ledger).sealed(digest)
    if sealed is None:
        raise InputMissingError(f"release {digest} is not signed: there is nothing to save that anybody could verify")

    release = decode(sealed.payload)
    place.mkdir(parents=True, exist_ok=True)
    if release.sbom:
        objects = opened.context.accounts.tools.objects
        location = parse_location(release.sbom.uri)
        objects.download(location.bucket, location.key, place / location.key.rpartition("/")[2])
    (place / f"{digest}.json").write_bytes(sealed.content)
    key = KnownKeys(opened.context.ledger).find(sealed.key_id).key
    (place / f"{key.id}.pem").write_bytes(key.pem)


def _tell(digest: str, outcomes: Sequence[Checked | Refused], console: Console, *, machine: bool) -> int:
    from agent.naming import short
    from agent.release.verification import Refused, refusal
    from agent.view.table import answer_table

    refused = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    rows = [_row(outcome) for outcome in outcomes]
    if machine:
        checks = [{"what": what, "result": result, "found": found} for result, what, found in rows]
        console.answer_json({"contract": 1, "release": digest, "verified": not refused, "checks": checks})
    else:
        answer_table(console, ("RESULT", "WHAT", "FOUND"), rows)
    if refused:
        raise refusal(f"release {short(digest)} is not what was signed", refused)
    return ExitCode.DONE


def _row(outcome: Checked | Refused) -> tuple[str, str, str]:
    from agent.release.audit import NOT_HERE
    from agent.release.verification import Refused

    if isinstance(outcome, Refused):
        return "WRONG", outcome.what, str(outcome.error)
    return "-" if outcome.found.startswith((NOT_HERE, "not signed")) else "ok", outcome.what, outcome.found


COMMAND = Command(name="verify", help=purpose(__doc__), arguments=arguments, run=run)
