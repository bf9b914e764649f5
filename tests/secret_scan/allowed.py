"""The files that may hold secrets, each for a reason. Nothing else may."""

from __future__ import annotations

from fnmatch import fnmatch
from itertools import pairwise
from typing import TYPE_CHECKING

from tests.secret_scan.clouds import STATE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

MAY_HOLD: Mapping[str, str] = {
    **{f"*/{name}": "a cloud's own state" for name in STATE},
    "*/host.pem": "the key of a test's own server (tests/code_host.py)",
    "*/cloud-demo/build-server.env": "what `modelyard demo --keep` keeps, with the key of its build server",
    "*/key.env": "what a page tells its reader to keep the build server's key in (docs/how-to/accounts.md)",
    "*/test_page_answers_as_shown_*/.docker/config.json": "what `docker login` keeps (docs/how-to/containers.md)",
    "*/test_an_authority_of_ones_own_*/server.pem": "the key of a test's own server",
    "*/aws-config": "profiles of a shell, which a test is told to be (tests/contract/bootstrap/test_command.py)",
    "*/issuer.pem": "the key of a test's own issuer of tokens (tests/issuer.py)",
    "*/token": "what such an issuer gives a build, as a file that only the build reads",
    "*/secrets/MODELYARD_SECRET_ACCESS_KEY": "what the trial's cloud hands to the controller, in files (docker/cloud)",
    "*/ministack/cognito-rsa-key.pem": "a key of the emulator, for a service that is closed here",
}
"""Patterns of paths, and why."""
PUBLISHED = ("*/blobs/sha256/*", "*.whl")
"""Layers of images and wheels: what others published in them has tests with private keys of nobody."""
INSTALLED = frozenset({"site-packages", ".venv", ".tox", "node_modules", ".m2"})
"""Folders of what was installed and not produced; its own tests and examples hold keys of nobody."""


SAY_SECRETS = (("cloud", "env"), ("bootstrap", "key"), ("--", "env"))
"""Commands that are there to tell a secret, once, to whoever asks."""


def may_say(words: Sequence[str]) -> bool:
    """Whether a command may answer with a secret."""
    return any(pair in pairwise(words) for pair in SAY_SECRETS)


def is_published(path: Path) -> bool:
    """Whether a file holds what others published, beside our own."""
    return any(fnmatch(path.as_posix(), pattern) for pattern in PUBLISHED)


def may_hold(path: Path) -> bool:
    """Whether a file may hold secrets."""
    return any(fnmatch(path.as_posix(), pattern) for pattern in MAY_HOLD)
