"""The trial of `docker/compose.yaml` needs an engine and registries; its parts that need neither are run here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from agent.cloud.place import Place
from tests.sources import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DOCKER = ROOT / "docker"
SECRET = "0123456789abcdef" * 4
PASSWORD = 'p"a\\ss word'


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    document: dict[str, Any] = YAML(typ="safe").load(DOCKER / "compose.yaml")
    return document


def test_every_image_is_built_here_by_a_dockerfile_that_is_there(compose: dict[str, Any]) -> None:
    built = {one["image"] for one in compose["services"].values() if "build" in one}
    assert {one["image"] for one in compose["services"].values()} == built
    for service in compose["services"].values():
        if "build" in service:
            context = DOCKER / service["build"]["context"]
            assert (context / service["build"].get("dockerfile", "Dockerfile")).is_file()


def test_what_the_controller_reads_is_given_or_made_by_the_bootstrap(compose: dict[str, Any]) -> None:
    given = compose["services"]["controller"]["environment"].keys()
    needed = (DOCKER / "jenkins/start").read_text().partition("for name in ")[2].partition(";")[0].split()
    made = (DOCKER / "cloud/bootstrap").read_text()
    assert [name for name in needed if name not in given and name not in made] == []


def test_steps_run_in_the_image_that_is_built(compose: dict[str, Any]) -> None:
    controller = compose["services"]["controller"]["environment"]
    assert controller["MODELYARD_AGENT_IMAGE"] == compose["services"]["steps"]["image"]


def test_folders_that_the_engine_mounts_have_the_same_path_everywhere(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for volume in service.get("volumes", []):
            source, target = volume.removesuffix(":ro").rsplit(":", 1)
            if source.startswith("/var/"):
                assert source == target


def test_the_agent_finds_itself_on_the_controller(compose: dict[str, Any]) -> None:
    configuration = YAML(typ="safe").load(DOCKER / "jenkins/casc.yaml")
    (node,) = [one["permanent"] for one in configuration["jenkins"]["nodes"]]
    agent = compose["services"]["agent"]["environment"]
    assert agent["JENKINS_AGENT_NAME"] == node["name"]
    controller = compose["services"]["controller"]["environment"]
    assert agent["JENKINS_AGENT_WORKDIR"] == controller["JENKINS_AGENT_FOLDER"]
    assert f":{agent['JENKINS_AGENT_WORKDIR']}" in "".join(compose["services"]["agent"]["volumes"])
    users = {one["id"]: one["password"] for one in configuration["jenkins"]["securityRealm"]["local"]["users"]}
    assert users["agent"] == "${JENKINS_AGENT_PASSWORD}"


class Computer(BaseHTTPRequestHandler):
    """The page of an agent: not there at first, then with the agent's secret for who has the password."""

    asked: int = 0

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as in BaseHTTPRequestHandler
        """Say nothing."""

    def do_GET(self) -> None:
        import base64

        Computer.asked += 1
        login = base64.b64encode(f"agent:{PASSWORD}".encode()).decode()
        there = self.path == "/computer/docker-1/jenkins-agent.jnlp"
        allowed = self.headers.get("Authorization") == f"Basic {login}"
        self.send_response(503 if Computer.asked == 1 else 200 if there and allowed else 403)
        self.end_headers()
        if there and allowed:
            arguments = f"<argument>{SECRET}</argument><argument>docker-1</argument><argument>-webSocket</argument>"
            self.wfile.write(f"<jnlp><application-desc>{arguments}</application-desc></jnlp>".encode())


@pytest.fixture
def computer() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Computer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.requires("curl")
def test_the_agent_waits_for_the_controller_and_connects_with_the_secret_that_it_tells(
    computer: str, tmp_path: Path
) -> None:
    (tmp_path / "JENKINS_AGENT_PASSWORD").write_text(PASSWORD)
    program = tmp_path / "jenkins-agent"
    program.write_text('#!/bin/sh\necho "$JENKINS_SECRET $JENKINS_WEB_SOCKET"\n')
    program.chmod(0o755)
    environ = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "SECRETS": str(tmp_path), "PAUSE": "0.1"}
    environ |= {"JENKINS_URL": computer, "JENKINS_AGENT_NAME": "docker-1"}
    started = subprocess.run([DOCKER / "jenkins-agent/start"], env=environ, capture_output=True, text=True, check=False)
    assert (started.returncode, started.stdout) == (0, f"{SECRET} true\n"), started.stderr
    assert f"waiting for the controller at {computer}" in started.stderr


def test_the_cloud_comes_up_gets_the_accounts_and_secrets_and_goes_down(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    place = Place(tmp_path / "cloud")
    program = tmp_path / "modelyard"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m agent.cli "$@"\n')
    program.chmod(0o755)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environ |= {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    environ |= {"MODELYARD_CLOUD": str(place.folder), "PORT": "0", "SECRETS": str(secrets)}
    cloud = subprocess.Popen([DOCKER / "cloud/start"], env=environ, stdout=subprocess.PIPE, text=True)
    try:
        assert cloud.stdout
        assert cloud.stdout.readline().startswith("http://127.0.0.1:")
        bootstrap = [DOCKER / "cloud/bootstrap"]
        folder = ROOT / "examples" / "tumour-byo"
        for _ in range(2):
            subprocess.run(bootstrap, cwd=folder, env=environ, check=True)
            kept = {path.name: path.read_text().strip() for path in secrets.iterdir()}
            assert kept.pop("JENKINS_ADMIN_PASSWORD") != kept.pop("JENKINS_AGENT_PASSWORD")
            assert kept["MODELYARD_ACCESS_KEY_ID"].startswith("AKIA")
            assert place.running()
        assert {path.stat().st_mode & 0o077 for path in secrets.iterdir()} == {0}
    finally:
        cloud.send_signal(signal.SIGTERM)
        cloud.communicate(timeout=60)
    assert place.running() is None
