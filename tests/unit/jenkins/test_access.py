"""Reaching a controller: who asks, by which address, and what is said when it does not answer; never a secret."""

from __future__ import annotations

import json
import logging
import socket
from typing import TYPE_CHECKING

import keyring
import pytest
import trustme
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring

from agent.cli import main
from agent.errors import ExitCode, UsageError
from agent.jenkins.access import access_from
from agent.jenkins.controller import Controller as Client
from tests.jenkins_controller import Controller, User, serving
from tests.secret_scan.made_up import JENKINS_TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = JENKINS_TOKEN
JENKINSFILE = "pipeline {\n  agent none\n  stages { }\n}\n"


@pytest.fixture
def jenkinsfile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "Jenkinsfile"
    file.write_text(JENKINSFILE)
    monkeypatch.chdir(tmp_path)
    return file


class Desk(KeyringBackend):
    """A keyring of one desk."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture(autouse=True)
def _no_keyring() -> Iterator[None]:
    before = keyring.get_keyring()
    keyring.set_keyring(NoKeyring())  # type: ignore[no-untyped-call]
    yield
    keyring.set_keyring(before)


def lint(*words: str) -> int:
    return main(["jenkins", "lint", *words])


def test_the_environment_says_who_asks(url: str, controller: Controller, jenkinsfile: Path) -> None:
    assert lint() == ExitCode.DONE
    assert controller.asked == ["GET /jenkins/crumbIssuer/api/json", "POST /jenkins/pipeline-model-converter/validate"]


def test_the_names_of_jenkins_own_command_line_are_known_too() -> None:
    access = access_from({"JENKINS_USER_ID": "alice", "JENKINS_API_TOKEN": TOKEN}, url="https://ci.example.com/")
    assert (access.user, access.token, access.url) == ("alice", TOKEN, "https://ci.example.com")


def test_the_keyring_keeps_the_token_where_the_environment_has_none() -> None:
    desk = Desk()
    desk.set_password("https://ci.example.com", "alice", TOKEN)
    keyring.set_keyring(desk)
    assert access_from({"JENKINS_USER": "alice"}, url="https://ci.example.com/").token == TOKEN


@pytest.mark.parametrize(
    ("environ", "url", "told"),
    [
        ({}, "", "which Jenkins? Give its address with --url"),
        ({}, "ci.example.com", "like https://jenkins.example.com/jenkins/, not 'ci.example.com'"),
        ({}, f"https://alice:{TOKEN}@ci.example.com", "the address of ci.example.com holds a user"),
        ({"JENKINS_USER": "alice"}, "https://ci.example.com", "set JENKINS_TOKEN"),
        ({"JENKINS_TOKEN": TOKEN}, "https://ci.example.com", "set JENKINS_USER"),
        ({"JENKINS_CA": "/nowhere.pem"}, "https://ci.example.com", "/nowhere.pem: no such file"),
    ],
)
def test_half_an_access_says_what_is_missing(environ: dict[str, str], url: str, told: str) -> None:
    with pytest.raises(UsageError) as wrong:
        access_from(environ, url=url)
    assert told in str(wrong.value)
    assert TOKEN not in str(wrong.value)


def test_a_wrong_token_is_401(
    url: str, jenkinsfile: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JENKINS_TOKEN", "stale-token")
    assert lint() == ExitCode.ACCESS_DENIED
    told = capsys.readouterr().err
    assert "alice is not let in (401)" in told
    assert f"{url}/user/alice/security/ makes a new one" in told
    assert "stale-token" not in told


def test_nobody_is_told_to_give_a_token(
    url: str, jenkinsfile: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JENKINS_USER")
    monkeypatch.delenv("JENKINS_TOKEN")
    assert lint() == ExitCode.ACCESS_DENIED
    told = capsys.readouterr().err
    assert "somebody without an account may not do this (403): Overall/Read is missing" in told
    assert "Set JENKINS_USER and JENKINS_TOKEN" in told


@pytest.mark.usefixtures("repository")
def test_a_missing_permission_is_named(url: str, controller: Controller, capsys: pytest.CaptureFixture[str]) -> None:
    main(["jenkins", "setup"])
    controller.users["alice"] = User(token=TOKEN, permissions=frozenset({"Overall/Read", "Job/Read"}))
    assert main(["jenkins", "retrain"]) == ExitCode.ACCESS_DENIED
    assert "alice is missing the permission Job/Build (403)" in capsys.readouterr().err


@pytest.mark.usefixtures("url", "repository")
def test_what_is_not_there_may_be_hidden(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["jenkins", "retrain"]) == ExitCode.INPUT_MISSING
    assert "not found (404). It is not there, or alice may not see it (Job/Read)" in capsys.readouterr().err


def test_a_password_needs_the_crumb_and_its_session(
    url: str, controller: Controller, jenkinsfile: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    controller.users["alice"].password = "secret"
    monkeypatch.setenv("JENKINS_TOKEN", "secret")
    assert lint() == ExitCode.DONE
    controller.crumbs = False
    assert lint() == ExitCode.DONE


def test_a_controller_that_starts_is_asked_again(
    url: str, controller: Controller, jenkinsfile: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    naps: list[float] = []
    controller.away = 2
    client = Client(access_from({"JENKINS_USER": "alice", "JENKINS_TOKEN": TOKEN}, url=url), sleep=naps.append)
    assert client.read("", "_class") == {"_class": "hudson.model.Hudson"}
    assert naps == [1.0, 2.0]


def test_what_is_sent_is_sent_once(url: str, controller: Controller) -> None:
    client = Client(access_from({"JENKINS_USER": "alice", "JENKINS_TOKEN": TOKEN}, url=url), sleep=lambda _: None)
    client.submit("/pipeline-model-converter/validate", {"jenkinsfile": JENKINSFILE})
    controller.away = 1
    before = len(controller.asked)
    with pytest.raises(Exception, match="not ready"):
        client.submit("/pipeline-model-converter/validate", {"jenkinsfile": JENKINSFILE})
    assert len(controller.asked) == before + 1


def test_unreachable_says_so(
    jenkinsfile: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.jenkins.transport._PAUSES", ())
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert lint("--url", f"http://127.0.0.1:{port}") == ExitCode.TEMPORARY
    assert f"127.0.0.1:{port} cannot be reached, nothing answers there" in capsys.readouterr().err


def test_a_controller_that_believes_to_be_elsewhere_is_still_asked_here(
    url: str, controller: Controller, repository: Path
) -> None:
    controller.root = "https://ci.example.com/jenkins"
    main(["jenkins", "setup"])
    assert main(["jenkins", "retrain"]) == ExitCode.DONE


@pytest.fixture
def tls(tmp_path: Path) -> tuple[Path, Path]:
    """A server's certificate with its key, and that of its authority."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "server.pem"))
    return tmp_path / "server.pem", tmp_path / "ca.pem"


