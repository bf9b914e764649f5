"""The registry's own HTTP interface (``/v2/…``), which docker and our builders speak; bodies stream to and from disk.

Sources: OCI distribution specification; ECR user guide, "Private registry authentication" and "IAM permissions for
pushing an image".
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from agent.cloud.ecr.referrers import referrers, subject_of
from agent.cloud.errors import AwsError
from agent.images.manifest import INDEX_TYPE, SINGLE_IMAGE_TYPES, decode_manifest

if TYPE_CHECKING:
    from pathlib import Path

    from agent.cloud.ecr.access import RegistryAccess
    from agent.cloud.ecr.blobs import Blobs, Upload
    from agent.cloud.emulator.repositories import Repositories, Repository
    from agent.cloud.gateway import Receive, Scope, Send
    from agent.cloud.identity import Caller

_HOST = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.")
_HOST_AS_FOLDER = re.compile(r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_NAME = r"/v2/(?P<name>.+)"
_CHUNK = 1 << 20
_MANIFEST_BYTES = 4 << 20
_QUIET_SECONDS = 10

Headers = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One authorised request: ``parts`` are the named groups of its path."""

    caller: Caller
    repository: Repository
    parts: Mapping[str, str]
    query: Mapping[str, list[str]]
    headers: Headers
    receive: Receive


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One answer; a ``file`` is streamed as its body, unless the request was a HEAD."""

    status: int
    headers: Headers
    body: bytes = b""
    file: Path | None = None

    def below(self, prefix: str) -> Reply:
        """The same answer to a client that puts ``prefix`` before the names of repositories."""
        location = self.headers.get("location")
        if not prefix or location is None:
            return self
        return replace(self, headers={**self.headers, "location": f"/v2{prefix}{location.removeprefix('/v2')}"})


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Which requests a handler serves, and the ECR action that they need."""

    methods: tuple[str, ...]
    path: re.Pattern[str]
    action: str
    handler: Callable[[Visit], Awaitable[Reply]]


