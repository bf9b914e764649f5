"""The bill of materials of an image in the project's repository: the one that is kept, or one made of its layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent import naming
from agent.sbom.store import KnownLayers, SbomStore

if TYPE_CHECKING:
    from agent.artifacts import Sbom
    from agent.context import Context


def sbom_of(project: str, digest: str, context: Context) -> Sbom:
    """The document of an image (``sha256:…``); it is made whoever built the image, and whenever that was."""
    store = SbomStore(context.ledger)
    found = store.find(digest)
    if found is not None:
        return found
    from agent.sbom.document import encode

    context.report.doing("writing down what the image is made of")
    target = context.accounts.tools.images.push_target(naming.repository(project))
    contents = context.builder.contents(target, digest, KnownLayers(context.ledger), report=context.report)
    for path in contents.unread:
        context.report.warn(f"the image's packages in /{path} are not in its SBOM: nothing here reads that database")
    return store.keep(digest, encode(contents))
