"""Brings a model's artifact into ``/opt/ml/model``, with the permissions of its execution role."""

from __future__ import annotations

import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from agent.aws.objects import parse_location
from agent.errors import ModelyardError
from agent.runtime.archives import unpack_archive

if TYPE_CHECKING:
    from agent.aws.objects import Location, ObjectStore
    from agent.cloud.sagemaker.servable import ModelContainer, ModelData


class ModelDataError(Exception):
    """A model's artifact cannot be had; the message is AWS's, for FailureReason."""


def fetch(container: ModelContainer, opt_ml: Path, store: ObjectStore) -> None:
    """Put a container's artifacts under ``opt_ml/model`` and ``opt_ml/additional-model-data-sources/<channel>``.

    A container without an artifact gets no ``model`` folder, so that it sees its image's own. Blocks; raises
    ModelDataError. Source: ContainerDefinition in the SageMaker API reference.
    """
    opt_ml.mkdir(parents=True)
    if container.data is not None:
        (opt_ml / "model").mkdir()
        _fetch_one(container.data, container.hostname, opt_ml / "model", store)
    for channel, data in container.additional.items():
        folder = opt_ml / "additional-model-data-sources" / channel
        folder.mkdir(parents=True)
        _fetch_one(data, container.hostname, folder, store)


def _fetch_one(data: ModelData, hostname: str, folder: Path, store: ObjectStore) -> None:
    try:
        place = parse_location(data.uri)
        if data.prefix:
            _download_prefix(store, place, folder)
        elif data.compressed:
            _download_archive(store, place, folder)
        else:
            store.get(place.bucket, place.key, folder / place.key.rpartition("/")[2])
    except (ModelyardError, FileNotFoundError) as error:
        raise ModelDataError(
            f'Failed to download model data for container "{hostname}" from URL: "{data.uri}". Please ensure that '
            "there is an object located at the URL and that the role passed to CreateModel has permissions to download "
            f"the object. ({error})"
        ) from error
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ModelDataError(
            f'Failed to extract model data archive for container "{hostname}" from URL "{data.uri}". Please ensure '
            f"that the object located at the URL is a valid tar.gz archive. ({error})"
        ) from error


def _download_prefix(store: ObjectStore, place: Location, folder: Path) -> None:
    inside = folder.resolve()
    found = False
    for item in store.list_objects(place.bucket, place.key):
        relative = item.key.removeprefix(place.key).lstrip("/")
        target = (inside / relative).resolve()
        if not relative or relative.endswith("/") or not target.is_relative_to(inside):
            continue
        found = True
        target.parent.mkdir(parents=True, exist_ok=True)
        store.get(place.bucket, item.key, target)
    if not found:
        raise FileNotFoundError(f"no object under {place}")


def _download_archive(store: ObjectStore, place: Location, folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        path = Path(temporary) / "model.tar.gz"
        store.get(place.bucket, place.key, path)
        with tarfile.open(path, mode="r:gz") as archive:
            unpack_archive(archive, folder)
