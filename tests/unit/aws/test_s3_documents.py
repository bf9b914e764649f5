"""Documents in S3 are written under conditions and read whole, whatever the connection does."""

from __future__ import annotations

import hashlib
import threading
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from agent.aws import s3_documents, s3_parts
from agent.aws.entering import Origin, Way
from agent.aws.s3_documents import S3Objects
from agent.aws.sessions import Clients, Credentials
from agent.errors import AccessDeniedError, CloudFailedError, InputMissingError, TemporaryError
from agent.ports.objects import Document
from tests.unit.aws.scripted_s3 import Answer, Script, serving

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CREDENTIALS = Credentials(access_key_id="111111111111", secret_access_key="secret")
ACCOUNT = "111111111111"


def _clients(endpoint: str, attempts: int = 2) -> Clients:
    return Clients(credentials=CREDENTIALS, region="us-east-1", endpoint_url=endpoint, attempts=attempts)


@pytest.fixture
def clients(ministack: str) -> Clients:
    return _clients(ministack)


@pytest.fixture
def objects(clients: Clients) -> S3Objects:
    return S3Objects(clients, ACCOUNT)


@pytest.fixture
def bucket(clients: Clients) -> str:
    name = f"documents-{uuid4().hex[:12]}"
    clients.client("s3").create_bucket(Bucket=name)
    return name


def against(*answers: Answer, waits: list[float] | None = None, attempts: int = 1) -> tuple[S3Objects, Script]:
    """An adapter and the S3 that it talks to, which gives these answers in turn."""
    script = serving(answers)
    pause: Callable[[float], None] = (lambda _: None) if waits is None else waits.append
    return S3Objects(_clients(script.endpoint, attempts), ACCOUNT, pause=pause), script


# --- documents ----------------------------------------------------------------------------------------------------


def test_a_document_is_created_once(objects: S3Objects, bucket: str) -> None:
    assert objects.create(bucket, "k", b"first")
    assert not objects.create(bucket, "k", b"second")
    assert objects.read(bucket, "k") == Document(body=b"first", etag=hashlib.md5(b"first").hexdigest())


def test_a_document_is_replaced_only_by_who_has_seen_it(objects: S3Objects, bucket: str) -> None:
    objects.create(bucket, "k", b"1")
    seen = objects.read(bucket, "k")
    assert seen
    assert objects.replace(bucket, "k", b"2", etag=seen.etag)
    assert not objects.replace(bucket, "k", b"3", etag=seen.etag)
    assert objects.read(bucket, "k") == Document(body=b"2", etag=hashlib.md5(b"2").hexdigest())


def test_what_is_absent_is_not_replaced(objects: S3Objects, bucket: str) -> None:
    assert not objects.replace(bucket, "k", b"1", etag="0" * 32)
    assert objects.read(bucket, "k") is None


def test_an_empty_document_is_one(objects: S3Objects, bucket: str) -> None:
    assert objects.create(bucket, "k", b"")
    found = objects.read(bucket, "k")
    assert found is not None
    assert found.body == b""


def test_what_is_removed_need_not_be_there(objects: S3Objects, bucket: str) -> None:
    objects.create(bucket, "k", b"1")
    objects.delete(bucket, "k")
    objects.delete(bucket, "k")
    assert not objects.exists(bucket, "k")


def test_whether_an_object_is_there(objects: S3Objects, bucket: str) -> None:
    objects.create(bucket, "k", b"1")
    assert objects.exists(bucket, "k")
    assert not objects.exists(bucket, "k2")


def test_a_missing_bucket_is_named(objects: S3Objects) -> None:
    with pytest.raises(InputMissingError, match=r"s3:GetObject on s3://no-such-bucket-1/k in account 111111111111, us"):
        objects.read("no-such-bucket-1", "k")
    with pytest.raises(InputMissingError, match="NoSuchBucket"):
        objects.create("no-such-bucket-1", "k", b"")
    with pytest.raises(InputMissingError, match="NoSuchBucket"):
        list(objects.list("no-such-bucket-1", ""))


# --- listings -----------------------------------------------------------------------------------------------------


