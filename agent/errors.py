"""Why a command ends as it does: one class for each exit code, so that Jenkins and people can tell causes apart."""

from __future__ import annotations

import errno
from contextlib import contextmanager
from enum import IntEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence


class ExitCode(IntEnum):
    """What the process answers; an orchestrator retries only ``TEMPORARY``."""

    DONE = 0
    USAGE = 2
    WARNED = 3
    """All is done, but something was found that ``--strict`` does not let pass, or that ``--exit-code`` asks about."""
    ACCESS_DENIED = 4
    INPUT_MISSING = 5
    CLOUD_FAILED = 6
    USER_CODE_FAILED = 7
    BUG = 70
    TEMPORARY = 75
    INTERRUPTED = 130


class ModelyardError(Exception):
    """A failure with a message for people: what failed, where, and what to do next; never a secret."""

    exit_code = ExitCode.BUG
    found: Mapping[str, object] = MappingProxyType({})
    """What a step had found out before it failed, as its result would say it, for the report."""


class UsageError(ModelyardError):
    """The configuration or the command line is wrong; running again without a change cannot help."""

    exit_code = ExitCode.USAGE


class AccessDeniedError(ModelyardError):
    """An identity lacks a permission, or a role's trust does not admit it."""

    exit_code = ExitCode.ACCESS_DENIED


class InputMissingError(ModelyardError):
    """An input is absent, or its digest is not the expected one."""

    exit_code = ExitCode.INPUT_MISSING


class DamagedError(InputMissingError):
    """An object that modelyard wrote is not what it wrote: ``expected`` names that, ``why`` what is wrong with it."""

    def __init__(self, uri: str, *, expected: str, why: str) -> None:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        super().__init__(
            f"{uri} is damaged: expected {expected}, but {why}; bring its last good version back, which the bucket "
            f"keeps (aws s3api list-object-versions --bucket {bucket} --prefix {key})"
        )


class CloudFailedError(ModelyardError):
    """AWS, the embedded cloud or a container failed for a reason of its own."""

    exit_code = ExitCode.CLOUD_FAILED


class UserCodeFailedError(ModelyardError):
    """The user's own container code failed."""

    exit_code = ExitCode.USER_CODE_FAILED


class TemporaryError(ModelyardError):
    """Nothing is wrong that a later retry would not mend."""

    exit_code = ExitCode.TEMPORARY


class InterruptedRunError(ModelyardError):
    """The run was told to end (SIGTERM, Ctrl-C) before it was done."""

    exit_code = ExitCode.INTERRUPTED


_LACKS: Mapping[int | None, str] = {
    errno.ENOSPC: "has no space left on the disk",
    errno.EDQUOT: "has used up its quota of the disk",
    errno.EFBIG: "may not write a file of that size",
    errno.EROFS: "has a disk that may not be written to",
    errno.EMFILE: "may open no more files",
    errno.ENFILE: "may open no more files",
    errno.ENOMEM: "has no memory left",
}


@contextmanager
def with_this_machine() -> Iterator[None]:
    """Raise TemporaryError for what the machine of this process lacks: that is nobody's bug, and another one may do."""
    try:
        yield
    except OSError as error:
        if error.errno not in _LACKS:
            raise
        where = f" for {error.filename}" if error.filename else ""
        raise TemporaryError(
            f"this machine {_LACKS[error.errno]}{where} ({error.strerror}); make room on it, or run again on another"
        ) from error


_GRAVEST_FIRST = (
    UsageError,
    AccessDeniedError,
    InputMissingError,
    UserCodeFailedError,
    CloudFailedError,
    TemporaryError,
)


def together(errors: Sequence[ModelyardError], message: str) -> ModelyardError:
    """One error for several: of the class of the gravest, which a retry would help least."""
    present = (kind for kind in _GRAVEST_FIRST if any(isinstance(error, kind) for error in errors))
    return next(present, ModelyardError)(message)


def gravest(codes: Iterable[int], message: str) -> ModelyardError:
    """One error for several that are known by their exit codes only."""
    kinds = {int(kind.exit_code): kind for kind in _GRAVEST_FIRST}
    return together([kinds[code]("") if code in kinds else ModelyardError("") for code in codes], message)
