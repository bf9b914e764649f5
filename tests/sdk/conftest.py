"""The SageMaker SDK as a client of the embedded cloud, with no way out of this machine.

Its telemetry would tell AWS account ids and ARNs, and some of its calls name AWS's hosts outright, whatever
``AWS_ENDPOINT_URL`` says. So every attempt to reach another machine fails, and fails the test.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.conftest import (
    account_id,
    bucket,
    client,
    hurry,
    image,
    on_aws,
    role,
    session_cloud,
    unique,
    workbench,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.cloud.embedded import EmbeddedCloud

__all__ = ["account_id", "bucket", "client", "hurry", "image", "on_aws", "role", "session_cloud", "unique", "workbench"]

CONFIGURATION = """\
SchemaVersion: '1.0'
SageMaker:
  PythonSDK:
    Modules:
      TelemetryOptOut: true
"""


@pytest.fixture(autouse=True)
def no_way_out(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Names and addresses beyond loopback cannot be looked up or connected to; the SDK hides the failures it gets."""
    asked: list[str] = []
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and not ipaddress.ip_address(address[0]).is_loopback:
            asked.append(str(address))
            raise ConnectionRefusedError(f"tests stay on this machine, not {address}")
        connect(self, address)

    def guarded_look_up(host: Any, *arguments: Any, **options: Any) -> Any:
        if host not in {"localhost", "127.0.0.1", "::1"}:
            asked.append(str(host))
            raise socket.gaierror(f"tests stay on this machine, not {host}")
        return look_up(host, *arguments, **options)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_look_up)
    yield
    assert asked == []


@pytest.fixture(autouse=True)
def users_shell(session_cloud: EmbeddedCloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """What `modelyard cloud env` sets, and an SDK configuration with telemetry off; nothing else is different here."""
    for name, value in session_cloud.environment().items():
        monkeypatch.setenv(name, value)
    (tmp_path / "sagemaker.yaml").write_text(CONFIGURATION)
    monkeypatch.setenv("SAGEMAKER_USER_CONFIG_OVERRIDE", str(tmp_path / "sagemaker.yaml"))
    monkeypatch.setenv("SAGEMAKER_ADMIN_CONFIG_OVERRIDE", os.devnull)


@pytest.fixture
def sdk_session(users_shell: None, session_cloud: EmbeddedCloud, bucket: str) -> Any:
    """The SDK's session; with a default bucket, it has no need to ask STS at AWS's own address."""
    import boto3
    from sagemaker.core.helper.session_helper import Session

    return Session(boto_session=boto3.Session(), default_bucket=bucket)