def test_an_authority_of_ones_own_is_trusted_by_its_certificate(
    tls: tuple[Path, Path], jenkinsfile: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JENKINS_USER", "alice")
    monkeypatch.setenv("JENKINS_TOKEN", TOKEN)
    with serving(Controller(), certificate=tls[0]) as address:
        assert lint("--url", address) == ExitCode.USAGE
        assert "the certificate of localhost" in capsys.readouterr().err
        assert lint("--url", address, "--ca", str(tls[1])) == ExitCode.DONE
        monkeypatch.setenv("JENKINS_CA", str(tls[1]))
        assert lint("--url", address) == ExitCode.DONE
        assert lint("--url", address.replace("localhost", "127.0.0.1")) == ExitCode.USAGE
        assert "the certificate is not for 127.0.0.1" in capsys.readouterr().err


def test_tls_where_there_is_none(url: str, jenkinsfile: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lint("--url", url.replace("http", "https")) == ExitCode.USAGE
    assert "does not speak TLS; is the address http://127.0.0.1" in capsys.readouterr().err


@pytest.mark.usefixtures("repository")
def test_no_log_holds_a_secret(url: str, controller: Controller, caplog: pytest.LogCaptureFixture) -> None:
    """At the finest level, of jenkinsapi, requests and urllib3, through a whole build and a refusal."""
    with caplog.at_level(logging.DEBUG):
        main(["jenkins", "setup"])
        main(["jenkins", "retrain", "--reason", "drift"])
        main(["jenkins", "promote", "0" * 12, "--to", "nowhere", "--reason", "better"])
    assert len(caplog.messages) > 10
    assert [line for line in caplog.messages if TOKEN in line or "9f5c36cd" in line or "Basic " in line] == []


def test_a_page_of_something_else_is_no_controller(
    url: str, controller: Controller, capsys: pytest.CaptureFixture[str]
) -> None:
    controller.page = "<html>Sign in with your company</html>"
    assert main(["jenkins", "status", "--folder", "tumour"]) == ExitCode.CLOUD_FAILED
    assert "not JSON. Is it a Jenkins, and is its API reached past a single sign-on?" in capsys.readouterr().err


def test_status_as_json_is_one_document(url: str, repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["jenkins", "setup"])
    capsys.readouterr()
    assert main(["jenkins", "status", "--json"]) == ExitCode.DONE
    answer = json.loads(capsys.readouterr().out)
    assert [row["job"] for row in answer["jobs"]] == ["build", "promote", "retrain", "override"]
