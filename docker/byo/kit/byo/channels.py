"""What SageMaker has put under /opt/ml before `train` starts, and where it collects what `train` leaves."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


class JobError(Exception):
    """What SageMaker handed over cannot be read."""


@dataclass(frozen=True, kw_only=True)
class Resources:
    """The machines of a training job, and which of them this is."""

    hosts: tuple[str, ...] = ("algo-1",)
    current_host: str = "algo-1"

    @property
    def is_first(self) -> bool:
        """Whether this machine is the one that writes the model, where all do the same."""
        return self.current_host == self.hosts[0]


@dataclass(frozen=True, kw_only=True)
class Job:
    """A training job. Each field is handed to a parameter of `fit` that bears its name.

    - ``channels``: the folder of each channel; ``configuration``: what the job said about it.
    - ``checkpoints``: a folder that outlives a stopped job, where the job has asked for one.
    """

    channels: dict[str, Path]
    configuration: dict[str, dict[str, Any]]
    resources: Resources
    model_dir: Path
    output_dir: Path
    checkpoints: Path


def read_job(base: Path) -> Job:
    """The job of the files under ``base``, whose folders for results are made; raises :class:`JobError`."""
    configuration = read(base, "inputdataconfig")
    data = base / "input/data"
    names = configuration or _folders(data)
    known = read(base, "resourceconfig")
    resources = Resources(
        hosts=tuple(known.get("hosts") or ("algo-1",)), current_host=known.get("current_host", "algo-1")
    )
    job = Job(
        channels={name: data / name for name in names},
        configuration=configuration,
        resources=resources,
        model_dir=base / "model",
        output_dir=base / "output/data",
        checkpoints=base / "checkpoints",
    )
    for folder in (job.model_dir, job.output_dir, job.checkpoints):
        folder.mkdir(parents=True, exist_ok=True)
    return job


def _folders(data: Path) -> list[str]:
    return sorted(folder.name for folder in data.iterdir() if folder.is_dir()) if data.is_dir() else []


def read(base: Path, name: str) -> dict[str, Any]:
    """One of the files of /opt/ml/input/config; empty where there is none. Raises :class:`JobError`."""
    file = base / "input/config" / f"{name}.json"
    try:
        content = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise JobError(f"{file} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise JobError(f"{file} must hold an object, not {type(content).__name__}")
    return content
