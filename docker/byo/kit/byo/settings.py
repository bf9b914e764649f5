"""What can be set from outside, said once: the environment variables, their defaults, and the table of the guide."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from byo import processors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class SettingError(ValueError):
    """A variable has a value that it cannot have."""


def _number(least: float, most: float = float("inf")) -> Callable[[str], float]:
    def read(text: str) -> float:
        value = float(text)
        if not least <= value <= most:
            raise ValueError(f"must be from {least:g} to {most:g}")
        return value

    return read


def _whole(least: int, most: int = 1 << 31) -> Callable[[str], int]:
    def read(text: str) -> int:
        value = int(text)
        if not least <= value <= most:
            raise ValueError(f"must be from {least} to {most}")
        return value

    return read


def _choice(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            raise ValueError(f"must be {' or '.join(words)}")
        return text

    return read


def _variable(name: str, default: str, read: Callable[[str], object], meaning: str) -> dict[str, Any]:
    """What a field's metadata say of the environment variable that it is read from."""
    return {"name": name, "default": default, "read": read, "meaning": meaning}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that the environment decides; times in seconds, sizes in bytes."""

    base: Path = field(metadata=_variable("SAGEMAKER_BASE_DIR", "/opt/ml", Path, "where SageMaker's folders are"))
    host: str = field(metadata=_variable("MODELYARD_BIND_HOST", "0.0.0.0", str, "the address to listen on"))
    port: int = field(metadata=_variable("SAGEMAKER_BIND_TO_PORT", "8080", _whole(1, 65535), "the port to listen on"))
    folder: Path = field(
        metadata=_variable("BYO_FOLDER", "/opt/program", Path, "where your module is; it is put on Python's path")
    )
    module: str = field(metadata=_variable("BYO_MODULE", "model", str, "the name by which your module is imported"))
    wanted_workers: int = field(
        metadata=_variable(
            "MODEL_SERVER_WORKERS", "0", _whole(0, 512), "processes that predict; 0: one for each processor"
        )
    )
    wanted_threads: int = field(
        metadata=_variable(
            "MODEL_SERVER_THREADS",
            "0",
            _whole(0, 512),
            "threads of numerical libraries in each; 0: processors / workers",
        )
    )
    timeout: float = field(
        metadata=_variable(
            "MODEL_SERVER_TIMEOUT", "60", _number(0.01), "seconds until a prediction is answered with 504"
        )
    )
    load_timeout: float = field(
        metadata=_variable(
            "MODEL_SERVER_LOAD_TIMEOUT",
            "600",
            _number(0.01),
            "seconds that a replaced worker's requests wait for `load`",
        )
    )
    largest_body: int = field(
        metadata=_variable("MODEL_SERVER_MAX_BYTES", str(25 << 20), _whole(1), "larger requests are answered with 413")
    )
    queue: int = field(
        metadata=_variable(
            "MODEL_SERVER_QUEUE",
            "256",
            _whole(1),
            "slow predictions that may wait in a worker; more are answered with 503",
        )
    )
    batch: int = field(
        metadata=_variable(
            "MODEL_SERVER_BATCH",
            "1",
            _whole(1),
            "rows of separate requests that are predicted in one call; 1: each alone",
        )
    )
    batch_wait: float = field(
        metadata=_variable(
            "MODEL_SERVER_BATCH_WAIT", "0.002", _number(0, 10), "seconds that the first row of a batch waits for others"
        )
    )
    drain: float = field(
        metadata=_variable("MODEL_SERVER_DRAIN", "25", _number(0), "seconds that requests have to end in after SIGTERM")
    )
    preload: str = field(
        metadata=_variable(
            "MODEL_SERVER_PRELOAD",
            "nothing",
            _choice("nothing", "module", "model"),
            "what is done once, before workers are forked, which then share its memory: `module` imports your module, "
            "`model` also calls `load`; until then the port is closed",
        )
    )
    log: str = field(
        metadata=_variable(
            "MODEL_SERVER_LOG", "errors", _choice("errors", "requests"), "`errors`, or `requests` for a line for each"
        )
    )

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Settings:
        """What ``environment`` says; raises :class:`SettingError` that names the variable."""
        values: dict[str, Any] = {}
        for one in fields(cls):
            name, read = one.metadata["name"], one.metadata["read"]
            text = environment.get(name) or one.metadata["default"]
            try:
                values[one.name] = read(text)
            except ValueError as error:
                raise SettingError(f"the environment variable {name} is {text!r}: {error}") from error
        return cls(**values)

    @property
    def workers(self) -> int:
        """How many processes predict."""
        return self.wanted_workers or processors.available()

    @property
    def threads(self) -> int:
        """How many threads a numerical library may use in each, so that all together use the processors once."""
        return self.wanted_threads or max(1, processors.available() // self.workers)


def ambient() -> Settings:
    """The settings of this process."""
    return Settings.of(os.environ)


def table() -> str:
    """All variables, as a Markdown table."""
    rows = [cast("Mapping[str, str]", one.metadata) for one in fields(Settings)]
    lines = [f"| `{row['name']}` | `{row['default']}` | {row['meaning']} |" for row in rows]
    return "\n".join(["| variable | default | meaning |", "| --- | --- | --- |", *lines])