class RegistryDoor:
    """An ASGI application for ``/v2/``; the account is told by the name, by the Host header, else by the password.

    An engine cannot send another Host header than the address that it reaches. To it an image is ``127.0.0.1:PORT/``
    and then the whole URI that AWS gives it, so that the registry's name becomes the first part of the path.
    """

    def __init__(self, repositories: Repositories, blobs: Blobs, access: RegistryAccess) -> None:
        self._repositories = repositories
        self._blobs = blobs
        self._access = access
        self._rules = (
            _rule("GET HEAD", r"/manifests/(?P<locator>[^/]+)", "BatchGetImage", self._get_manifest),
            _rule("PUT", r"/manifests/(?P<locator>[^/]+)", "PutImage", self._put_manifest),
            _rule("GET", r"/blobs/(?P<digest>sha256:[0-9a-f]{64})", "GetDownloadUrlForLayer", self._get_blob),
            _rule("HEAD", r"/blobs/(?P<digest>sha256:[0-9a-f]{64})", "BatchCheckLayerAvailability", self._get_blob),
            _rule("POST", r"/blobs/uploads/?", "InitiateLayerUpload", self._begin_upload),
            _rule("PATCH", r"/blobs/uploads/(?P<upload>[0-9a-f-]+)", "UploadLayerPart", self._continue_upload),
            _rule("GET", r"/blobs/uploads/(?P<upload>[0-9a-f-]+)", "UploadLayerPart", self._describe_upload),
            _rule("PUT", r"/blobs/uploads/(?P<upload>[0-9a-f-]+)", "CompleteLayerUpload", self._finish_upload),
            _rule("DELETE", r"/blobs/uploads/(?P<upload>[0-9a-f-]+)", "UploadLayerPart", self._cancel_upload),
            _rule("GET", r"/tags/list", "ListImages", self._list_tags),
            _rule("GET", r"/referrers/(?P<digest>sha256:[0-9a-f]{64})", "BatchGetImage", self._list_referrers),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        try:
            reply = await self._reply(scope, receive)
        except AwsError as error:
            reply = _refusal(error)
        headers = {"docker-distribution-api-version": "registry/2.0", **reply.headers}
        length = reply.file.stat().st_size if reply.file else len(reply.body)
        headers.setdefault("content-length", str(length))
        encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": reply.status, "headers": encoded})
        if reply.file is not None and scope["method"] != "HEAD":
            await _stream(reply.file, send)
        else:
            await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else reply.body})

    async def _reply(self, scope: Scope, receive: Receive) -> Reply:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        path, prefix, host = _addressed(scope["path"], headers.get("host", ""))
        caller = self._access.caller(headers.get("authorization", ""))
        if caller is None:
            return _unauthenticated(headers.get("host", ""))
        account, region = host.groups() if host else (caller.account, caller.region)
        if path in {"/v2", "/v2/"}:
            return Reply(status=200, headers={"content-type": "application/json"}, body=b"{}")
        rule, parts = self._find(scope["method"], path)
        repository = self._repository(account, region, parts["name"], caller, rule.action)
        self._access.require(caller, rule.action, repository)
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        reply = await rule.handler(
            Visit(caller=caller, repository=repository, parts=parts, query=query, headers=headers, receive=receive)
        )
        return reply.below(prefix)

    def _find(self, method: str, path: str) -> tuple[Rule, Mapping[str, str]]:
        for rule in self._rules:
            found = rule.path.fullmatch(path)
            if found and method in rule.methods:
                return rule, found.groupdict()
        raise AwsError("UNSUPPORTED", "The operation is unsupported.", 405)

    def _repository(self, account: str, region: str, name: str, caller: Caller, action: str) -> Repository:
        found = self._repositories.find(account, region, name)
        if found is None:
            self._access.require(caller, action, self._repositories.absent(account, region, name))
            raise AwsError(
                "NAME_UNKNOWN",
                f"The repository with name '{name}' does not exist in the registry with id '{account}'",
                404,
            )
        return found

    async def _get_manifest(self, visit: Visit) -> Reply:
        locator = visit.parts["locator"]
        manifest = self._repositories.manifest(visit.repository, locator)
        if manifest is None:
            raise AwsError("MANIFEST_UNKNOWN", "Requested image not found", 404)
        return Reply(
            status=200,
            headers={"content-type": manifest.media_type, "docker-content-digest": manifest.digest},
            body=manifest.content,
        )

    async def _put_manifest(self, visit: Visit) -> Reply:
        content = b"".join([chunk async for chunk in _chunks(visit.receive, _MANIFEST_BYTES)])
        media_type = visit.headers.get("content-type", "").partition(";")[0].strip()
        self._check_manifest(visit.repository, media_type, content)
        answer = self._repositories.put_manifest(visit.repository, visit.parts["locator"], media_type, content)
        if answer.error:
            raise AwsError(answer.error, answer.message, answer.status)
        location = f"/v2/{visit.repository.name}/manifests/{answer.digest}"
        subject = subject_of(content)
        listed = {"oci-subject": subject} if subject else {}
        return Reply(status=201, headers={"location": location, "docker-content-digest": answer.digest, **listed})

    def _check_manifest(self, repository: Repository, media_type: str, content: bytes) -> None:
        """Every blob that an image names must have been pushed; an index names manifests instead."""
        try:
            document = json.loads(content)
            named = (
                [blob.digest for blob in decode_manifest(content, "manifest").blobs]
                if media_type in SINGLE_IMAGE_TYPES
                else []
            )
            children = [child["digest"] for child in document.get("manifests", [])]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise AwsError("MANIFEST_INVALID", f"Invalid image manifest: {error}", 400) from error
        absent = [digest for digest in named if self._blobs.size(repository, digest) is None]
        absent += [digest for digest in children if self._repositories.manifest(repository, digest) is None]
        if absent:
            raise AwsError(
                "BLOB_UNKNOWN",
                f"Layers with digests '[{', '.join(absent)}]' required for pushing image into repository with name "
                f"'{repository.name}' in the registry with id '{repository.account}' do not exist",
                404,
            )

    async def _get_blob(self, visit: Visit) -> Reply:
        digest = visit.parts["digest"]
        if self._blobs.size(visit.repository, digest) is None:
            raise AwsError("BLOB_UNKNOWN", f"The layer '{digest}' does not exist in the repository", 404)
        headers = {"content-type": "application/octet-stream", "docker-content-digest": digest}
        return Reply(status=200, headers=headers, file=self._blobs.layout.blob_path(digest))

    async def _begin_upload(self, visit: Visit) -> Reply:
        mounted = self._mounted(visit)
        if mounted:
            return _blob_created(visit.repository, mounted)
        return self._uploading(visit.repository, self._blobs.begin(visit.repository), 0)

    def _mounted(self, visit: Visit) -> str | None:
        """The digest of a blob taken over from a repository that the caller may read."""
        digest, source = (visit.query.get(name, [""])[0] for name in ("mount", "from"))
        source = _HOST_AS_FOLDER.sub("", source, count=1)
        origin = self._repositories.find(visit.repository.account, visit.repository.region, source)
        size = self._blobs.size(origin, digest) if origin and _DIGEST.fullmatch(digest) else None
        if origin is None or size is None:
            return None
        self._access.require(visit.caller, "GetDownloadUrlForLayer", origin)
        self._blobs.link(visit.repository, digest, size)
        return digest

    async def _continue_upload(self, visit: Visit) -> Reply:
        await self._append(visit)
        number = visit.parts["upload"]
        upload = self._blobs.upload(visit.repository, number)
        return self._uploading(visit.repository, number, upload.size if upload else 0)

    async def _describe_upload(self, visit: Visit) -> Reply:
        upload = self._blobs.upload(visit.repository, visit.parts["upload"])
        if upload is None:
            raise _upload_unknown(visit.parts["upload"])
        async with _quiet(upload):
            return self._uploading(visit.repository, visit.parts["upload"], upload.size, status=204)

    async def _finish_upload(self, visit: Visit) -> Reply:
        await self._append(visit)
        digest = visit.query.get("digest", [""])[0]
        if not _DIGEST.fullmatch(digest):
            raise AwsError("DIGEST_INVALID", f"'{digest}' is not a sha256 digest", 400)
        if not await self._blobs.finish(visit.repository, visit.parts["upload"], digest):
            raise AwsError("DIGEST_INVALID", f"The uploaded layer does not have the digest '{digest}'", 400)
        return _blob_created(visit.repository, digest)

    async def _cancel_upload(self, visit: Visit) -> Reply:
        if self._blobs.upload(visit.repository, visit.parts["upload"]) is None:
            raise _upload_unknown(visit.parts["upload"])
        self._blobs.cancel(visit.parts["upload"])
        return Reply(status=204, headers={})

    async def _list_tags(self, visit: Visit) -> Reply:
        body = {"name": visit.repository.name, "tags": self._repositories.tags(visit.repository)}
        return Reply(status=200, headers={"content-type": "application/json"}, body=json.dumps(body).encode())

    async def _list_referrers(self, visit: Visit) -> Reply:
        """ECR user guide, "OCI 1.1 reference types"; ``ListImageReferrers`` says that it needs ``BatchGetImage``."""
        found = referrers(self._repositories.manifests(visit.repository), visit.parts["digest"])
        wanted = visit.query.get("artifactType", [""])[0]
        body = {
            "schemaVersion": 2,
            "mediaType": INDEX_TYPE,
            "manifests": [one for one in found if wanted in {"", one["artifactType"]}],
        }
        filtered = {"oci-filters-applied": "artifactType"} if wanted else {}
        return Reply(status=200, headers={"content-type": INDEX_TYPE, **filtered}, body=json.dumps(body).encode())

    async def _append(self, visit: Visit) -> None:
        upload = self._blobs.upload(visit.repository, visit.parts["upload"])
        if upload is None:
            raise _upload_unknown(visit.parts["upload"])
        async with _quiet(upload):
            with upload.path.open("ab") as file:
                async for chunk in _chunks(visit.receive):
                    file.write(chunk)
                    upload.size += len(chunk)

    def _uploading(self, repository: Repository, number: str, size: int, status: int = 202) -> Reply:
        return Reply(
            status=status,
            headers={
                "location": f"/v2/{repository.name}/blobs/uploads/{number}",
                "range": f"0-{max(0, size - 1)}",
                "docker-upload-uuid": number,
            },
        )


