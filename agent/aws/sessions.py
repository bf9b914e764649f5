"""AWS clients from explicit credentials only: nothing of this machine's environment or profiles ever leaks in."""

from __future__ import annotations

import contextlib
import os
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3.session
import botocore.config
import botocore.session
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES
from botocore.credentials import DeferredRefreshableCredentials, RefreshableCredentials
from botocore.utils import parse_timestamp

from agent.aws.entering import SECONDS, assume_role
from agent.aws.refusals import refusals
from agent.aws.skew import Skew

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.aws.entering import Origin, Way
    from agent.aws.questions import Asked

_CONNECTIONS = 64
"""Kept open at most by one client: as many as threads use at once, for urllib3 warns of each one more."""
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException"})
_WITHOUT_BODY = "400"
"""What S3 answers a ``HEAD`` request with an expired token, without saying why."""


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """One identity's keys; never printed."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


class Clients:
    """The clients of one identity in one region, made when first asked for (the first costs 0.1 s) and kept.

    ``endpoint_url`` is where every service answers, or None for AWS itself; ``attempts`` is how often a request is
    tried when the service is busy or away. Identities that share their ``data`` load it once, as do those whose role
    they assume: further clients then cost 3 ms and no memory to speak of. Clients may be used by several threads. What
    they ask, and what clients ask whose role they assume, is noted in ``asked``; ``way`` says how one gets to be these
    clients' identity.
    """

    def __init__(
        self,
        *,
        credentials: Credentials | RefreshableCredentials,
        region: str,
        endpoint_url: str | None = None,
        attempts: int = 4,
        data: ClientData | None = None,
        asked: Asked | None = None,
        way: Way | None = None,
    ) -> None:
        self.region = region
        self._asked = asked
        self._way = way
        self.endpoint_url = endpoint_url
        self._attempts = attempts
        self._credentials = credentials
        self._data = data or _data_for(credentials)
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """The boto3 client for a service such as ``s3``."""
        with self._data.lock:
            if service not in self._clients:
                self._clients[service] = self._data.session.client(
                    service,
                    region_name=self.region,
                    **_keys(self._credentials),
                    endpoint_url=self.endpoint_url,
                    config=_config(service, attempts=self._attempts, local=self.endpoint_url is not None),
                )
                self._data.skew.mend(self._clients[service])
                if not isinstance(self._credentials, Credentials):
                    self._clients[service].meta.events.register("needs-retry", self._enter_again)
                if self._asked is not None:
                    self._asked.watch(self._clients[service], self._way)
            return self._clients[service]

    def _enter_again(self, response: Any, attempts: int, **_: Any) -> int | None:
        """Botocore's question whether to try again: at once, in a new session, where AWS says that the role's is over.

        A session ends before its time where it is revoked, or where this machine's clock was stopped or is behind.
        """
        code = (response[1] if response else {}).get("Error", {}).get("Code")
        is_over = code in _EXPIRED or (code == _WITHOUT_BODY and attempts == 1)
        if not is_over or attempts >= self._attempts:
            return None
        role: Any = self._credentials
        role._expiry_time = datetime.now(UTC)  # botocore knows no other way to give a session up
        return 0

    def on_skew(self, tell: Callable[[str], None]) -> None:
        """Have it told, once, that this machine's clock turned out to be wrong."""
        self._data.skew.tell = tell

    def elsewhere(self, region: str) -> Clients:
        """Clients of the same identity in another region."""
        return Clients(
            credentials=self._credentials,
            region=region,
            endpoint_url=self.endpoint_url,
            attempts=self._attempts,
            data=self._data,
            asked=self._asked,
            way=self._way,
        )

    def assume(self, way: Way, *, started: Origin, region: str) -> Clients:
        """Clients of a role that these clients' identity assumes (``sts:AssumeRole``), refreshed before they expire.

        The role is assumed when a client is first used; where it cannot be, that request fails with modelyard's error.
        """

        def fetch() -> dict[str, str]:
            asked = datetime.now(UTC)
            with refusals("sts:AssumeRole", way.role, account=way.role.split(":")[4], region=self.region):
                answer = self.client("sts").assume_role(**assume_role(way, started))["Credentials"]
            return {
                "access_key": answer["AccessKeyId"],
                "secret_key": answer["SecretAccessKey"],
                "token": answer["SessionToken"],
                # By this machine's clock, which botocore looks at: whether it is right does not matter then.
                "expiry_time": (asked + timedelta(seconds=SECONDS)).isoformat(),
            }

        credentials = DeferredRefreshableCredentials(refresh_using=fetch, method="assume-role")
        return Clients(
            credentials=credentials,
            region=region,
            endpoint_url=self.endpoint_url,
            attempts=self._attempts,
            data=self._data.of(credentials),
            asked=self._asked,
            way=way,
        )


