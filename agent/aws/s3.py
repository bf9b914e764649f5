"""Objects in S3, with one identity's permissions and nothing else's."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import BotoCoreError, ClientError

from agent.aws.objects import Location, ObjectStoreError, StoredObject
from agent.errors import TemporaryError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from agent.aws.sessions import Clients

_HEAD_CODES = {"403": "AccessDenied", "404": "NoSuchKey"}


class S3:
    """An :class:`agent.aws.objects.ObjectStore` over boto3's S3 client; large objects go in parallel parts."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def list_objects(self, bucket: str, prefix: str) -> Iterator[StoredObject]:
        """ListObjectsV2, page by page; the current version of each object is not part of that answer."""
        where = Location(bucket=bucket, key=prefix)
        with _refusals("ListObjectsV2", where):
            for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                for entry in page.get("Contents", ()):
                    yield StoredObject(
                        bucket=bucket, key=entry["Key"], etag=entry["ETag"].strip('"'), size=entry["Size"]
                    )

    def get(self, bucket: str, key: str, path: Path, *, version: str | None = None) -> None:
        """HeadObject and GetObject."""
        extra = {"VersionId": version} if version else None
        with _refusals("GetObject", Location(bucket=bucket, key=key)):
            self._s3.download_file(bucket, key, str(path), ExtraArgs=extra)

    def put(self, bucket: str, key: str, path: Path, *, kms_key_id: str | None = None) -> None:
        """PutObject, or a multipart upload, encrypted by the key if one is given."""
        extra = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key_id} if kms_key_id else None
        with _refusals("PutObject", Location(bucket=bucket, key=key)):
            self._s3.upload_file(str(path), bucket, key, ExtraArgs=extra)

    @property
    def _s3(self) -> Any:
        return self._clients.client("s3")


@contextmanager
def _refusals(operation: str, where: Location) -> Iterator[None]:
    """Turn boto3's errors into the store's."""
    try:
        yield
    except ClientError as error:
        raise _refusal(operation, where, error) from error
    except S3UploadFailedError as error:
        # s3transfer keeps S3's answer only as the cause.
        if isinstance(error.__context__, ClientError):
            raise _refusal(operation, where, error.__context__) from error
        raise TemporaryError(f"S3 {operation} on {where} failed: {error}; try again") from error
    except BotoCoreError as error:
        raise TemporaryError(f"S3 {operation} on {where} got no answer: {error}; try again") from error


def _refusal(operation: str, where: Location, error: ClientError) -> ObjectStoreError:
    answer: dict[str, Any] = error.response
    code = answer["Error"].get("Code", "Unknown")
    return ObjectStoreError(
        operation=operation,
        location=where,
        # HeadObject has no body to say more than the status.
        code=_HEAD_CODES.get(code, code),
        status=answer["ResponseMetadata"].get("HTTPStatusCode", 0),
        message=answer["Error"].get("Message", ""),
    )
