"""AWS clients from explicit credentials only: nothing of this machine's environment or profiles ever leaks in."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import boto3.session
import botocore.config
import botocore.session
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """One identity's keys; never printed."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


class Clients:
    """The clients of one identity in one region, made when first asked for (the first costs 0.1 s) and kept.

    ``endpoint_url`` is where every service answers, or None for AWS itself; ``attempts`` is how often a request is
    tried when the service is busy or away. Identities that share their ``data`` load it once: further clients then
    cost 3 ms and no memory to speak of. Clients may be used by several threads.
    """

    def __init__(
        self,
        *,
        credentials: Credentials,
        region: str,
        endpoint_url: str | None = None,
        attempts: int = 4,
        data: ClientData | None = None,
    ) -> None:
        self.region = region
        self.endpoint_url = endpoint_url
        self._attempts = attempts
        self._credentials = credentials
        self._data = data or ClientData()
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """The boto3 client for a service such as ``s3``."""
        with self._data.lock:
            if service not in self._clients:
                self._clients[service] = self._data.session.client(
                    service,
                    region_name=self.region,
                    aws_access_key_id=self._credentials.access_key_id,
                    aws_secret_access_key=self._credentials.secret_access_key,
                    aws_session_token=self._credentials.session_token,
                    endpoint_url=self.endpoint_url,
                    config=_config(service, attempts=self._attempts, local=self.endpoint_url is not None),
                )
            return self._clients[service]


class ClientData:
    """What botocore knows about services, read from disk when first needed; use ``session`` with ``lock`` held."""

    def __init__(self) -> None:
        self.lock = threading.Lock()

    @cached_property
    def session(self) -> boto3.session.Session:
        """A session without an identity of its own."""
        return isolated_session()


def isolated_session(credentials: Credentials | None = None, region: str | None = None) -> boto3.session.Session:
    """A session that reads no AWS variable and no file beyond botocore's own data."""
    silent = {
        name: (None, None, default, convert)
        for name, (_, _, default, convert) in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()
    }
    for name, value in {"config_file": os.devnull, "credentials_file": os.devnull}.items():
        silent[name] = (None, None, value, None)
    silent["ignore_configured_endpoint_urls"] = (None, None, True, None)
    return boto3.session.Session(
        aws_access_key_id=credentials and credentials.access_key_id,
        aws_secret_access_key=credentials and credentials.secret_access_key,
        aws_session_token=credentials and credentials.session_token,
        region_name=region,
        botocore_session=botocore.session.Session(session_vars=silent),
    )


def _config(service: str, *, attempts: int, local: bool) -> botocore.config.Config:
    settings: dict[str, Any] = {"retries": {"mode": "standard", "total_max_attempts": attempts}}
    if local:
        settings["proxies"] = {}
    if local and service == "s3":
        # An endpoint of our own has no host name for each bucket.
        settings["s3"] = {"addressing_style": "path"}
    return botocore.config.Config(**settings)