class ClientData:
    """What botocore knows about services, read from disk when first needed; use ``session`` with ``lock`` held."""

    def __init__(self, credentials: RefreshableCredentials | None = None, *, beside: ClientData | None = None) -> None:
        self.lock: threading.RLock = beside.lock if beside else threading.RLock()
        self.skew: Skew = beside.skew if beside else Skew()
        self._credentials = credentials
        self._beside = beside

    def of(self, credentials: RefreshableCredentials) -> ClientData:
        """The same knowledge for a role that refreshes itself."""
        return ClientData(credentials, beside=self)

    @cached_property
    def session(self) -> boto3.session.Session:
        """A session whose only identity is a role that refreshes itself, if there is one."""
        session = isolated_session(beside=self._beside and self._beside.session)
        session._session._credentials = self._credentials  # botocore's own way for credentials that refresh themselves
        return session


def _data_for(credentials: Credentials | RefreshableCredentials) -> ClientData:
    return ClientData() if isinstance(credentials, Credentials) else ClientData(credentials)


def _keys(credentials: Credentials | RefreshableCredentials) -> dict[str, str | None]:
    """Keys that never change are given to each client; a role's are the session's, which asks for new ones in time."""
    if not isinstance(credentials, Credentials):
        return {}
    return {
        "aws_access_key_id": credentials.access_key_id,
        "aws_secret_access_key": credentials.secret_access_key,
        "aws_session_token": credentials.session_token,
    }


def isolated_session(
    credentials: Credentials | None = None,
    region: str | None = None,
    *,
    beside: boto3.session.Session | None = None,
) -> boto3.session.Session:
    """A session that reads no AWS variable and no file beyond botocore's own data, or what a session has read of it."""
    silent = {
        name: (None, None, default, convert)
        for name, (_, _, default, convert) in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()
    }
    for name, value in {"config_file": os.devnull, "credentials_file": os.devnull}.items():
        silent[name] = (None, None, value, None)
    silent["ignore_configured_endpoint_urls"] = (None, None, True, None)
    botocore_session = botocore.session.Session(session_vars=silent)
    botocore_session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_time)
    if beside is not None:
        botocore_session.register_component("data_loader", beside._loader)
    return boto3.session.Session(
        aws_access_key_id=credentials and credentials.access_key_id,
        aws_secret_access_key=credentials and credentials.secret_access_key,
        aws_session_token=credentials and credentials.session_token,
        region_name=region,
        botocore_session=botocore_session,
    )


def _time(value: Any) -> datetime:
    """A time in an answer; botocore guesses at its form, which takes most of the time of a long listing."""
    if isinstance(value, str) and value.endswith("Z"):
        with contextlib.suppress(ValueError):
            return datetime.fromisoformat(value)
    time: datetime = parse_timestamp(value)
    return time


def _config(service: str, *, attempts: int, local: bool) -> botocore.config.Config:
    settings: dict[str, Any] = {
        "retries": {"mode": "standard", "total_max_attempts": attempts},
        "max_pool_connections": _CONNECTIONS,
    }
    if local:
        settings["proxies"] = {}
    if local and service == "s3":
        # An endpoint of our own has no host name for each bucket.
        settings["s3"] = {"addressing_style": "path"}
    return botocore.config.Config(**settings)
