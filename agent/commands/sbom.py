"""`modelyard sbom`: what the image of a release is made of, as packages or as the CycloneDX document itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.command import Command
from agent.commands import purpose
from agent.entry import open_selected, selection_arguments
from agent.errors import ExitCode

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from agent.artifacts import Sbom
    from agent.composition import Opened
    from agent.console import Console


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``sbom``."""
    parser.add_argument(
        "of",
        nargs="?",
        metavar="RELEASE|IMAGE",
        help="a release (its first digits, or a tag), or an image by digest (default: the newest release)",
    )
    selection_arguments(parser)
    parser.add_argument("--json", action="store_true", help="answer the document itself (CycloneDX)")


def run(options: argparse.Namespace, console: Console) -> int:
    """Find the document by what names it, and read it, if it is still the one that was written."""
    from agent.sbom.store import SbomStore
    from agent.view.packages import TITLES, package_rows
    from agent.view.table import answer_table

    opened = open_selected(options, console)
    document = SbomStore(opened.context.ledger).read(_find(options.of, opened))
    rows = package_rows(document)
    if options.json:
        console.answer_json(document)
    elif rows:
        answer_table(console, TITLES, rows)
    else:
        console.say("No package manager left a note in this image; its layers are in the document: --json")
    return ExitCode.DONE


def _find(named: str | None, opened: Opened) -> Sbom:
    from agent.errors import InputMissingError
    from agent.naming import short
    from agent.release.store import ReleaseStore
    from agent.sbom.store import SbomStore

    kept, store = SbomStore(opened.context.ledger), ReleaseStore(opened.context.ledger)
    if named and "sha256:" in named:
        image, what = named.rpartition("@")[2], f"the image {named}"
        found = kept.find(image)
    else:
        digest = store.find(named) if named else _newest(store.all())
        release, what = store.read(digest), f"release {short(digest)}"
        found = release.sbom or kept.find(release.image.digest)
    if found is None:
        raise InputMissingError(f"{what} has no SBOM; `modelyard run --until build_image` makes one for its sources")
    return found


def _newest(releases: Sequence[str]) -> str:
    from agent.errors import InputMissingError

    if not releases:
        raise InputMissingError("there is no release yet; `modelyard run` makes one")
    return releases[0]


COMMAND = Command(name="sbom", help=purpose(__doc__), arguments=arguments, run=run)
