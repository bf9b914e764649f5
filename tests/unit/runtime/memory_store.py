"""An object store in memory, so that channels and outputs can be tested without any server."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.aws.objects import Location, ObjectStoreError, StoredObject

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


NO_BUCKET = ("NoSuchBucket", 404, "The specified bucket does not exist")
NO_KEY = ("NoSuchKey", 404, "The specified key does not exist.")
DENIED = ("AccessDenied", 403, "Access Denied")


@dataclass(kw_only=True)
class MemoryStore:
    """Objects as values in memory; ``puts`` are the keys in the order they were written."""

    objects: dict[tuple[str, str], bytes] = field(default_factory=dict)
    puts: list[str] = field(default_factory=list)
    forbidden: set[str] = field(default_factory=set)
    keys_used: dict[str, str | None] = field(default_factory=dict)
    _at_once: int = 0
    most_at_once: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def list_objects(self, bucket: str, prefix: str) -> Iterator[StoredObject]:
        self._allow("ListObjectsV2", bucket, prefix)
        if bucket == "absent":
            raise refusal("ListObjectsV2", Location(bucket=bucket, key=prefix), NO_BUCKET)
        for owner, key in sorted(self.objects, key=lambda name: name[1].encode()):
            if owner == bucket and key.startswith(prefix):
                content = self.objects[owner, key]
                yield StoredObject(bucket=bucket, key=key, etag=hashlib.md5(content).hexdigest(), size=len(content))

    def get(self, bucket: str, key: str, path: Path, *, version: str | None = None) -> None:
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            self._allow("GetObject", bucket, key)
            if (bucket, key) not in self.objects:
                raise refusal("GetObject", Location(bucket=bucket, key=key), NO_KEY)
            path.write_bytes(self.objects[bucket, key])
        finally:
            with self._lock:
                self._at_once -= 1

    def put(self, bucket: str, key: str, path: Path, *, kms_key_id: str | None = None) -> None:
        self._allow("PutObject", bucket, key)
        self.objects[bucket, key] = path.read_bytes()
        self.puts.append(key)
        self.keys_used[key] = kms_key_id

    def _allow(self, operation: str, bucket: str, key: str) -> None:
        if operation in self.forbidden:
            raise refusal(operation, Location(bucket=bucket, key=key), DENIED)


def refusal(operation: str, location: Location, answer: tuple[str, int, str]) -> ObjectStoreError:
    """What S3 would answer."""
    code, status, message = answer
    return ObjectStoreError(operation=operation, location=location, code=code, status=status, message=message)
