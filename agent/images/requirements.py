"""Requirements files that leave nothing open, because an image has to hold the same libraries whoever builds it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement

from agent.errors import InputMissingError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_HASH = re.compile(r"\s--hash[= ](\S+)")
_COMMENT = re.compile(r"(^|\s)#.*$")
_OPTIONS = ("-i", "--index-url", "--extra-index-url", "--trusted-host", "--pre", "--prefer-binary", "--only-binary")
_LOCK = "lock the file with hashes, for example: uv pip compile --universal --generate-hashes requirements.in"
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


@dataclass(frozen=True, kw_only=True)
class LockedRequirement:
    """One version of one distribution, and the ``hashes`` (``sha256:…``) that its files may have."""

    requirement: Requirement
    hashes: tuple[str, ...]

    def wanted(self, environment: Mapping[str, str]) -> bool:
        """Whether its marker, if it has one, holds in an environment (PEP 508)."""
        marker = self.requirement.marker
        return marker is None or marker.evaluate(dict(environment))

    def line(self) -> str:
        """As pip reads it, without the marker: pip would ask it of the Python that runs pip, not of the image's."""
        bare = Requirement(str(self.requirement))
        bare.marker = None
        return " ".join((str(bare), *(f"--hash={digest}" for digest in self.hashes)))


@dataclass(frozen=True, kw_only=True)
class LockFile:
    """What a requirements file asks for, and the ``options`` (which index, and the like) that pip shall read, too."""

    requirements: tuple[LockedRequirement, ...]
    options: tuple[str, ...] = ()


def read_lock(file: Path) -> LockFile:
    """Read a requirements file; UsageError, with its line, for a requirement that it leaves open."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputMissingError(f"{file} does not exist; it is the requirements file of the image") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputMissingError(f"{file} cannot be read: {error}; it is the requirements file of the image") from error
    return parse_lock(text, str(file))


def parse_lock(text: str, origin: str) -> LockFile:
    """What a requirements file's ``text`` locks; ``origin`` names the file in errors."""
    requirements, options = [], []
    for number, line in _logical_lines(text):
        if line.startswith("-"):
            options.append(_option(line, f"{origin}:{number}"))
        else:
            requirements.append(_requirement(line, f"{origin}:{number}"))
    return LockFile(requirements=tuple(requirements), options=tuple(options))


def target_environment(python: str, platform: str) -> dict[str, str]:
    """What markers (PEP 508) are asked of: CPython ``python`` (``3.11``) on ``platform`` (``linux/amd64``).

    The patch version is not known. It is taken to be 0, so that what only the early ones need is there.
    """
    return {
        "implementation_name": "cpython",
        "implementation_version": f"{python}.0",
        "os_name": "posix",
        "platform_machine": machine(platform),
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": f"{python}.0",
        "python_version": python,
        "sys_platform": "linux",
        "extra": "",
    }


def machine(platform: str) -> str:
    """The processor as Linux names it (``x86_64``), of a platform as Docker names it (``linux/amd64``)."""
    system, _, processor = platform.partition("/")
    if system != "linux" or processor not in _MACHINES:
        known = " or ".join(f"linux/{name}" for name in _MACHINES)
        raise UsageError(f"there are no images for the platform {platform!r}; set `image.platform` to {known}")
    return _MACHINES[processor]


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Each line that says something, joined where it goes on behind a backslash, with the number of its first."""
    parts: list[str] = []
    first = 0
    for number, raw in enumerate(text.splitlines(), 1):
        first = first if parts else number
        line = _COMMENT.sub("", raw).rstrip()
        parts.append(line.removesuffix("\\"))
        if line.endswith("\\"):
            continue
        joined = " ".join(parts).strip()
        parts = []
        if joined:
            yield first, joined
    if parts and " ".join(parts).strip():
        yield first, " ".join(parts).strip()


def _option(line: str, where: str) -> str:
    name = re.split(r"[= ]", line, maxsplit=1)[0]
    if name not in _OPTIONS:
        raise UsageError(
            f"{where}: `{name}` has no place in an image's requirements file, which holds all that it asks for; {_LOCK}"
        )
    return line


def _requirement(line: str, where: str) -> LockedRequirement:
    hashes = tuple(_HASH.findall(line))
    words = _HASH.sub("", line).strip()
    try:
        requirement = Requirement(words)
    except InvalidRequirement as error:
        raise UsageError(f"{where}: {words!r} is not a requirement: {error}; write name==version") from error
    _check(requirement, hashes, where)
    return LockedRequirement(requirement=requirement, hashes=hashes)


def _check(requirement: Requirement, hashes: tuple[str, ...], where: str) -> None:
    if not hashes:
        raise UsageError(f"{where}: `{requirement.name}` has no --hash=sha256:…; {_LOCK}")
    for digest in hashes:
        if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
            raise UsageError(f"{where}: `{digest}` is not sha256: and 64 hexadecimal digits; {_LOCK}")
    pins = [pin for pin in requirement.specifier if pin.operator in {"==", "==="} and not pin.version.endswith("*")]
    if requirement.url is None and not pins:
        raise UsageError(f"{where}: `{requirement}` is not one version; {_LOCK}")
