"""The first example keeps SageMaker's contract from its folder over its image to a served prediction."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from agent.images.assemble import ImageRecipe, assemble
from agent.images.layer import FolderLayer
from agent.images.layout import ImageLayout
from agent.images.manifest import ImageConfig
from agent.images.unpack import UnpackedImage, unpack
from agent.runtime.container import Exit
from agent.runtime.contract.cluster import Cluster, Host
from agent.runtime.contract.folder import failure_text, furnish
from agent.runtime.contract.training import TrainingChannel, TrainingJob, training_files, training_folders
from tests.sources import ROOT
from tests.unit.runtime.workshop import EVERYWHERE, Workshop, isolation

if TYPE_CHECKING:
    from pathlib import Path

    from agent.runtime.process import ProcessRuntime

EXAMPLE = ROOT / "examples/iris-byo"
JOB = TrainingJob(
    name="iris",
    arn="arn:aws:sagemaker:us-east-1:111111111111:training-job/iris",
    region="us-east-1",
    cluster=Cluster(hosts=(Host(name="algo-1", instance_type="ml.m5.large"),)),
    cpus=2,
    hyperparameters={"max_leaf_nodes": "5"},
    channels=(TrainingChannel(name="training", content_type="text/csv"),),
)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> UnpackedImage:
    """The example's image, assembled and unpacked."""
    folder = tmp_path_factory.mktemp("iris-image")
    config = ImageConfig(env=(("PATH", "/opt/program:/usr/bin:/bin"),), working_dir="/opt/program")
    recipe = ImageRecipe(layers=(FolderLayer(source=EXAMPLE / "program"),), config=config)
    layout = ImageLayout(folder / "store")
    return unpack(layout, assemble(recipe, layout).digest, folder / "cache")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """iris.csv as the example's own script writes it."""
    path = tmp_path_factory.mktemp("iris-data") / "iris.csv"
    subprocess.run([sys.executable, EXAMPLE / "make_data.py", path], check=True)
    return path.read_bytes()


def train(workshop: Workshop, image: UnpackedImage, data: bytes, job: TrainingJob = JOB) -> Exit:
    furnish(workshop.opt_ml, training_folders(job), training_files(job))
    (workshop.opt_ml / "input/data/training/iris.csv").write_bytes(data)
    return workshop.run(image=image)


def test_the_data_has_150_rows_and_the_label_first(data: bytes) -> None:
    rows = data.decode().splitlines()
    assert len(rows) == 150
    assert {row.partition(",")[0] for row in rows} == {"setosa", "versicolor", "virginica"}
    assert {row.count(",") for row in rows} == {4}


def test_training_writes_a_model_and_its_metrics(workshop: Workshop, image: UnpackedImage, data: bytes) -> None:
    assert train(workshop, image, data) == Exit(code=0)
    metrics = dict(line.rstrip(";").split("=") for line in workshop.lines if line.endswith(";"))
    assert float(metrics["accuracy"]) > 0.9
    assert metrics["leaves"] == "5"
    assert (workshop.opt_ml / "model/model.joblib").is_file()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"setosa,5.1,wide,1.4,0.2\n", "iris.csv, line 1: could not convert string to float: 'wide'"),
        (b"", "With n_samples=0"),
    ],
)
def test_a_failure_is_explained(tmp_path: Path, image: UnpackedImage, content: bytes, reason: str) -> None:
    workshop = Workshop(folder=tmp_path, isolation=isolation(EVERYWHERE[0]))
    assert train(workshop, image, content) == Exit(code=255)
    assert failure_text(workshop.opt_ml).startswith("Exception during training: ")
    assert reason in failure_text(workshop.opt_ml)


def test_a_hyperparameter_that_is_no_number_is_explained(tmp_path: Path, image: UnpackedImage, data: bytes) -> None:
    workshop = Workshop(folder=tmp_path, isolation=isolation(EVERYWHERE[0]))
    assert train(workshop, image, data, replace(JOB, hyperparameters={"max_leaf_nodes": "many"})) == Exit(code=255)
    assert "'many'" in failure_text(workshop.opt_ml)


# --- serving ------------------------------------------------------------------------------------------------------

Answer = tuple[int, str]


def ask(workshop: Workshop, image: UnpackedImage, *requests: tuple[str, str, str, str]) -> list[Answer]:
    """Serve, and answer requests given as method, path, content type and body over one connection."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def answers() -> list[Answer]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        found = []
        for method, path, content_type, body in requests:
            connection.request(method, path, body, {"Content-Type": content_type})
            response = connection.getresponse()
            found.append((response.status, response.read().decode()))
        connection.close()
        return found

    async def scenario(runtime: ProcessRuntime) -> list[Answer]:
        import asyncio

        container = await runtime.start(workshop.spec(image=image, arguments=("serve",), port=port))
        await workshop.until("listening on 127.0.0.1", container)
        found = await asyncio.to_thread(answers)
        assert await container.stop(30) == Exit(code=0)
        return found

    return workshop.play(scenario)


PING = ("GET", "/ping", "text/plain", "")


def test_a_trained_model_is_served(workshop: Workshop, image: UnpackedImage, data: bytes) -> None:
    train(workshop, image, data)
    rows = "5.1,3.5,1.4,0.2\n6.7,3.0,5.2,2.3\n"
    assert ask(
        workshop,
        image,
        PING,
        ("POST", "/invocations", "text/csv", rows),
        ("POST", "/invocations", "text/csv; charset=utf-8", rows),
        ("POST", "/invocations", "application/json", "[]"),
        ("POST", "/elsewhere", "text/csv", rows),
    ) == [
        (200, "\n"),
        (200, "setosa\nvirginica\n"),
        (200, "setosa\nvirginica\n"),
        (415, "this model takes text/csv only\n"),
        (404, "no such path\n"),
    ]


@pytest.mark.parametrize("body", ["", "a,b,c,d\n", "1,2\n", "1,2,3,4\n1,2\n"])
def test_rows_that_are_none_are_the_caller_s_mistake(
    tmp_path: Path, image: UnpackedImage, data: bytes, body: str
) -> None:
    workshop = Workshop(folder=tmp_path, isolation=isolation(EVERYWHERE[0]))
    train(workshop, image, data)
    [(status, text)] = ask(workshop, image, ("POST", "/invocations", "text/csv", body))
    assert status == 400
    assert text.startswith("not numeric CSV for this model: ")


def test_without_a_model_the_ping_fails(workshop: Workshop, image: UnpackedImage) -> None:
    assert ask(workshop, image, PING) == [(404, "no model\n")]