def _addressed(path: str, host: str) -> tuple[str, str, re.Match[str] | None]:
    """The path without the registry's name, that name as a prefix of paths, and what it says."""
    named = _HOST_AS_FOLDER.match(path, len("/v2/"))
    if named is None:
        return path, "", _HOST.match(host)
    return f"/v2/{path[named.end() :]}", f"/{named[0][:-1]}", _HOST.match(named[0])


def _rule(methods: str, path: str, action: str, handler: Callable[[Visit], Awaitable[Reply]]) -> Rule:
    return Rule(methods=tuple(methods.split()), path=re.compile(_NAME + path), action=action, handler=handler)


def _blob_created(repository: Repository, digest: str) -> Reply:
    location = f"/v2/{repository.name}/blobs/{digest}"
    return Reply(status=201, headers={"location": location, "docker-content-digest": digest})


def _upload_unknown(number: str) -> AwsError:
    return AwsError("BLOB_UPLOAD_UNKNOWN", f"The upload '{number}' does not exist", 404)


def _unauthenticated(host: str) -> Reply:
    return Reply(
        status=401,
        headers={
            "www-authenticate": f'Basic realm="https://{host}/",service="ecr.amazonaws.com"',
            "content-type": "application/json",
        },
        body=_errors("UNAUTHORIZED", "Not Authorized"),
    )


