"""An image's configuration without the accidents of its build, so that the same layers make the same image.

Docker's own builder writes into it when and in which container each step ran. An archive that holds nothing but a
configuration is an image to Docker when it has the layers already; that way the accidents are replaced, and the labels
cost no steps. Source: image-spec, `config.md`; Docker's "Image JSON description" v1.2.
"""

from __future__ import annotations

import io
import json
import tarfile
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from agent.images.layer import FIXED_TIME, add_file
from agent.images.manifest import canonical_json, sha256_digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.images.engine.api import EngineApi, Message
    from agent.ports.images import BuildOrder

_SETTINGS = (
    "User", "ExposedPorts", "Env", "Entrypoint", "Cmd", "Volumes", "WorkingDir", "Labels", "StopSignal",
    "Healthcheck", "Shell", "OnBuild", "ArgsEscaped",
)  # fmt: skip
"""What an image says of its containers; the rest, such as a host name, is of the container it was made in."""
_PODMAN = "Podman Engine"
_CONTAINERD = "io.containerd.snapshotter.v1"


def can_normalise(api: EngineApi) -> bool:
    """Whether the engine takes an archive without layers, as only Docker with its own image store is known to do."""
    if is_podman(api):
        return False
    return not any(_CONTAINERD in entry for entry in api.info().get("DriverStatus") or ())


def is_podman(api: EngineApi) -> bool:
    """Whether it is podman that answers."""
    return any(part.get("Name") == _PODMAN for part in api.version().get("Components") or ())


def normalised(api: EngineApi, image: str, order: BuildOrder) -> bytes:
    """The configuration that stands for the image: with the order's labels and time, nothing of this build."""
    found = api.inspect_image(image)
    created = order.created or datetime.fromtimestamp(FIXED_TIME, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    settings = {name: value for name in _SETTINGS if (value := found["Config"].get(name))}
    labels = {**settings.pop("Labels", {}), **order.labels}
    document: dict[str, Any] = {
        "architecture": found["Architecture"],
        "os": found["Os"],
        "created": created,
        "config": {**settings, **({"Labels": labels} if labels else {})},
        "rootfs": {"type": "layers", "diff_ids": found["RootFS"]["Layers"]},
    }
    steps = history(api.history(image), layer_counts(api, image))
    document |= {"author": found["Author"]} if found.get("Author") else {}
    document |= {"history": [{"created": created, **step} for step in steps]} if steps else {}
    return canonical_json(document)


def layer_counts(api: EngineApi, image: str) -> list[int]:
    """How many layers the image has after each step that ran on this engine, beginning with its lowest parent."""
    counts: list[int] = []
    parent = image
    while parent:
        found = api.inspect_image(parent)
        counts.insert(0, len(found["RootFS"].get("Layers") or ()))
        parent = found.get("Parent") or ""
    return counts


def history(newest_first: Sequence[Message], counts: Sequence[int]) -> list[Mapping[str, Any]]:
    """The steps of an image, lowest first; none where it cannot be told which of the base image's made its layers."""
    steps = list(reversed(newest_first))
    own = len(counts) - 1
    below = [step["Size"] > 0 for step in steps[: len(steps) - own]]
    if sum(below) != counts[0]:
        return []
    layers = [*below, *(after > before for before, after in pairwise(counts))]
    return [_step(step, makes_layer=layer) for step, layer in zip(steps, layers, strict=True)]


def archive(config: bytes, name: str) -> bytes:
    """What `docker load` takes: the configuration, and names of layer files that nobody will look for."""
    digest = sha256_digest(config).removeprefix("sha256:")
    layers = len(json.loads(config)["rootfs"]["diff_ids"])
    manifest = {
        "Config": f"{digest}.json",
        "RepoTags": [name],
        "Layers": [f"{number}/layer.tar" for number in range(layers)],
    }
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as files:
        add_file(files, f"{digest}.json", config)
        add_file(files, "manifest.json", json.dumps([manifest]).encode())
    return out.getvalue()


def _step(step: Message, *, makes_layer: bool) -> Mapping[str, Any]:
    told = {"created_by": step.get("CreatedBy"), "comment": step.get("Comment")}
    said = {name: value for name, value in told.items() if value}
    return said if makes_layer else {**said, "empty_layer": True}
