"""Requests to one registry and their answers: connections, credentials, and failures as what they mean."""

from __future__ import annotations

import http.client
import json
from base64 import b64encode
from collections.abc import Callable, Iterable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from agent.errors import AccessDeniedError, CloudFailedError, InputMissingError, ModelyardError, TemporaryError
from agent.images.challenge import bearer_challenge

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from email.message import Message

Body = bytes | Callable[[], Iterable[bytes]] | None
"""What is sent; a function answers it from its beginning each time."""
_CHUNK = 1 << 20
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_FAILURES: Mapping[int, type[ModelyardError]] = {
    401: AccessDeniedError,
    403: AccessDeniedError,
    404: InputMissingError,
    429: TemporaryError,
    500: TemporaryError,
    502: TemporaryError,
    503: TemporaryError,
    504: TemporaryError,
}


@dataclass(frozen=True, kw_only=True)
class RegistryEndpoint:
    """Where a registry answers and as whom to ask.

    ``base_url`` is reached over the network; ``host`` is the name sent as Host header where it differs (MiniStack tells
    accounts apart by it). ``password`` is the token inside ECR's GetAuthorizationToken answer, for user ``AWS``.
    """

    base_url: str
    host: str | None = None
    username: str = "AWS"
    password: str | None = None
    timeout_seconds: float = 60

    @property
    def name(self) -> str:
        """How messages call it."""
        return self.host or urlsplit(self.base_url).netloc

    def headers(self) -> dict[str, str]:
        """What every request to the registry itself carries; never sent to where a registry redirects."""
        return {"Host": self.host, **self.password_headers()} if self.host else self.password_headers()

    def password_headers(self) -> dict[str, str]:
        """Name and password, where there is one."""
        if self.password is None:
            return {}
        token = b64encode(f"{self.username}:{self.password}".encode()).decode()
        return {"Authorization": f"Basic {token}"}


class Answer:
    """An answer whose body is still to be read; TemporaryError where it breaks off."""

    def __init__(self, response: http.client.HTTPResponse, what: str) -> None:
        self._response = response
        self._what = what
        self.status = response.status
        self.headers: Message = response.headers

    def read(self, size: int | None = None) -> bytes:
        """The next ``size`` bytes, or all that are left."""
        try:
            data = self._response.read(size)
        except (OSError, http.client.HTTPException) as error:
            raise TemporaryError(f"{self._what} was cut off: {error}") from error
        if not data and self._response.length:
            raise TemporaryError(f"{self._what} was cut off {self._response.length} bytes early")
        return data

    def blocks(self) -> Iterator[bytes]:
        """The body, a megabyte at a time."""
        while block := self.read(_CHUNK):
            yield block


