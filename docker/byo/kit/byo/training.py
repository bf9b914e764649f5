"""`train`: calls the user's `fit` as a SageMaker training job, and explains a failure in the user's own words."""

from __future__ import annotations

import inspect
import io
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from byo import processors, program
from byo.channels import Job, JobError, read, read_job
from byo.hyperparameters import HyperparameterError, typed
from byo.program import ProgramError
from byo.settings import SettingError, Settings, ambient

if TYPE_CHECKING:
    from collections.abc import Callable

FAILED = 1
STOPPED = 128 + signal.SIGTERM
_PLAIN = (HyperparameterError, JobError, ProgramError)
_OWN_FOLDER = str(Path(__file__).parent)


def main() -> int:
    """Train; 1 for a failure, which is also in /opt/ml/output/failure, and 143 after SIGTERM."""
    try:
        settings = ambient()
    except SettingError as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # metrics are read from the log while the job runs
    os.environ.update(processors.thread_environment(processors.available(), dict(os.environ)))
    signal.signal(signal.SIGTERM, _stop)
    return train(settings)


def train(settings: Settings) -> int:
    """Fit, and tell SageMaker how that ended."""
    try:
        job = read_job(settings.base)
        fit = program.imported(settings).function("fit")
        fit(*arguments(fit, job), **typed(fit, read(settings.base, "hyperparameters")))
    except SystemExit as end:
        if end.code in (None, 0, STOPPED):
            return STOPPED if end.code else 0
        return _failed(settings, f"the program ended with {end.code}")
    except _PLAIN as error:
        return _failed(settings, str(error))
    except Exception as error:  # noqa: BLE001 - whatever it is, the job's description shall say it
        return _failed(settings, explanation(error))
    return 0


def arguments(fit: Callable[..., Any], job: Job) -> list[Any]:
    """What the parameters of ``fit`` before the `*` get: the field of the job that bears their name."""
    ordinary = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [name for name, one in inspect.signature(fit).parameters.items() if one.kind in ordinary]
    known = list(Job.__dataclass_fields__)
    unknown = [name for name in names if name not in known]
    if unknown:
        choice = ", ".join(f"`{one}`" for one in known)
        raise ProgramError(
            f"`fit` has a parameter `{unknown[0]}` before its `*`, where {choice} can be; "
            "hyperparameters come after the `*`"
        )
    return [getattr(job, name) for name in names]


def explanation(error: BaseException) -> str:
    """The error first, for SageMaker shows a kibibyte of it; then where in the user's code it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith(_OWN_FOLDER)]
    first = "".join(traceback.format_exception_only(error))
    return f"{first}\nTraceback (most recent call last):\n{''.join(traceback.format_list(own))}{_causes(error)}{first}"


def _causes(error: BaseException) -> str:
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "" if cause is None else f"\nIt came from:\n{''.join(traceback.format_exception(cause))}\n"


def _failed(settings: Settings, reason: str) -> int:
    sys.stderr.write(f"{reason.rstrip()}\n")
    folder = settings.base / "output"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "failure").write_text(reason, "utf-8")
    return FAILED


def _stop(*_: object) -> None:
    """End with `finally` and `with` of the user's code, so that what is there can be saved."""
    sys.exit(STOPPED)


if __name__ == "__main__":
    sys.exit(main())
