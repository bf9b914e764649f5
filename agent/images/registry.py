"""The registry-v2 protocol (distribution-spec), as much of it as pushing and pulling one image by digest needs."""

from __future__ import annotations

import http.client
import json
import time
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import IO, TYPE_CHECKING
from urllib.parse import urlencode, urljoin, urlsplit

from agent.errors import (
    AccessDeniedError,
    CloudFailedError,
    InputMissingError,
    ModelyardError,
    TemporaryError,
)
from agent.images.manifest import SINGLE_IMAGE_TYPES, Descriptor, decode_manifest, sha256_digest
from agent.images.retries import Retries

if TYPE_CHECKING:
    from collections.abc import Mapping
    from email.message import Message
    from pathlib import Path

    from agent.images.layout import ImageLayout

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

    def headers(self) -> dict[str, str]:
        """What every request to the registry itself carries; never sent to where a registry redirects."""
        headers = {"Host": self.host} if self.host else {}
        if self.password is not None:
            token = b64encode(f"{self.username}:{self.password}".encode()).decode()
            headers["Authorization"] = f"Basic {token}"
        return headers


class Registry:
    """Pushes and pulls images; blocking, so an event loop calls it in a thread. Holds no connection open.

    What fails for the moment is tried again: a blob or a manifest as a whole, never the half of one.
    """

    def __init__(self, endpoint: RegistryEndpoint, retries: Retries | None = None) -> None:
        self._endpoint = endpoint
        self._retries = retries or Retries(sleep=time.sleep)

    def push(self, layout: ImageLayout, digest: str, repository: str, tag: str | None = None) -> None:
        """Upload an image: the blobs that the repository lacks, then the manifest under ``tag`` or its digest."""
        raw = layout.read(digest)
        manifest = decode_manifest(raw, f"image {digest}")
        for blob in manifest.blobs:
            self._retries.run(partial(self._push_blob, repository, blob, layout.blob_path(blob.digest)))
        self._retries.run(partial(self._push_manifest, repository, tag or digest, manifest.media_type, raw))

    def resolve(self, repository: str, locator: str) -> str:
        """The digest that a tag points at now (or the given digest itself, when the registry has it)."""
        return sha256_digest(self._manifest(repository, locator))

    def pull(self, layout: ImageLayout, repository: str, locator: str) -> Descriptor:
        """Download what ``layout`` lacks of an image and answer its manifest; every blob's digest is verified."""
        raw = self._manifest(repository, locator)
        manifest = decode_manifest(raw, f"{self._name}/{repository} ({locator})")
        for blob in manifest.blobs:
            if not layout.has(blob.digest):
                self._retries.run(partial(self._download, repository, blob.digest, layout))
        return layout.add(raw, manifest.media_type)

    @property
    def _name(self) -> str:
        return self._endpoint.host or urlsplit(self._endpoint.base_url).netloc

    def _manifest(self, repository: str, locator: str) -> bytes:
        path = f"/v2/{repository}/manifests/{locator}"
        raw = self._retries.run(partial(self._get_manifest, path))
        if locator.startswith("sha256:") and sha256_digest(raw) != locator:
            raise InputMissingError(f"registry {self._name}: {path} is {sha256_digest(raw)}; push it again")
        return raw

    def _get_manifest(self, path: str) -> bytes:
        with self._request("GET", path, headers={"Accept": ", ".join(SINGLE_IMAGE_TYPES)}) as response:
            return self._read(response, f"GET {path}")

    def _push_manifest(self, repository: str, locator: str, media_type: str, raw: bytes) -> None:
        """The manifest, under a tag or its digest; a tag that cannot move is fine where it names this very image."""
        path = f"/v2/{repository}/manifests/{locator}"
        headers = {"Content-Type": media_type, "Content-Length": str(len(raw))}
        try:
            self._write("PUT", path, headers, raw)
        except CloudFailedError:
            with self._request("HEAD", path, headers={"Accept": media_type}, accept_missing=True) as response:
                if response.headers["Docker-Content-Digest"] != sha256_digest(raw):
                    raise

    def _push_blob(self, repository: str, blob: Descriptor, path: Path) -> None:
        if not self._has(repository, blob.digest):
            self._upload(repository, blob, path)

    def _has(self, repository: str, digest: str) -> bool:
        with self._request("HEAD", f"/v2/{repository}/blobs/{digest}", accept_missing=True) as response:
            return response.status == 200

    def _upload(self, repository: str, blob: Descriptor, path: Path) -> None:
        """POST, PATCH, PUT as docker does; not every registry takes the shorter ways of the specification."""
        begun = self._write("POST", f"/v2/{repository}/blobs/uploads/", {"Content-Length": "0"})
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(blob.size)}
        with path.open("rb") as file:
            sent = self._write("PATCH", begun["Location"], headers, file)
        session = sent["Location"]
        done = f"{session}{'&' if '?' in session else '?'}{urlencode({'digest': blob.digest})}"
        self._write("PUT", done, {"Content-Length": "0"})

    def _write(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | IO[bytes] | None = None
    ) -> Message:
        """A request that counts only when its whole answer has arrived; the answer's headers."""
        with self._request(method, target, headers=headers, body=body) as response:
            self._read(response, f"{method} {urlsplit(target).path}")
            return response.headers

    def _download(self, repository: str, digest: str, layout: ImageLayout) -> None:
        path = f"/v2/{repository}/blobs/{digest}"
        with self._request("GET", path) as response, layout.writer(expected=digest) as blob:
            while chunk := self._read(response, f"GET {path}", _CHUNK):
                blob.write(chunk)

    def _read(self, response: http.client.HTTPResponse, what: str, size: int | None = None) -> bytes:
        try:
            data = response.read(size)
        except (OSError, http.client.HTTPException) as error:
            raise TemporaryError(f"registry {self._name}: {what} was cut off: {error}") from error
        if not data and response.length:
            raise TemporaryError(f"registry {self._name}: {what} was cut off {response.length} bytes early")
        return data

    def _request(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | IO[bytes] | None = None,
        accept_missing: bool = False,
    ) -> http.client.HTTPResponse:
        url = urljoin(self._endpoint.base_url, target)
        response = self._send(method, url, {**self._endpoint.headers(), **(headers or {})}, body)
        if response.status in _REDIRECTS and method == "GET":
            # ECR answers blobs with a presigned S3 address, which must not see the registry's credentials.
            response.close()
            url = urljoin(url, response.headers["Location"])
            response = self._send(method, url, {}, None)
        if response.status < 300 or (accept_missing and response.status == 404):
            return response
        raise self._failure(method, url, response)

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | IO[bytes] | None
    ) -> http.client.HTTPResponse:
        parts = urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.netloc, timeout=self._endpoint.timeout_seconds)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        try:
            # A registry may refuse a body, and say why, before it has read all of it.
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, path, body=body, headers={**headers, "Connection": "close"})
            return connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise TemporaryError(f"registry {self._name}: {method} {parts.path} got no answer: {error}") from error

    def _failure(self, method: str, url: str, response: http.client.HTTPResponse) -> ModelyardError:
        with response:
            reason = _reason(response.read(_CHUNK)) or response.reason
        kind = _FAILURES.get(response.status, CloudFailedError)
        return kind(f"registry {self._name}: {method} {urlsplit(url).path} answered {response.status}: {reason}")


def _reason(body: bytes) -> str:
    """The message of a registry's error document, or nothing when the body is something else."""
    try:
        errors = json.loads(body)["errors"]
        return "; ".join(f"{error['code']}: {error['message']}" for error in errors)
    except (ValueError, KeyError, TypeError):
        return ""
