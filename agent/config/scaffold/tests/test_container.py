"""`train`, `evaluate.py` and `serve` keep SageMaker's contract."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CONTAINER = ROOT / "container"


def run(program: Path, base: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(program)]
    environment = os.environ | {"SAGEMAKER_BASE_DIR": str(base), "PYTHONPATH": str(CONTAINER)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """/opt/ml as a training job finds it."""
    (tmp_path / "input/config").mkdir(parents=True)
    (tmp_path / "input/config/hyperparameters.json").write_text('{"max_leaf_nodes": "4"}')
    shutil.copytree(ROOT / "data/training", tmp_path / "input/data/training")
    return tmp_path


@pytest.fixture
def connection(base: Path) -> Iterator[HTTPConnection]:
    """A client of an endpoint that serves a trained model."""
    assert run(CONTAINER / "train", base).returncode == 0
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"SAGEMAKER_BASE_DIR": str(base), "SAGEMAKER_BIND_TO_PORT": str(port)}
    server = subprocess.Popen([sys.executable, str(CONTAINER / "serve")], env=environment)
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        wait_until_ready(server, connection)
        yield connection
        server.terminate()
        assert server.wait(timeout=30) == 0
    finally:
        server.kill()
        server.wait()


def wait_until_ready(server: "subprocess.Popen[bytes]", connection: HTTPConnection) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert server.poll() is None, "serve ended"
        try:
            connection.request("GET", "/ping")
        except ConnectionRefusedError:
            connection.close()
            time.sleep(0.05)
        else:
            assert connection.getresponse().status == 200
            return
    raise TimeoutError("serve did not answer /ping")


def invoke(connection: HTTPConnection, body: str, content_type: str = "text/csv") -> tuple[int, str]:
    connection.request("POST", "/invocations", body, {"Content-Type": content_type})
    response = connection.getresponse()
    return response.status, response.read().decode()


def test_training_prints_the_metric_that_modelyard_yaml_reads(base: Path) -> None:
    found = re.search("training-accuracy=([0-9.]+)", run(CONTAINER / "train", base).stdout)
    assert found
    assert float(found[1]) >= 0.9


def test_a_failure_is_explained_where_sagemaker_looks(base: Path) -> None:
    shutil.rmtree(base / "input/data/training")
    assert run(CONTAINER / "train", base).returncode == 255
    assert "there is no CSV file" in (base / "output/failure").read_text()


def test_the_evaluation_has_the_metric_that_the_gates_judge(base: Path) -> None:
    assert run(CONTAINER / "train", base).returncode == 0
    (base / "processing/model").mkdir(parents=True)
    with tarfile.open(base / "processing/model/model.tar.gz", "w:gz") as archive:
        archive.add(base / "model", arcname=".")
    shutil.copytree(ROOT / "data/evaluation", base / "processing/input/data")
    result = run(ROOT / "evaluate.py", base)
    assert result.returncode == 0, result.stderr
    evaluation = json.loads((base / "processing/output/evaluation.json").read_text())
    assert evaluation["multiclass_classification_metrics"]["accuracy"]["value"] >= 0.9


def test_the_endpoint_predicts_and_explains_what_it_refuses(connection: HTTPConnection) -> None:
    assert invoke(connection, "5.1,3.5,1.4,0.2\n6.7,3.0,5.2,2.3\n") == (200, "setosa\nvirginica\n")
    assert invoke(connection, "5.1,3.5\n") == (400, "row 1 has 2 values, not 4\n")
    assert invoke(connection, "{}", "application/json") == (415, "send text/csv, not application/json\n")
