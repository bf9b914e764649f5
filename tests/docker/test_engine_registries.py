"""Engine builds where the registry is a plain one, and where the engine is podman."""

from __future__ import annotations

import json
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen

import pytest
from docker import DockerClient
from docker.errors import DockerException

from agent.clock import SystemClock
from agent.errors import InputMissingError, UserCodeFailedError
from agent.images.builders import Builders
from agent.images.engine.connection import connect
from agent.images.engine.push import Push
from agent.images.manifest import OCI_MANIFEST_TYPE, SINGLE_IMAGE_TYPES, sha256_digest
from agent.ports.images import BuildOrder
from tests.docker_registry import DockerRegistry, docker_registry
from tests.fakes import KeptReport
from tests.tools import leave_out, require

if TYPE_CHECKING:
    from collections.abc import Iterator

INDEX = "application/vnd.oci.image.index.v1+json"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerRegistry]:
    with docker_registry(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture
def order(tmp_path: Path) -> BuildOrder:
    (tmp_path / "container").mkdir()
    (tmp_path / "container/Dockerfile").write_text('FROM scratch\nCOPY train /opt/program/\nCMD ["train"]\n')
    (tmp_path / "container/train").write_text("#!/bin/sh\n")
    return BuildOrder(
        builder="engine",
        folder=tmp_path,
        context="container",
        dockerfile="container/Dockerfile",
        base_image=None,
        requirements=None,
        build_args={},
        labels={"org.opencontainers.image.revision": "c" * 40},
        created="2026-03-01T12:00:00Z",
    )


def build(order: BuildOrder, registry: DockerRegistry, tag: str) -> tuple[str, KeptReport]:
    report = KeptReport()
    target = registry.target("team/model")
    return Builders(SystemClock()).build_and_push(order, target, tag=tag, report=report), report


def fetched(registry: DockerRegistry, kind: str, digest: str) -> dict[str, object]:
    """A document of the repository."""
    headers = {"Accept": ", ".join(SINGLE_IMAGE_TYPES)}
    with urlopen(Request(f"http://{registry.address}/v2/team/model/{kind}/{digest}", headers=headers)) as answer:
        found: dict[str, object] = json.load(answer)
    return found


def config_of(registry: DockerRegistry, digest: str) -> dict[str, object]:
    config = fetched(registry, "manifests", digest)["config"]
    assert isinstance(config, dict)
    return fetched(registry, "blobs", config["digest"])


def test_a_plain_registry_gets_an_image_once(
    registry: DockerRegistry, order: BuildOrder, docker_host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", docker_host)
    digest, _ = build(order, registry, "1")
    config = config_of(registry, digest)
    assert config["created"] == order.created
    assert "container" not in config
    since = len(registry.asked())
    assert build(order, registry, "2")[0] == digest
    asked = registry.asked(since)
    assert [entry.path for entry in asked if entry.method == "PUT"] == ["/v2/team/model/manifests/2"]
    assert [entry for entry in asked if entry.method in {"POST", "PATCH"}] == []


def test_an_index_in_a_registry_is_refused(
    registry: DockerRegistry, order: BuildOrder, docker_host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As engines push one that keep provenance beside the image."""
    monkeypatch.setenv("DOCKER_HOST", docker_host)
    digest, _ = build(order, registry, "1")
    raw = json.dumps(fetched(registry, "manifests", digest)).encode()
    entry = {"mediaType": OCI_MANIFEST_TYPE, "digest": digest, "size": len(raw)}
    index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}).encode()
    url = f"http://{registry.address}/v2/team/model/manifests/{sha256_digest(index)}"
    with urlopen(Request(url, data=index, headers={"Content-Type": INDEX}, method="PUT")):
        push = Push(connect(), registry.target("team/model"), "1", SystemClock())
    with pytest.raises(InputMissingError, match="not a single image; SageMaker takes no image indexes"):
        push.held(sha256_digest(index))


@contextmanager
def podman_service(folder: Path, registry: DockerRegistry) -> Iterator[str]:
    """The address of a podman of one's own; where none can run the test is left out."""
    program = require("podman")
    (folder / "registries.conf").write_text(f'[[registry]]\nlocation = "{registry.address}"\ninsecure = true\n')
    host = f"unix://{folder}/podman.sock"
    options = [f"--root={folder}/root", f"--runroot={folder}/run", "--storage-driver=vfs"]
    command = [str(program), *options, "system", "service", "--time=0", host]
    with (
        (folder / "podman.log").open("wb") as log,
        subprocess.Popen(
            command, stdout=log, stderr=log, env={"CONTAINERS_REGISTRIES_CONF": str(folder / "registries.conf")}
        ) as service,
    ):
        try:
            deadline = time.monotonic() + 30
            while not _answers(host):
                if service.poll() is not None or time.monotonic() > deadline:
                    leave_out(f"podman does not start here: {(folder / 'podman.log').read_text()}")
                time.sleep(0.1)
            yield host
        finally:
            service.terminate()


def _answers(host: str) -> bool:
    try:
        return bool(DockerClient(base_url=host, timeout=5).ping())
    except DockerException:
        return False


@pytest.fixture(scope="module")
def podman(registry: DockerRegistry) -> Iterator[str]:
    # Its paths may not be as long as pytest's are.
    with TemporaryDirectory(prefix="podman-") as folder, podman_service(Path(folder), registry) as host:
        yield host


def test_podman_builds_and_pushes_by_its_socket(
    registry: DockerRegistry, order: BuildOrder, podman: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", podman)
    digest, report = build(order, registry, "podman")
    assert fetched(registry, "manifests", digest)["mediaType"] in SINGLE_IMAGE_TYPES
    settings = config_of(registry, digest)["config"]
    assert isinstance(settings, dict)
    assert settings["Cmd"] == ["train"]
    assert settings["Labels"]["org.opencontainers.image.revision"] == "c" * 40
    assert "STEP 2/4: COPY train /opt/program/" in report.of("doing")
    assert build(order, registry, "podman-again")[0] == digest


def test_podman_s_failures_are_shown_with_their_line(
    registry: DockerRegistry, order: BuildOrder, podman: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", podman)
    (order.folder / "container/Dockerfile").write_text("FROM scratch\n# not there\nCOPY absent /\n")
    with pytest.raises(UserCodeFailedError, match=r"^container/Dockerfile:3: COPY absent /\n"):
        build(order, registry, "broken")
