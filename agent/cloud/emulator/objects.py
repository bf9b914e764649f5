"""S3 across accounts and with keys: buckets belong to one account whoever asks, and KMS is asked for every object.

MiniStack judges callers of other accounts as their account's root, copies only within one account, and asks no key for
permission. Sources: S3 user guide, "Protecting data with SSE-KMS" and "Bucket owner granting cross-account bucket
permissions"; S3 API reference, ``GetObject`` (403 and 404 for absent keys).
"""

from __future__ import annotations

import functools
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.cloud.emulator.authorization import Asked, denial
from agent.cloud.emulator.listing import quick_pages

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.cloud.emulator.authorization import Authorization
    from agent.cloud.emulator.holders import Holder
    from agent.cloud.emulator.keys import Keys
    from agent.cloud.emulator.resources import Resources
    from agent.cloud.policy.wildcards import Value

_SSE = "x-amz-server-side-encryption"
_SSE_KEY = "x-amz-server-side-encryption-aws-kms-key-id"
_DEFAULT = {_SSE: "AES256"}

Answer = Any
"""A response as MiniStack's handlers give it: status, headers and body."""


@dataclass(frozen=True, kw_only=True)
class ObjectRequest:
    """The S3 request being served; ``holder`` is None for an anonymous one."""

    method: str
    bucket: str
    key: str
    checksums: bool
    holder: Holder | None

    @property
    def arn(self) -> str:
        """The object's ARN, which is the encryption context of its data key."""
        return f"arn:aws:s3:::{self.bucket}/{self.key}"


_request: ContextVar[ObjectRequest | None] = ContextVar("modelyard_s3_request", default=None)


