"""Large objects go to S3 in parts, several at a time, and become an object only if they are what they should be."""

from __future__ import annotations

import hashlib
import math
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO

from botocore.exceptions import BotoCoreError, ClientError

from agent.errors import InputMissingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

Part = dict[str, Any]
"""A part as CompleteMultipartUpload wants to hear of it."""

SMALLEST_PART = 8 << 20
MOST_PARTS = 10_000
"""Of one upload (S3 user guide, "Amazon S3 multipart upload limits")."""
COPIED_PART = 512 << 20
_CHECKSUM = "CRC32"
_THREADS = 4


def upload(s3: Any, bucket: str, key: str, path: Path, *, sha256: str | None) -> None:
    """Upload a file; InputMissingError, and no object, if its content has not that digest (in hexadecimal)."""
    size = part_size(path.stat().st_size, smallest=SMALLEST_PART)
    content = hashlib.sha256()

    def bodies(file: BinaryIO) -> Iterator[bytes]:
        while body := file.read(size):
            content.update(body)
            yield body

    checked = {"ChecksumAlgorithm": _CHECKSUM}
    with path.open("rb") as file, _upload(s3, bucket, key, **checked) as (names, complete):

        def send(number: int, body: bytes) -> Part:
            return _sent(number, s3.upload_part(**names, **checked, PartNumber=number, Body=body))

        parts = _in_parallel(partial(send, number, body) for number, body in enumerate(bodies(file), 1))
        if sha256 not in {None, content.hexdigest()}:
            raise not_the_same(path)
        complete(parts)


def copy(s3: Any, *, source: Mapping[str, str], etag: str, size: int, bucket: str, key: str) -> None:
    """Copy an object of ``size`` bytes on the server's side, every part of the version with that ETag."""
    step = part_size(size, smallest=COPIED_PART)
    pinned = {"CopySource": source, "CopySourceIfMatch": f'"{etag}"'}
    with _upload(s3, bucket, key) as (names, complete):

        def send(number: int, start: int) -> Part:
            span = f"bytes={start}-{min(start + step, size) - 1}"
            answer = s3.upload_part_copy(**names, **pinned, PartNumber=number, CopySourceRange=span)
            return _sent(number, answer["CopyPartResult"])

        complete(_in_parallel(partial(send, number, start) for number, start in enumerate(range(0, size, step), 1)))


def part_size(size: int, *, smallest: int) -> int:
    """How large the parts of so many bytes are, for S3 to take their number."""
    return max(smallest, math.ceil(size / MOST_PARTS))


def not_the_same(path: Path) -> InputMissingError:
    """The error of a file that is not what it was when its digest was taken."""
    return InputMissingError(f"{path} has changed since its digest was taken; nothing of it was kept, run again")


@contextmanager
def _upload(
    s3: Any, bucket: str, key: str, **options: str
) -> Iterator[tuple[Mapping[str, str], Callable[[list[Part]], object]]]:
    """A multipart upload, by its names and the function that completes it; whatever goes wrong, its parts go."""
    names = {"Bucket": bucket, "Key": key}
    names["UploadId"] = s3.create_multipart_upload(**names, **options)["UploadId"]
    try:
        yield names, lambda parts: s3.complete_multipart_upload(**names, MultipartUpload={"Parts": parts})
    except BaseException:
        # Parts that cannot be removed cost a little; why the upload failed is what people must get to know.
        with suppress(ClientError, BotoCoreError):
            s3.abort_multipart_upload(**names)
        raise


def _sent(number: int, answer: Mapping[str, Any]) -> Part:
    name = f"Checksum{_CHECKSUM}"
    checksum = {name: answer[name]} if name in answer else {}
    return {"PartNumber": number, "ETag": answer["ETag"], **checksum}


def _in_parallel(sends: Iterable[Callable[[], Part]]) -> list[Part]:
    """What each answers, in order; no more of them are begun, and held in memory, than threads can work on."""
    parts: list[Part] = []
    under_way: deque[Future[Part]] = deque()
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="part") as pool:
        for send in sends:
            under_way.append(pool.submit(send))
            if len(under_way) > _THREADS:
                parts.append(under_way.popleft().result())
        return parts + [future.result() for future in under_way]
