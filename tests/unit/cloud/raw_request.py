"""HTTP requests that no SDK would send."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.cloud.embedded import EmbeddedCloud


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back, with the members of its JSON body."""

    status: int
    members: Mapping[str, Any]

    @property
    def code(self) -> str:
        """AWS's error code; empty for a success."""
        return str(self.members.get("__type", ""))


@dataclass(frozen=True, kw_only=True)
class RawRequest:
    """A request to SageMaker, signed by an administrator unless told otherwise."""

    target: str | None = "SageMaker.ListModels"
    body: bytes = b"{}"
    content_type: str | None = "application/x-amz-json-1.1"
    method: str = "POST"
    path: str = "/"
    signed: bool = True
    secret: str | None = None
    spoil: Mapping[str, str] = field(default_factory=dict)
    """Headers that are changed after signing."""

    def send(self, cloud: EmbeddedCloud, account: str = "tools") -> Answer:
        """Send it, and read the answer as JSON."""
        status, said = self._exchange(cloud, account)
        return Answer(status=status, members=json.loads(said or b"{}"))

    def status_only(self, cloud: EmbeddedCloud, account: str = "tools") -> int:
        """Send it, for an answer of whatever kind."""
        return self._exchange(cloud, account)[0]

    def _exchange(self, cloud: EmbeddedCloud, account: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(urlsplit(cloud.endpoint).netloc, timeout=30)
        try:
            connection.request(self.method, self.path, body=self.body, headers=self._headers(cloud, account))
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def _headers(self, cloud: EmbeddedCloud, account: str) -> dict[str, str]:
        plain = {
            "Content-Type": self.content_type,
            "X-Amz-Target": self.target,
            "Host": urlsplit(cloud.endpoint).netloc,
        }
        headers = {name: value for name, value in plain.items() if value is not None}
        if not self.signed:
            return headers
        administrator = cloud.running.administrator(account)
        credentials = Credentials(administrator.access_key_id, self.secret or administrator.secret_access_key)
        request = AWSRequest(method=self.method, url=cloud.endpoint + self.path, data=self.body, headers=headers)
        SigV4Auth(credentials, "sagemaker", cloud.running.region).add_auth(request)
        return {name: str(value) for name, value in request.headers.items()} | dict(self.spoil)