class Objects:
    """What is mended in MiniStack's S3."""

    def __init__(self, authorization: Authorization, resources: Resources, keys: Keys) -> None:
        from ministack.core import responses
        from ministack.services import s3

        self._authorization = authorization
        self._resources = resources
        self._keys = keys
        self._service = s3
        self._responses = responses
        self._handle = s3.handle_request
        self._foreign = s3._foreign_bucket_allows
        self._write_headers = s3._resolve_sse_write_headers
        self._defaults = s3._bucket_default_sse_headers
        self._check_part = s3._check_sse_c_part
        self._install()

    def _install(self) -> None:
        service = self._service
        service.handle_request = self._handle_request
        service._foreign_bucket_allows = self._foreign_bucket_allows
        service._resolve_sse_write_headers = self._encryption_of_write
        service._bucket_default_sse_headers = lambda bucket: self._defaults(bucket) or dict(_DEFAULT)
        service._check_sse_read_headers = self._after(service._check_sse_read_headers, self._key_of_read)
        service._check_sse_c_copy_source = self._after(service._check_sse_c_copy_source, self._key_of_source)
        service._check_sse_c_part = self._after(service._check_sse_c_part, self._key_of_part)
        service._ensure_bucket = self._bucket
        service._collect_list_entries = quick_pages(service._collect_list_entries)
        service._read_body = self._in_owners_scope(service._read_body, position=0)
        service._version_body = self._in_owners_scope(service._version_body, position=1)
        for store in (service._object_versions, service._object_tags, service._object_annotations):
            store.__class__ = _owned_by_bucket(type(store), service._bucket_owner_account)

    async def _handle_request(
        self, method: str, path: str, headers: Any, body: bytes, query: Any, *rest: Any, **options: Any
    ) -> Answer:
        bucket, key = self._service._parse_bucket_key(path, headers)
        holder = None if options.get("internal") else self._authorization.current_or_none()
        checksums = headers.get("x-amz-checksum-mode", "").upper() == "ENABLED"
        request = ObjectRequest(method=method, bucket=bucket, key=key, checksums=checksums, holder=holder)
        token = _request.set(None if options.get("internal") else request)
        try:
            answer = await self._handle(method, path, headers, body, query, *rest, **options)
        finally:
            _request.reset(token)
        return self._hide_absence(request, answer)

    def _hide_absence(self, request: ObjectRequest, answer: Answer) -> Answer:
        """Whoever may not list a bucket is not told which keys it lacks."""
        if answer[0] != 404 or request.method not in {"GET", "HEAD"} or not request.key or request.holder is None:
            return answer
        bucket = f"arn:aws:s3:::{request.bucket}"
        if self._resources.owner(bucket) is None or b"NoSuchKey" not in (answer[2] or b"NoSuchKey"):
            return answer
        asked = Asked(action="s3:ListBucket", resource=bucket, region=self._responses.get_region())
        decision = self._authorization.decide(request.holder, asked, self._resources.side("s3", bucket))
        if decision.allowed:
            return answer
        message = denial(request.holder.arn, asked.action, f'"{bucket}"', decision)
        return self._service._error("AccessDenied", message, 403, f"/{request.bucket}/{request.key}")

    def _foreign_bucket_allows(self, owner: str, bucket: str, *rest: Any) -> bool:
        """Signed callers were judged by both accounts' policies before; anonymous ones are judged by MiniStack."""
        request = _request.get()
        if request is not None and request.holder is not None:
            return True
        return bool(self._foreign(owner, bucket, *rest))

    def _bucket(self, name: str) -> Any:
        owner = self._service._bucket_owner_account(name)
        return self._service._buckets.get_scoped(owner, None, name) if owner else None

    def _in_owners_scope(self, function: Callable[..., Any], *, position: int) -> Callable[..., Any]:
        """A function on a bucket's content, at home in the account of the bucket in that argument."""

        @functools.wraps(function)
        def scoped(*arguments: Any) -> Any:
            owner = self._service._bucket_owner_account(arguments[position]) or self._responses.get_account_id()
            with self._responses.request_scope(owner, self._responses.get_region()):
                return function(*arguments)

        return scoped

    def _encryption_of_write(self, headers: Any, bucket: str) -> Answer:
        """The encryption headers of a new object, with its key as an ARN that the caller may use."""
        request = _request.get()
        if headers.get(_SSE) == "aws:kms" and not headers.get(_SSE_KEY):
            headers = {**headers, _SSE_KEY: self._keys.managed_by_aws("s3", self._resources.owner(_arn(bucket)) or "")}
        applied, refusal = self._write_headers(headers, bucket)
        if refusal is not None or applied.get(_SSE) != "aws:kms":
            return applied, refusal
        requester = request.holder.account if request and request.holder else self._responses.get_account_id()
        named = applied.get(_SSE_KEY) or self._keys.managed_by_aws("s3", self._resources.owner(_arn(bucket)) or "")
        key = self._keys.arn(named, requester, self._responses.get_region())
        refusal = self._ask_key(key, "GenerateDataKey")
        return {**applied, _SSE_KEY: key}, refusal

    def _after(self, check: Callable[..., Any], ask: Callable[[Any], Answer]) -> Callable[..., Any]:
        """A check of MiniStack's on headers and a stored thing, followed by one on the thing's key."""

        @functools.wraps(check)
        def checked(headers: Any, stored: Any) -> Any:
            return check(headers, stored) or ask(stored)

        return checked

    def _key_of_read(self, stored: Any) -> Answer:
        """Metadata are not encrypted: only ``HeadObject`` with checksums needs the key."""
        request = _request.get()
        if request is not None and request.method == "HEAD" and not request.checksums:
            return None
        return self._key_of_source(stored)

    def _key_of_source(self, stored: Any) -> Answer:
        return self._ask_key(stored.get("preserved_headers", {}).get(_SSE_KEY), "Decrypt")

    def _key_of_part(self, upload: Any) -> Answer:
        """A part is encrypted as it comes; completing an upload reads its parts."""
        request = _request.get()
        operation = "Decrypt" if request is not None and request.method == "POST" else "GenerateDataKey"
        return self._ask_key(upload.get("preserved_headers", {}).get(_SSE_KEY), operation)

    def _ask_key(self, key: str | None, operation: str) -> Answer:
        """None, or S3's refusal because the caller may not use the key or the key cannot be used."""
        request = _request.get()
        if key is None or request is None:
            return None
        resource = f"/{request.bucket}/{request.key}"
        problem = self._keys.problem(key)
        if problem is not None:
            return self._service._error(problem.code, problem.message, 400, resource)
        if request.holder is None:
            return self._service._error("AccessDenied", "Access Denied", 403, resource)
        region = key.split(":")[3]
        conditions: dict[str, Value | None] = {
            "kms:ViaService": f"s3.{region}.amazonaws.com",
            "kms:CallerAccount": request.holder.account,
            "kms:EncryptionContext:aws:s3:arn": request.arn,
            "kms:EncryptionContextKeys": ["aws:s3:arn"],
        }
        asked = Asked(action=f"kms:{operation}", resource=key, region=region, conditions=conditions)
        decision = self._authorization.decide(request.holder, asked, self._resources.side("kms", key))
        if decision.allowed:
            return None
        message = denial(request.holder.arn, asked.action, key, decision)
        return self._service._error("AccessDenied", message, 403, resource)


def _arn(bucket: str) -> str:
    return f"arn:aws:s3:::{bucket}"


def _owned_by_bucket(store: type, owner_of: Callable[[str], str | None]) -> type:
    """A store keyed by ``(bucket, …)`` that looks into the account of the bucket instead of the caller's."""

    class OwnedByBucket(store):  # type: ignore[misc]
        """Entries of every account, found by their bucket."""

        __slots__ = ()

        def _scoped(self, key: Any) -> Any:
            owner = owner_of(key[0])
            return (owner, key) if owner else super()._scoped(key)

    return OwnedByBucket