class Exchange:
    """Asks one registry, from any number of threads; between requests connections stay open inside ``kept()`` only."""

    def __init__(self, endpoint: RegistryEndpoint) -> None:
        self.endpoint = endpoint
        self._lock = Lock()
        self._keepers = 0
        self._idle: list[tuple[str, http.client.HTTPConnection]] = []
        self._bearer: str | None = None

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keep connections for the next request, until the outermost such block ends."""
        with self._lock:
            self._keepers += 1
        try:
            yield
        finally:
            with self._lock:
                self._keepers -= 1
                ended, self._idle = ([], self._idle) if self._keepers else (self._idle, [])
            for _, connection in ended:
                connection.close()

    @contextmanager
    def ask(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: Body = None,
        accept_missing: bool = False,
    ) -> Iterator[Answer]:
        """One request; an answer that is no success raises, but for a 404 where that is accepted."""
        url = self._address(target)
        connection, response = self._answered(method, url, headers or {}, body)
        what = f"registry {self.endpoint.name}: {method} {urlsplit(url).path}"
        try:
            answer = Answer(response, what)
            if response.status >= 300 and not (accept_missing and response.status == 404):
                raise _failure(answer, what, response.reason)
            yield answer
        finally:
            self._let_go(url, connection, response)

    def write(self, method: str, target: str, headers: Mapping[str, str], body: Body = None) -> Message:
        """A request that counts only when its whole answer has arrived; the answer's headers."""
        with self.ask(method, target, headers=headers, body=body) as answer:
            answer.read()
            return answer.headers

    def _answered(
        self, method: str, url: str, headers: Mapping[str, str], body: Body
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """The answer to a request, once it is known who asks and where the registry has it."""
        connection, response = self._send(method, url, {**self._own_headers(url), **headers}, body)
        asked = response.headers.get("WWW-Authenticate", "") if response.status == 401 else ""
        if token_url := bearer_challenge(asked, self.endpoint.name):
            self._let_go(url, connection, response)
            self._bearer = self._token(token_url)
            connection, response = self._send(method, url, {**self._own_headers(url), **headers}, body)
        if response.status in _REDIRECTS and method == "GET":
            # ECR answers blobs with a presigned S3 address, which must not see the registry's credentials.
            self._let_go(url, connection, response)
            kept = {name: value for name, value in headers.items() if name == "Range"}
            connection, response = self._send(method, urljoin(url, response.headers["Location"]), kept, None)
        return connection, response

    def _address(self, target: str) -> str:
        """Where a path or a ``Location`` is; a registry knows itself by the name that it is told."""
        url = urlsplit(urljoin(self.endpoint.base_url, target))
        own = urlsplit(self.endpoint.base_url)
        known = url._replace(scheme=own.scheme, netloc=own.netloc) if url.netloc == self.endpoint.host else url
        return known.geturl()

    def _own_headers(self, url: str) -> dict[str, str]:
        """An address that is not the registry's own gets to know nobody's password."""
        if urlsplit(url)[:2] != urlsplit(self.endpoint.base_url)[:2]:
            return {}
        bearer = {"Authorization": f"Bearer {self._bearer}"} if self._bearer else {}
        return {**self.endpoint.headers(), **bearer}

    def _token(self, url: str) -> str:
        """What a registry that wants tokens is to be brought (distribution's "Token Authentication")."""
        what = f"registry {self.endpoint.name}: GET {urlsplit(url).path} (its tokens)"
        connection, response = self._send("GET", url, self.endpoint.password_headers(), None)
        try:
            answer = Answer(response, what)
            if response.status >= 300:
                raise _failure(answer, what, response.reason)
            document = json.loads(answer.read())
            return str(document.get("token") or document["access_token"])
        except (ValueError, KeyError) as error:
            raise CloudFailedError(f"{what} answered no token; look at the registry's log") from error
        finally:
            self._let_go(url, connection, response)

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], body: Body
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """A streamed body goes over a connection of its own: one that was kept may be dead, and it cannot be told."""
        kept = None if callable(body) else self._take(url)
        if kept is not None:
            # The registry may have closed it meanwhile; what was asked over it was not heard.
            with suppress(OSError, http.client.HTTPException):
                return kept, self._spoken(kept, method, url, headers, body)
            kept.close()
        connection = self._connection(url)
        try:
            return connection, self._spoken(connection, method, url, headers, body)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            path = urlsplit(url).path
            raise TemporaryError(f"registry {self.endpoint.name}: {method} {path} got no answer: {error}") from error
        except BaseException:
            connection.close()
            raise

    def _spoken(
        self, connection: http.client.HTTPConnection, method: str, url: str, headers: Mapping[str, str], body: Body
    ) -> http.client.HTTPResponse:
        parts = urlsplit(url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        said = headers if self._keepers else {**headers, "Connection": "close"}
        # A registry may refuse a body, and say why, before it has read all of it.
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.request(method, path, body=body() if callable(body) else body, headers=said)
        return connection.getresponse()

    def _connection(self, url: str) -> http.client.HTTPConnection:
        parts = urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        return kind(parts.netloc, timeout=self.endpoint.timeout_seconds)

    def _take(self, url: str) -> http.client.HTTPConnection | None:
        place = "://".join(urlsplit(url)[:2])
        with self._lock:
            for number, (where, connection) in enumerate(self._idle):
                if where == place:
                    del self._idle[number]
                    return connection
        return None

    def _let_go(self, url: str, connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> None:
        """Keep a connection whose answer was read to its end; a short rest, such as of an error, is read first."""
        with suppress(OSError, http.client.HTTPException):
            if response.length is not None and response.length < _CHUNK:
                response.read()
        with self._lock:
            keep = self._keepers > 0 and response.isclosed() and not response.will_close
            if keep:
                self._idle.append(("://".join(urlsplit(url)[:2]), connection))
        if not keep:
            response.close()
            connection.close()


def _failure(answer: Answer, what: str, phrase: str) -> ModelyardError:
    reason = _reason(answer.read(_CHUNK)) or phrase
    kind = _FAILURES.get(answer.status, CloudFailedError)
    return kind(f"{what} answered {answer.status}: {reason}")


def _reason(body: bytes) -> str:
    """The message of a registry's error document, or nothing when the body is something else."""
    try:
        errors = json.loads(body)["errors"]
        return "; ".join(f"{error['code']}: {error['message']}" for error in errors)
    except (ValueError, KeyError, TypeError):
        return ""