def test_listings_are_in_order_and_go_on_past_a_page(objects: S3Objects, bucket: str) -> None:
    keys = [f"p/{number:04}" for number in range(1003)]
    for key in keys:
        objects.create(bucket, key, b"")
    assert [listed.key for listed in objects.list(bucket, "p/")] == keys
    assert [listed.key for listed in objects.list(bucket, "p/", after="p/1000")] == ["p/1001", "p/1002"]
    assert list(objects.list(bucket, "q/")) == []


def test_a_listing_tells_size_and_etag(objects: S3Objects, bucket: str) -> None:
    objects.create(bucket, "a b/ü%+#.csv", b"content")
    (listed,) = objects.list(bucket, "a b/")
    assert (listed.key, listed.size, listed.etag) == ("a b/ü%+#.csv", 7, hashlib.md5(b"content").hexdigest())
    assert listed.modified.tzinfo is not None


# --- files --------------------------------------------------------------------------------------------------------


@pytest.fixture
def in_small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts as small as S3 takes them, so that a few megabytes are large."""
    monkeypatch.setattr(s3_documents, "LARGEST_PUT", 6 << 20)
    monkeypatch.setattr(s3_parts, "SMALLEST_PART", 5 << 20)


def _large(path: Path) -> str:
    path.write_bytes(bytes(range(256)) * (13 << 12) + b"the end")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_file_comes_back_as_it_went(objects: S3Objects, bucket: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    objects.upload(bucket, "k", tmp_path / "file")
    objects.download(bucket, "k", tmp_path / "got")
    assert (tmp_path / "got").read_bytes() == b"content"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "got"]


@pytest.mark.usefixtures("in_small_parts")
def test_a_large_file_goes_in_parts(objects: S3Objects, clients: Clients, bucket: str, tmp_path: Path) -> None:
    digest = _large(tmp_path / "file")
    objects.upload(bucket, "k", tmp_path / "file", sha256=digest)
    objects.download(bucket, "k", tmp_path / "got")
    assert (tmp_path / "got").read_bytes() == (tmp_path / "file").read_bytes()
    assert clients.client("s3").head_object(Bucket=bucket, Key="k")["ETag"].endswith('-3"')
    assert objects.sha256(bucket, "k") == digest


def test_a_file_that_changed_since_it_was_hashed_is_not_kept(objects: S3Objects, bucket: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"changed")
    with pytest.raises(InputMissingError, match="has changed since its digest was taken"):
        objects.upload(bucket, "k", tmp_path / "file", sha256=hashlib.sha256(b"content").hexdigest())
    assert not objects.exists(bucket, "k")


@pytest.mark.usefixtures("in_small_parts")
def test_a_large_file_that_changed_leaves_nothing(
    objects: S3Objects, clients: Clients, bucket: str, tmp_path: Path
) -> None:
    _large(tmp_path / "file")
    with pytest.raises(InputMissingError, match="has changed since its digest was taken"):
        objects.upload(bucket, "k", tmp_path / "file", sha256="0" * 64)
    assert not objects.exists(bucket, "k")
    assert clients.client("s3").list_multipart_uploads(Bucket=bucket).get("Uploads", []) == []


def test_a_file_that_is_gone_is_named(objects: S3Objects, bucket: str, tmp_path: Path) -> None:
    with pytest.raises(InputMissingError, match=r"/gone cannot be read: No such file"):
        objects.upload(bucket, "k", tmp_path / "gone")


def test_what_cannot_be_downloaded_leaves_no_file(objects: S3Objects, bucket: str, tmp_path: Path) -> None:
    with pytest.raises(InputMissingError, match=rf"s3://{bucket}/absent"):
        objects.download(bucket, "absent", tmp_path / "got")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("size", "parts"), [(1, 1), (16 << 20, 1), ((16 << 20) + 1, 2), (5 << 40, 10_000), ((5 << 40) - 1, 10_000)]
)
def test_no_upload_has_more_parts_than_s3_takes(size: int, parts: int) -> None:
    assert -(-size // s3_parts.part_size(size, smallest=16 << 20)) == parts


# --- copies and digests -------------------------------------------------------------------------------------------


def _copy(objects: S3Objects, bucket: str, etag: str, size: int) -> None:
    objects.copy(source_bucket=bucket, source_key="from ü%", etag=etag, size=size, bucket=bucket, key="to")


def test_a_copy_is_of_the_version_that_was_seen(objects: S3Objects, bucket: str) -> None:
    objects.create(bucket, "from ü%", b"old")
    (seen,) = objects.list(bucket, "from")
    _copy(objects, bucket, seen.etag, seen.size)
    assert objects.read(bucket, "to") == Document(body=b"old", etag=seen.etag)
    objects.replace(bucket, "from ü%", b"new", etag=seen.etag)
    with pytest.raises(TemporaryError, match="the object has changed meanwhile"):
        _copy(objects, bucket, seen.etag, seen.size)


def test_a_copy_of_nothing_says_so(objects: S3Objects, bucket: str) -> None:
    with pytest.raises(InputMissingError, match=r"a copy of s3://.*/from ü%"):
        _copy(objects, bucket, "0" * 32, 3)


def test_a_large_object_is_copied_in_parts(
    objects: S3Objects, clients: Clients, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_documents, "LARGEST_COPY", 6 << 20)
    monkeypatch.setattr(s3_parts, "COPIED_PART", 5 << 20)
    digest = _large(tmp_path / "file")
    objects.upload(bucket, "from ü%", tmp_path / "file")
    (seen,) = objects.list(bucket, "from")
    _copy(objects, bucket, seen.etag, seen.size)
    assert objects.sha256(bucket, "to") == digest
    assert clients.client("s3").head_object(Bucket=bucket, Key="to")["ETag"].endswith('-3"')
    with pytest.raises(TemporaryError, match="the object has changed meanwhile"):
        _copy(objects, bucket, "0" * 32, seen.size)


def test_tags_stay_behind(objects: S3Objects, clients: Clients, bucket: str) -> None:
    clients.client("s3").put_object(Bucket=bucket, Key="from ü%", Body=b"x", Tagging="team=a")
    (seen,) = objects.list(bucket, "from")
    _copy(objects, bucket, seen.etag, seen.size)
    assert clients.client("s3").get_object_tagging(Bucket=bucket, Key="to")["TagSet"] == []


def test_a_digest_that_s3_keeps_costs_no_download(objects: S3Objects, bucket: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    digest = hashlib.sha256(b"content").hexdigest()
    objects.upload(bucket, "k", tmp_path / "file", sha256=digest)
    assert objects.sha256(bucket, "k") == digest


def test_a_digest_is_of_the_version_that_was_asked_for(objects: S3Objects, bucket: str) -> None:
    objects.create(bucket, "k", b"new")
    assert objects.sha256(bucket, "k") == hashlib.sha256(b"new").hexdigest()
    with pytest.raises(TemporaryError, match="the object has changed meanwhile"):
        objects.sha256(bucket, "k", etag="0" * 32)
    with pytest.raises(InputMissingError):
        objects.sha256(bucket, "absent")


# --- a bad day ----------------------------------------------------------------------------------------------------

BODY = b"0123456789"
DENIED = Answer(status=403, body=b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>")
BUSY = Answer(status=503, body=b"<Error><Code>SlowDown</Code><Message>slower</Message></Error>")
CONFLICT = Answer(status=409, body=b"<Error><Code>ConditionalRequestConflict</Code><Message>again</Message></Error>")
ANOTHER = Answer(status=412, body=b"<Error><Code>PreconditionFailed</Code><Message>no</Message></Error>")
LOST = Answer(status=None)
WRITTEN = Answer(status=200)


def part(start: int, end: int, *, announced: int | None = None) -> Answer:
    """Bytes of BODY, and how many were announced."""
    return Answer(status=206 if start else 200, body=BODY[start:end], length=announced, etag="tag")


def test_a_connection_that_is_cut_is_taken_up_where_it_was() -> None:
    objects, s3 = against(part(0, 4, announced=10), part(4, 7, announced=6), part(7, 10))
    assert objects.read("bucket", "k") == Document(body=BODY, etag="tag")
    assert [request.header("range") for request in s3.requests] == [None, "bytes=4-", "bytes=7-"]
    assert [request.header("if-match") for request in s3.requests] == [None, '"tag"', '"tag"']


def test_connections_that_are_cut_for_ever_are_temporary() -> None:
    waits: list[float] = []
    objects, s3 = against(*[part(0, 0, announced=10)] * 6, waits=waits)
    with pytest.raises(TemporaryError, match="s3://bucket/k"):
        objects.read("bucket", "k")
    assert len(s3.requests) == 6
    assert sorted(waits) == waits
    assert len(waits) == 5


def test_an_object_that_changes_between_two_pieces_is_not_patched_together(tmp_path: Path) -> None:
    objects, _ = against(part(0, 4, announced=10), ANOTHER)
    with pytest.raises(TemporaryError, match="the object has changed meanwhile"):
        objects.download("bucket", "k", tmp_path / "got")
    assert list(tmp_path.iterdir()) == []


def test_a_conflict_of_two_writers_is_tried_again() -> None:
    objects, s3 = against(CONFLICT, CONFLICT, WRITTEN)
    assert objects.create("bucket", "k", b"x")
    assert [request.header("if-none-match") for request in s3.requests] == ["*"] * 3


def test_a_conflict_that_stays_is_temporary() -> None:
    objects, s3 = against(*[CONFLICT] * 6)
    with pytest.raises(TemporaryError, match="ConditionalRequestConflict"):
        objects.create("bucket", "k", b"x")
    assert len(s3.requests) == 6


def test_a_write_whose_answer_was_lost_is_known_again() -> None:
    objects, _ = against(LOST, ANOTHER, Answer(status=200, body=b"mine", etag="tag"), attempts=2)
    assert objects.create("bucket", "k", b"mine")


def test_a_write_that_another_one_was_faster_with_is_not_ours() -> None:
    objects, _ = against(LOST, ANOTHER, Answer(status=200, body=b"theirs", etag="tag"), attempts=2)
    assert not objects.create("bucket", "k", b"mine")


def test_throttling_is_tried_again_and_then_temporary() -> None:
    objects, _ = against(BUSY, Answer(status=200, body=b"x", etag="tag"), attempts=2)
    assert objects.read("bucket", "k") == Document(body=b"x", etag="tag")
    objects, _ = against(BUSY, BUSY, attempts=2)
    with pytest.raises(TemporaryError, match=r"s3:GetObject on s3://bucket/k in account 111111111111.*SlowDown"):
        objects.read("bucket", "k")


def test_no_answer_at_all_is_temporary(tmp_path: Path) -> None:
    nowhere = S3Objects(_clients("http://127.0.0.1:9", 1), ACCOUNT)
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(TemporaryError, match="got no answer"):
        nowhere.upload("bucket", "k", tmp_path / "file")


def test_a_refusal_to_read_says_that_the_object_may_be_absent() -> None:
    objects, _ = against(DENIED, Answer(status=403), DENIED)
    with pytest.raises(AccessDeniedError, match="s3:ListBucket"):
        objects.read("bucket", "k")
    with pytest.raises(AccessDeniedError, match="s3:ListBucket"):
        objects.exists("bucket", "k")
    with pytest.raises(AccessDeniedError) as error:
        objects.create("bucket", "k", b"")
    assert "s3:ListBucket" not in str(error.value)


def test_a_role_that_may_not_be_assumed_is_another_matter() -> None:
    refused = b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>not trusted</Message></Error></ErrorResponse>"
    script = serving([Answer(status=403, body=refused)])
    role = f"arn:aws:iam::{ACCOUNT}:role/pipeline"
    started = Origin(session_name="tests")
    clients = _clients(script.endpoint, 1).assume(Way(role=role), started=started, region="us-east-1")
    with pytest.raises(AccessDeniedError, match="not trusted") as error:
        S3Objects(clients, ACCOUNT).read("bucket", "k")
    assert "s3:ListBucket" not in str(error.value)


def test_another_failure_is_the_cloud_s() -> None:
    objects, _ = against(Answer(status=400, body=b"<Error><Code>InvalidRequest</Code><Message>m</Message></Error>"))
    with pytest.raises(CloudFailedError, match="InvalidRequest: m"):
        objects.create("bucket", "k", b"")


# --- several writers ----------------------------------------------------------------------------------------------


def test_of_many_creators_one_wins(objects: S3Objects, bucket: str) -> None:
    won: list[bytes] = []

    def create(body: bytes) -> None:
        if objects.create(bucket, "k", body):
            won.append(body)

    writers = [threading.Thread(target=create, args=(str(number).encode(),)) for number in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    found = objects.read(bucket, "k")
    assert found is not None
    assert won == [found.body]
