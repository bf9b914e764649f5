"""The image for models: what is in it, who runs in it, and that it trains and serves in a real container."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from tests.docker.byo_image import base_image, build
from tests.engine import build_image

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import DockerClient
    from docker.models.containers import Container

ADDED_AT_MOST = 130 << 20
"""Bytes that the kit with numpy and its server may add to the base image."""
COMPILERS = ("cc", "gcc", "g++", "clang", "ld", "as", "make")
MODEL = """
import numpy as np

def fit(channels, model_dir, *, ridge: float = 0.0):
    rows = np.loadtxt(channels["training"] / "rows.csv", delimiter=",")
    x, y = rows[:, 1:], rows[:, 0]
    np.save(model_dir / "weights.npy", np.linalg.solve(x.T @ x + ridge * np.eye(x.shape[1]), x.T @ y))

def load(model_dir):
    return np.load(model_dir / "weights.npy")

def predict(weights, rows):
    return rows @ weights
"""


@pytest.fixture(scope="module")
def image(engine: DockerClient, tmp_path_factory: pytest.TempPathFactory) -> str:
    return build(engine, tmp_path_factory.mktemp("byo"))


def said(engine: DockerClient, image: str, *command: str) -> str:
    return str(engine.containers.run(image, list(command), network_disabled=True, remove=True).decode().strip())


def test_it_runs_as_a_user_without_rights(engine: DockerClient, image: str) -> None:
    assert said(engine, image, "id", "-u") == "10001"


def test_there_is_no_compiler(engine: DockerClient, image: str) -> None:
    assert said(engine, image, "sh", "-c", f"command -v {' '.join(COMPILERS)} || echo none") == "none"


def test_it_serves_by_itself_and_says_how_it_is(engine: DockerClient, image: str) -> None:
    config: dict[str, Any] = engine.images.get(image).attrs["Config"]
    assert (config["Cmd"], config["Entrypoint"], config["User"]) == (["serve"], None, "10001:10001")
    assert config["Healthcheck"]["Test"] == ["CMD", "python3", "-m", "byo", "ping"]
    assert config["Labels"]["org.opencontainers.image.revision"] == "0" * 40
    assert config["Labels"]["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert config["Labels"]["com.amazonaws.sagemaker.capabilities.accept-bind-to-port"] == "true"


def test_it_keeps_to_its_budget(engine: DockerClient, image: str) -> None:
    added = engine.images.get(image).attrs["Size"] - engine.images.get(base_image()).attrs["Size"]
    assert added <= ADDED_AT_MOST


def test_no_wheel_or_source_of_the_build_is_left(engine: DockerClient, image: str) -> None:
    found = said(
        engine, image, "sh", "-c", "find / -xdev -name '*.whl' -not -path '/usr/share/*' | head; ls /source || true"
    )
    assert ".whl" not in found


@pytest.fixture(scope="module")
def program(engine: DockerClient, image: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An image of a model, made as the guide says."""
    folder = tmp_path_factory.mktemp("model")
    (folder / "model.py").write_text(MODEL)
    (folder / "Dockerfile").write_text(f"FROM {image}\nCOPY model.py /opt/program/\n")
    build_image(engine, folder, tag=f"{image}-model")
    return f"{image}-model"


@pytest.fixture(scope="module")
def opt_ml(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`/opt/ml` as SageMaker prepares it, writable for the image's user."""
    folder = tmp_path_factory.mktemp("opt-ml")
    (folder / "input/config").mkdir(parents=True)
    (folder / "input/config/hyperparameters.json").write_text(json.dumps({"ridge": "0.0"}))
    (folder / "input/data/training").mkdir(parents=True)
    (folder / "input/data/training/rows.csv").write_text("8,1,2\n7,2,1\n12,3,2\n")
    for made in (folder, *folder.rglob("*")):
        made.chmod(0o777 if made.is_dir() else 0o644)
    return folder


@pytest.fixture(scope="module")
def trained(engine: DockerClient, program: str, opt_ml: Path) -> Path:
    """The same after a training job, which nobody but the image's user has written to."""
    volumes = {str(opt_ml): {"bind": "/opt/ml"}}
    engine.containers.run(program, ["train"], volumes=volumes, network_disabled=True, read_only=True, remove=True)
    return opt_ml


def test_it_trains(trained: Path) -> None:
    assert (trained / "model/weights.npy").stat().st_uid == 10001


@pytest.fixture
def server(engine: DockerClient, program: str, trained: Path) -> Iterator[Container]:
    """A container that serves the model, half a processor of its own, on a file system that nobody can write to."""
    container = engine.containers.run(
        program,
        ["serve"],
        detach=True,
        volumes={str(trained): {"bind": "/opt/ml", "mode": "ro"}},
        read_only=True,
        nano_cpus=500_000_000,
    )
    try:
        yield container
    finally:
        container.remove(force=True)


def ask(container: Container, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    container.reload()
    address = container.attrs["NetworkSettings"]["Networks"]["bridge"]["IPAddress"]
    request = urllib.request.Request(f"http://{address}:8080{path}", data=body, headers={"Content-Type": "text/csv"})
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def await_ready(container: Container) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if ask(container, "/ping")[0] == 200:
                return
        except OSError:
            container.reload()
            assert container.status == "running", container.logs().decode()
        time.sleep(0.1)
    raise TimeoutError(container.logs().decode())


def test_it_serves_what_it_trained_with_as_many_workers_as_it_may_use(server: Container) -> None:
    await_ready(server)
    status, body = ask(server, "/invocations", b"1,2\n3,4\n")
    assert status == 200
    assert [round(float(line), 6) for line in body.splitlines()] == [8.0, 18.0]
    assert b"byo_workers 1\n" in ask(server, "/metrics")[1]
    assert server.exec_run(["python3", "-m", "byo", "ping"]).exit_code == 0
    server.stop(timeout=30)
    assert server.wait()["StatusCode"] == 0