def _refusal(error: AwsError) -> Reply:
    """An error in the registry's form; a denial by a policy has its own code and status there."""
    denied = error.code == "AccessDeniedException"
    body = _errors("DENIED" if denied else error.code, error.message)
    headers = {"content-type": "application/json"}
    return Reply(status=403 if denied else error.status, headers=headers, body=body)


def _errors(code: str, message: str) -> bytes:
    return json.dumps({"errors": [{"code": code, "message": message}]}).encode()


@asynccontextmanager
async def _quiet(upload: Upload) -> AsyncIterator[None]:
    """Once no earlier request adds to an upload any more; one whose client went away silently is not waited for."""
    try:
        async with asyncio.timeout(_QUIET_SECONDS):
            await upload.adding.acquire()
    except TimeoutError:
        raise AwsError("BLOB_UPLOAD_INVALID", "Another request is adding to the upload", 400) from None
    try:
        yield
    finally:
        upload.adding.release()


async def _chunks(receive: Receive, limit: int | None = None) -> Any:
    """The body as it arrives; a client that goes away or sends more than ``limit`` bytes ends it with an error."""
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise AwsError("BLOB_UPLOAD_INVALID", "The upload was interrupted", 400)
        chunk = message.get("body", b"")
        size += len(chunk)
        if limit is not None and size > limit:
            raise AwsError("SIZE_INVALID", f"A manifest has at most {limit} bytes", 413)
        yield chunk
        if not message.get("more_body"):
            return


async def _stream(path: Path, send: Send) -> None:
    with path.open("rb") as file:
        more = True
        while more:
            chunk = await asyncio.to_thread(file.read, _CHUNK)
            more = len(chunk) == _CHUNK
            await send({"type": "http.response.body", "body": chunk, "more_body": more})
