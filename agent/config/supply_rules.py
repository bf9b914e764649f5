"""What must hold inside gates on the image: limits and patterns of which one would silently never apply."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, get_args

from agent.config.field_types import is_inside_repository
from agent.config.finding import Related
from agent.config.supply_gates import Counted
from agent.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path as FilePath

    from agent.config.finding import Finding
    from agent.config.tree import Path
    from agent.config.view import View


def milder_limits_are_wider(view: View) -> Iterator[Finding]:
    """A limit counts what is worse, too: one that allows more than the next milder one is never reached."""
    for path in _of_kind(view, "vulnerabilities"):
        most = (*path, "most")
        written = [severity for severity in get_args(Counted) if view.number((*most, severity)) is not None]
        for worse, milder in pairwise(written):
            allowed, wider = view.number((*most, worse)), view.number((*most, milder))
            if allowed is not None and wider is not None and allowed > wider:
                related = Related(place=view.place((*most, worse)), label="more than that, of a worse severity")
                message = (
                    f"`{milder}: {wider:g}` counts what is {worse}, too, so that `{worse}: {allowed:g}` says nothing"
                )
                hint = f"allow at least {allowed:g}, or leave `{worse}` out"
                yield view.broken("gate-limits", (*most, milder), message, hint, related)


def licenses_are_allowed_or_denied(view: View) -> Iterator[Finding]:
    """A gate on licences refuses some, and none that it allows."""
    for path in _of_kind(view, "licenses"):
        listed = view.texts((*path, "allowed")) or view.texts((*path, "denied"))
        if not listed and view.text((*path, "unknown")) != "refuse":
            message = f"gate `{path[-1]}` neither allows nor denies a licence, so everything passes"
            yield view.broken("gate-limits", path, message, 'write some: for example `denied: ["AGPL-*"]`')
        allowed = {text.lower(): place for place, text in view.texts((*path, "allowed"))}
        for at, text in view.texts((*path, "denied")):
            if text.lower() in allowed:
                related = Related(place=view.place(allowed[text.lower()]), label="allowed here")
                message = f"gate `{path[-1]}` allows and denies `{text}`"
                yield view.broken("gate-limits", at, message, "keep one of the two: what is denied is refused", related)


def keys(view: View) -> Iterator[tuple[Path, str]]:
    """The files of keys that gates on base images name, each with its place."""
    for path in _of_kind(view, "base-image"):
        yield from view.texts((*path, "signed_by"))


def keys_can_be_used(view: View, folder: FilePath) -> Iterator[Finding]:
    """A file that is no public key would refuse every image, after it was built."""
    for path, name in keys(view):
        if is_inside_repository(name) and (folder / name).is_file():
            from agent.images.public_key import PublicKey  # brings `cryptography`

            try:
                PublicKey.of_pem((folder / name).read_bytes(), name)
            except UsageError as error:
                hint = "name the public half of the key that your images are signed with"
                yield view.broken("unusable-key", path, str(error), hint)


def _of_kind(view: View, kind: str) -> Iterator[Path]:
    for name in view.keys(("gates",)):
        if view.value(("gates", name, "kind")) == kind:
            yield ("gates", name)
