"""Requests signed by hand, for what no SDK would send and for clients faster than any SDK."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.cloud.embedded import EmbeddedCloud

_JSON = "application/x-amz-json-1.1"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer in AWS's JSON protocol; ``code`` is empty for a success."""

    status: int
    code: str
    request_id: str
    members: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Signer:
    """Signs JSON requests of one principal to one endpoint."""

    endpoint: str
    region: str
    access_key_id: str
    secret_access_key: str

    def headers(self, service: str, target: str, body: bytes) -> dict[str, str]:
        """The headers of a request to ``target`` (``SageMaker.DescribeModel``), good for five minutes."""
        request = AWSRequest(
            method="POST",
            url=f"{self.endpoint}/",
            data=body,
            headers={"Content-Type": _JSON, "X-Amz-Target": target, "Host": urlsplit(self.endpoint).netloc},
        )
        SigV4Auth(Credentials(self.access_key_id, self.secret_access_key), service, self.region).add_auth(request)
        return {name: str(value) for name, value in request.headers.items()}

    def post(self, service: str, target: str, body: bytes) -> Reply:
        """Send one request on a connection of its own."""
        connection = http.client.HTTPConnection(urlsplit(self.endpoint).netloc, timeout=30)
        try:
            connection.request("POST", "/", body=body, headers=self.headers(service, target, body))
            response = connection.getresponse()
            said = response.read()
        finally:
            connection.close()
        members = json.loads(said or b"{}")
        return Reply(
            status=response.status,
            code=members.get("__type", "") if response.status >= 300 else "",
            request_id=response.headers.get("x-amzn-RequestId", ""),
            members=members,
        )


def signer(cloud: EmbeddedCloud, account: str = "tools") -> Signer:
    """A signer for the administrator of an account."""
    administrator = cloud.running.administrator(account)
    return Signer(
        endpoint=cloud.endpoint,
        region=cloud.running.region,
        access_key_id=administrator.access_key_id,
        secret_access_key=administrator.secret_access_key,
    )
