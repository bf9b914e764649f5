"""The one way pip is run: by this Python, as a list of words, and with its failures told as what they mean."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from typing import TYPE_CHECKING

from agent.errors import InputMissingError, ModelyardError, TemporaryError, UsageError, UserCodeFailedError

if TYPE_CHECKING:
    from collections.abc import Sequence

_SHOWN_LINES = 12
_CERTIFICATE = re.compile(r"CERTIFICATE_VERIFY_FAILED|SSLCertVerificationError|TLS CA certificate bundle")
_HASH = re.compile(r"DO NOT MATCH THE HASHES")
_NETWORK = re.compile(
    r"NewConnectionError|ConnectTimeout|ReadTimeout|ConnectionResetError|ProtocolError|IncompleteRead|Max retries"
    r"|Connection (?:broken|refused|aborted|reset)|timed out|Could not fetch URL|HTTP error (?:429|5\d\d)"
    r"|name resolution|connection error"
)
_NO_WHEEL = re.compile(r"No matching distribution found|Could not find a version|HTTP error 4\d\d")


def run_pip(words: Sequence[str], doing: str) -> None:
    """Run ``pip`` with these words; ``doing`` begins the message of what goes wrong.

    pip's settings are those of the environment, so index, certificates and credentials are where pip has them.
    """
    if importlib.util.find_spec("pip") is None:
        raise UsageError(
            f"{doing}: {sys.executable} has no pip; install it (`{sys.executable} -m ensurepip`), "
            "or run modelyard with a Python that has it"
        )
    command = [sys.executable, "-m", "pip", *words]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if done.returncode:
        raise pip_failure(done.stdout.decode(errors="replace"), doing)


def pip_failure(output: str, doing: str) -> ModelyardError:
    """The error that pip's ``output`` tells of, with its last lines."""
    kind, advice = _cause(output)
    lines = [line.rstrip() for line in output.splitlines() if line.strip()]
    return kind("\n  ".join((f"{doing}: {advice}; pip said:", *lines[-_SHOWN_LINES:])))


def _cause(output: str) -> tuple[type[ModelyardError], str]:
    """What is wrong, the certain signs first: an index that cannot be reached looks like one that lacks the wheel."""
    if _HASH.search(output):
        return InputMissingError, "a file is not the locked one; lock again if the change is meant"
    if _CERTIFICATE.search(output):
        return UsageError, "the index's certificate is not trusted here; name the right bundle in PIP_CERT"
    if _NETWORK.search(output):
        return TemporaryError, "the package index did not answer; try again"
    if _NO_WHEEL.search(output):
        return InputMissingError, "the index has no wheel of the locked version and hash for it; lock another version"
    return UserCodeFailedError, "pip refuses the requirements file"
