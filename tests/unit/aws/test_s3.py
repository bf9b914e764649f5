"""Objects come and go with one identity's keys, and S3's refusals keep their code."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from agent.aws.objects import Location, ObjectStoreError, StoredObject, parse_location
from agent.aws.s3 import S3
from agent.aws.sessions import Clients, Credentials, isolated_session
from agent.errors import ExitCode, TemporaryError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

CREDENTIALS = Credentials(access_key_id="111111111111", secret_access_key="secret", session_token="token")


@pytest.fixture
def clients(ministack: str) -> Clients:
    return Clients(credentials=CREDENTIALS, region="us-east-1", endpoint_url=ministack)


@pytest.fixture
def bucket(clients: Clients) -> str:
    name = f"data-{uuid4().hex[:12]}"
    clients.client("s3").create_bucket(Bucket=name)
    return name


def test_what_is_put_is_listed_and_got(clients: Clients, bucket: str, tmp_path: Path) -> None:
    store, file = S3(clients), tmp_path / "file"
    file.write_bytes(b"content")
    for key in ("a/2", "a/1", "b"):
        store.put(bucket, key, file)
    assert list(store.list_objects(bucket, "a/")) == [
        StoredObject(bucket=bucket, key=key, etag="9a0364b9e99bb480dd25e1f0284c8555", size=7) for key in ("a/1", "a/2")
    ]
    store.get(bucket, "a/1", tmp_path / "got")
    assert (tmp_path / "got").read_bytes() == b"content"


def test_listings_go_on_past_one_page(clients: Clients, bucket: str) -> None:
    keys = [f"{number:04}" for number in range(1001)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: clients.client("s3").put_object(Bucket=bucket, Key=key, Body=b""), keys))
    assert [entry.key for entry in S3(clients).list_objects(bucket, "")] == keys


def test_large_objects_survive_their_parts(clients: Clients, bucket: str, tmp_path: Path) -> None:
    content = bytes(range(256)) * (20 << 12)
    (tmp_path / "file").write_bytes(content)
    S3(clients).put(bucket, "large", tmp_path / "file")
    S3(clients).get(bucket, "large", tmp_path / "got")
    assert (tmp_path / "got").read_bytes() == content


def test_an_older_version_can_be_got(clients: Clients, bucket: str, tmp_path: Path) -> None:
    s3 = clients.client("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    old = s3.put_object(Bucket=bucket, Key="k", Body=b"old")["VersionId"]
    s3.put_object(Bucket=bucket, Key="k", Body=b"new")
    S3(clients).get(bucket, "k", tmp_path / "got", version=old)
    assert (tmp_path / "got").read_bytes() == b"old"


def test_an_upload_names_its_key(clients: Clients, bucket: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    key = clients.client("kms").create_key()["KeyMetadata"]["Arn"]
    S3(clients).put(bucket, "k", tmp_path / "file", kms_key_id=key)
    head = clients.client("s3").head_object(Bucket=bucket, Key="k")
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key)


def test_what_is_missing_is_said_with_s3_s_code(clients: Clients, bucket: str, tmp_path: Path) -> None:
    with pytest.raises(
        ObjectStoreError, match=rf"GetObject on s3://{bucket}/absent answered NoSuchKey \(404\)"
    ) as error:
        S3(clients).get(bucket, "absent", tmp_path / "got")
    assert error.value.exit_code == ExitCode.INPUT_MISSING
    with pytest.raises(ObjectStoreError) as error:
        list(S3(clients).list_objects("no-such-bucket-anywhere", ""))
    assert (error.value.code, error.value.status) == ("NoSuchBucket", 404)
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(ObjectStoreError) as error:
        S3(clients).put("no-such-bucket-anywhere", "k", tmp_path / "file")
    assert (error.value.code, error.value.status) == ("NoSuchBucket", 404)


def test_no_answer_is_worth_another_try(tmp_path: Path) -> None:
    nowhere = Clients(credentials=CREDENTIALS, region="us-east-1", endpoint_url="http://127.0.0.1:9", attempts=1)
    with pytest.raises(TemporaryError, match="s3://bucket/key"):
        S3(nowhere).get("bucket", "key", tmp_path / "got")


# --- sessions -----------------------------------------------------------------------------------------------------


def test_a_client_is_made_once(clients: Clients) -> None:
    assert clients.client("s3") is clients.client("s3")


def test_nothing_of_the_machine_s_configuration_leaks_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").write_text(
        "[default]\nregion = eu-west-3\nendpoint_url = http://127.0.0.1:1\nretry_mode=adaptive"
    )
    for name, value in {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "config"),
        "AWS_PROFILE": "no-such-profile",
        "AWS_ACCESS_KEY_ID": "ambient",
        "AWS_SECRET_ACCESS_KEY": "ambient",
        "AWS_REGION": "eu-west-3",
        "AWS_DEFAULT_REGION": "eu-west-3",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_CA_BUNDLE": "/no/such/file",
        "AWS_USE_FIPS_ENDPOINT": "true",
    }.items():
        monkeypatch.setenv(name, value)
    session = isolated_session(CREDENTIALS, "us-east-1")
    assert session.get_credentials().get_frozen_credentials()[:3] == ("111111111111", "secret", "token")
    client = Clients(credentials=CREDENTIALS, region="us-east-1").client("sqs")
    assert client.meta.endpoint_url == "https://sqs.us-east-1.amazonaws.com"
    assert client.meta.config.retries["mode"] == "standard"


def test_secrets_are_not_printed() -> None:
    assert repr(CREDENTIALS) == "Credentials(access_key_id='111111111111')"


# --- addresses ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("uri", "location"),
    [
        ("s3://bucket", Location(bucket="bucket", key="")),
        ("s3://bucket/", Location(bucket="bucket", key="")),
        ("s3://bucket/a/b//c", Location(bucket="bucket", key="a/b//c")),
    ],
)
def test_addresses_are_read(uri: str, location: Location) -> None:
    assert parse_location(uri) == location


@pytest.mark.parametrize("uri", ["", "bucket/key", "s3:///key", "https://bucket.s3.amazonaws.com/key"])
def test_other_addresses_are_refused(uri: str) -> None:
    with pytest.raises(UsageError, match="expected s3://bucket/prefix"):
        parse_location(uri)


@pytest.mark.parametrize("key", ["", "a", "a/"])
def test_places_below_have_one_slash_between(key: str) -> None:
    assert Location(bucket="b", key=key).below("x/y").key == ("a/x/y" if key else "x/y")
