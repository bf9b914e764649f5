"""A shell without an access key has the identity of its container or its instance, and it is renewed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from agent.aws.ambient import ambient_clients
from agent.aws.sessions import Clients
from agent.aws.web_identity import web_identity
from agent.errors import AccessDeniedError, UsageError
from tests.metadata import CONTAINER, SECOND_TOKEN, Metadata, metadata

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Metadata]:
    """A metadata service on loopback, in a shell that has nothing else."""
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    with metadata() as made:
        yield made


@pytest.fixture
def instance(service: Metadata, monkeypatch: pytest.MonkeyPatch) -> Metadata:
    """The shell runs on an instance."""
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED", raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", service.endpoint)
    return service


@pytest.fixture
def pod(service: Metadata, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The shell runs in a pod; the file with the token that lets it ask for credentials."""
    file = tmp_path / "token"
    file.write_text(SECOND_TOKEN)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{service.endpoint}{CONTAINER}")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(file))
    return file


def key_of(clients: Clients) -> str:
    """The access key that a request of these clients is signed with now."""
    signed = clients.client("sts").generate_presigned_url("get_caller_identity")
    return str(signed.partition("X-Amz-Credential=")[2].partition("%2F")[0] or signed)


def test_an_instance_has_the_role_of_its_profile(instance: Metadata) -> None:
    assert key_of(ambient_clients()) == "ASIA0000000000000001"
    assert instance.asked[0] == "PUT /latest/api/token"


def test_the_first_version_of_the_service_is_never_asked(instance: Metadata) -> None:
    """It would answer whoever makes the instance ask for an address."""
    instance.refuses = True

    with pytest.raises(UsageError, match="nor an identity of this container or instance"):
        ambient_clients()
    assert set(instance.asked) == {"PUT /latest/api/token"}


def test_credentials_of_an_instance_are_renewed_when_they_are_over(instance: Metadata) -> None:
    found: Any = ambient_clients()._credentials
    clients = Clients(credentials=found, region="eu-west-1")
    instance.number = 2
    found._expiry_time = datetime.now(UTC)

    assert key_of(clients) == "ASIA0000000000000002"


@pytest.mark.usefixtures("pod")
def test_a_pod_asks_with_the_token_in_its_file(service: Metadata) -> None:
    assert key_of(ambient_clients()) == "ASIA0000000000000001"
    assert service.asked == [f"GET {CONTAINER}"]


def test_credentials_of_a_pod_are_renewed_with_the_token_that_is_there_then(service: Metadata, pod: Path) -> None:
    service.lasts = timedelta(minutes=5)
    pod.write_text(SECOND_TOKEN)
    clients = ambient_clients()
    service.number, service.lasts = 2, timedelta(hours=6)

    assert key_of(clients) == "ASIA0000000000000002"


def test_a_pod_whose_token_is_not_taken_says_so(service: Metadata, pod: Path) -> None:
    pod.write_text("another")

    with pytest.raises(AccessDeniedError, match=r"this shell's AWS identity could not be had: .*401"):
        ambient_clients()


def test_a_pod_without_its_token_says_what_is_missing(service: Metadata, pod: Path) -> None:
    pod.unlink()

    with pytest.raises(UsageError, match=f"could not be looked up: .*{pod}"):
        ambient_clients()


def test_a_key_comes_before_a_token(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "absent"))
    monkeypatch.setenv("AWS_REGION", "eu-west-1")

    assert key_of(ambient_clients()) == "AKIAIOSFODNN7EXAMPLE"


def test_a_token_without_its_role_is_half_an_identity() -> None:
    with pytest.raises(UsageError, match="AWS_WEB_IDENTITY_TOKEN_FILE is set, and no AWS_ROLE_ARN"):
        web_identity({"AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/token"})


def test_a_session_has_the_name_that_the_environment_gives_it() -> None:
    environ = {"AWS_WEB_IDENTITY_TOKEN_FILE": "/t", "AWS_ROLE_ARN": "arn:r", "AWS_ROLE_SESSION_NAME": "flowers-7"}
    found = web_identity(environ)

    assert found is not None
    assert found.session_name == "flowers-7"
