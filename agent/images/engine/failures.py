"""What an engine's words mean: whose fault a failure is decides the exit code, and who has to do what."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.errors import (
    AccessDeniedError,
    CloudFailedError,
    InputMissingError,
    ModelyardError,
    TemporaryError,
    UsageError,
    UserCodeFailedError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agent.images.engine.build_log import BuildLog
    from agent.images.engine.dockerfile import Dockerfile

_FULL = re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE)
_DENIED = re.compile(
    r"\bdenied\b|not authorized|no basic auth|unauthorized|authorization token has expired|\b40[13]\b", re.IGNORECASE
)
_PASSING = re.compile(
    r"\bEOF\b|reset by peer|broken pipe|connection refused|time-?out|timed out|too ?many ?requests|rate exceeded"
    r"|throttl|\b(?:429|50[0234])\b|internal (?:server )?error|service unavailable|temporar|no such host|TLS handshake"
    r"|invalid checksum digest format|unexpected end|blob upload (?:unknown|invalid)"  # an answer that was cut off
    # Another build was faster, and has taken away the name that both have given their image.
    r"|does not exist locally|tag does not exist|no such image|could not find image|failed to get digest",
    re.IGNORECASE,
)
_GONE = re.compile(r'(?:unable to find image|no such image:) "?sha256:', re.IGNORECASE)
"""Docker looks for a step in its cache, image by image, while somebody else removes one of them."""
_FIXED_TAG = re.compile(r"immutable|cannot be overwritten", re.IGNORECASE)
_PARSING = re.compile(r"dockerfile parse error|unknown instruction|failed to parse|syntax error", re.IGNORECASE)
_LINE = re.compile(r"line (\d+)")
_BUILDKIT = re.compile(r"requires BuildKit|--mount option|--chmod option|--link", re.IGNORECASE)


def build_failure(
    message: str, *, log: BuildLog | None, dockerfile: Dockerfile, base: str, host: str
) -> ModelyardError:
    """A build that ended in ``message`` after what is in its log; ``base`` is the image it begins with."""
    step, last_lines = (log.step, log.last_lines) if log else (None, ())
    if _FULL.search("\n".join((message, *last_lines[-3:]))):
        return full_disk(f"building {dockerfile.name}", message, host)
    instruction = dockerfile.at(step.number, step.text) if step else None
    where = f"{dockerfile.name}:{instruction.line if instruction else _parsed_line(message)}".removesuffix(":")
    if step is not None and step.keyword == "FROM":
        return base_failure(f"{where}: {step.text} (base image {base})", message, host)
    shown = f"{where}: {step.text}" if step else where
    if _GONE.search(message):
        return TemporaryError(f"{shown}: an image was removed from the engine at {host} meanwhile: {message}")
    output = "".join(f"\n  | {line}" for line in last_lines)
    hint = "\nthe engine's own builder knows no BuildKit syntax; write it without" if _BUILDKIT.search(message) else ""
    return UserCodeFailedError(f"{shown}\n{_reason(message)}{output}{hint}")


def base_failure(what: str, message: str, host: str) -> ModelyardError:
    """An image to begin with that the engine neither has nor gets."""
    if _FULL.search(message):
        return full_disk(what, message, host)
    return InputMissingError(
        f"{what}: it cannot be pulled: {message}; check its name (`image.base_image`), log in to its "
        f"registry (`docker login`), or load it into the engine at {host}"
    )


def api_failure(what: str, message: str, host: str) -> ModelyardError:
    """A call that an engine refused with ``message``."""
    if _FULL.search(message):
        return full_disk(what, message, host)
    return CloudFailedError(f"{what}: the engine at {host} refuses: {message}")


def refused_build(message: str, dockerfile: Dockerfile, base: str, host: str) -> ModelyardError:
    """A build that the engine did not begin: most often the Dockerfile is none."""
    if _PARSING.search(message):
        return UserCodeFailedError(f"{dockerfile.name}:{_parsed_line(message)}".removesuffix(":") + f": {message}")
    if "target" in message.lower() and "stage" in message.lower():
        return UsageError(f"{dockerfile.name}: {message}; `image.target` names one of its stages")
    return build_failure(message, log=None, dockerfile=dockerfile, base=base, host=host)


def push_failure(message: str, name: str, host: str) -> ModelyardError:
    """A push of ``name`` that ended in ``message``."""
    what = f"pushing {name}"
    if _FULL.search(message):
        return full_disk(what, message, host)
    if _DENIED.search(message):
        return AccessDeniedError(f"{what}: {message}; the identity needs the permissions of `modelyard bootstrap`")
    if _PASSING.search(message):
        return TemporaryError(f"{what}: {message}")
    if "HTTP response to HTTPS" in message:
        return UsageError(
            f"{what}: {message}; name the registry in `insecure-registries` of the engine at {host}, or use an engine "
            "of the registry's machine"
        )
    return CloudFailedError(f"{what}: {message}")


def is_fixed_tag(message: str) -> bool:
    """Whether a push failed because the tag names an image already and cannot move."""
    return _FIXED_TAG.search(message) is not None


def full_disk(what: str, message: str, host: str) -> CloudFailedError:
    """The engine's disk is full; trying again would not help, removing what nobody needs does."""
    return CloudFailedError(
        f"{what}: the disk of the engine at {host} is full: {message}; make room there (`docker system prune`)"
    )


def without(text: str, secrets: Iterable[str]) -> str:
    """The text with stars for secrets."""
    for secret in secrets:
        text = text.replace(secret, "***")
    return text


def _parsed_line(message: str) -> str:
    found = _LINE.search(message)
    return found[1] if found else ""


def _reason(message: str) -> str:
    """The engine's words, without the command that has been shown."""
    found = re.search(r"returned a non-zero code: (\d+)", message)
    if found is None:
        return message
    killed = " (killed; out of memory?)" if found[1] == "137" else ""
    return f"ended with exit code {found[1]}{killed}"
