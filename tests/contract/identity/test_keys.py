"""Whether a KMS key may be used, directly and by S3 on one's behalf.

Pages are of the KMS developer guide unless a row says otherwise.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.identity.stage import ALLOWED, Statement, allow, answer

if TYPE_CHECKING:
    from tests.contract.identity.stage import Stage

POLICIES = "Key policies in AWS KMS"
FOREIGN = "Allowing users in other accounts to use a KMS key"
GRANTS = "Grants in AWS KMS"
VIA = "Condition keys for AWS KMS: kms:ViaService"
CONTEXT = "Condition keys for AWS KMS: kms:EncryptionContext"
DENIED = "AccessDeniedException"
USE = allow(["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"])
ROLE = {"AWS": "{role}"}


def key_says(**members: Any) -> Statement:
    """A statement of the key's policy for the role."""
    return {**allow(["kms:Encrypt", "kms:GenerateDataKey", "kms:Decrypt"]), "Principal": ROLE, **members}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A session of a role of ``account`` encrypts with a key of the tools account, whose account may do everything."""

    name: str
    page: str
    expected: str
    identity: tuple[Statement, ...] = ()
    key_policy: tuple[Statement, ...] = ()
    account: str = "tools"
    grant: tuple[str, ...] = ()


ROWS = (
    Row(name="the key's policy leaves it to identity policies", page=POLICIES, expected=ALLOWED, identity=(USE,)),
    Row(name="no policy allows", page=POLICIES, expected=DENIED),
    Row(name="the key's policy names the role", page=POLICIES, expected=ALLOWED, key_policy=(key_says(),)),
    Row(
        name="across accounts an identity policy alone", page=FOREIGN, expected=DENIED, identity=(USE,), account="prod"
    ),
    Row(
        name="across accounts a key policy alone",
        page=FOREIGN,
        expected=DENIED,
        key_policy=(key_says(),),
        account="prod",
    ),
    Row(
        name="across accounts both together",
        page=FOREIGN,
        expected=ALLOWED,
        identity=(USE,),
        key_policy=(key_says(),),
        account="prod",
    ),
    Row(name="a grant of the operation", page=GRANTS, expected=ALLOWED, grant=("Encrypt",)),
    Row(name="a grant of another operation", page=GRANTS, expected=DENIED, grant=("Decrypt",)),
    Row(
        name="a deny in the key's policy wins over a grant",
        page=GRANTS,
        expected=DENIED,
        key_policy=(key_says(Effect="Deny"),),
        grant=("Encrypt",),
    ),
    Row(
        name="a key for S3 alone is not for direct use",
        page=VIA,
        expected=DENIED,
        identity=(allow("kms:*", Condition={"StringLike": {"kms:ViaService": "s3.*.amazonaws.com"}}),),
    ),
    Row(
        name="the encryption context is right",
        page=CONTEXT,
        expected=ALLOWED,
        identity=(allow("kms:Encrypt", Condition={"StringEquals": {"kms:EncryptionContext:project": "iris"}}),),
    ),
    Row(
        name="the encryption context is wrong",
        page=CONTEXT,
        expected=DENIED,
        identity=(allow("kms:Encrypt", Condition={"StringEquals": {"kms:EncryptionContext:project": "wine"}}),),
    ),
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_encrypting_is_answered_as_documented(stage: Stage, row: Row) -> None:
    role = stage.role("user-of-key", *row.identity, account=row.account)
    stage.settle()
    key = stage.key(*json.loads(json.dumps(row.key_policy).replace("{role}", role)))
    if row.grant:
        stage.client("kms").create_grant(KeyId=key, GranteePrincipal=role, Operations=list(row.grant))
    stage.settle()
    kms = stage.of(stage.assume(role, account=row.account), "kms")
    context = {"project": "iris"}

    assert answer(lambda: kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext=context)) == row.expected


S3_PAGE = "S3 user guide: Using server-side encryption with AWS KMS keys (SSE-KMS)"


@dataclass(frozen=True, kw_only=True)
class Way:
    """An S3 operation on objects under a key, and the one KMS operation that it needs."""

    name: str
    needs: str


WAYS = (
    Way(name="put", needs="GenerateDataKey"),
    Way(name="get", needs="Decrypt"),
    Way(name="copy", needs="Decrypt"),
    Way(name="begin an upload", needs="GenerateDataKey"),
    Way(name="complete an upload", needs="Decrypt"),
)


def _go(s3: Any, way: Way, bucket: str, admin: Any) -> None:
    if way.name == "put":
        s3.put_object(Bucket=bucket, Key="new", Body=b"x")
    elif way.name == "get":
        s3.get_object(Bucket=bucket, Key="old")
    elif way.name == "copy":
        s3.copy_object(Bucket=bucket, Key="new", CopySource=f"{bucket}/old", ServerSideEncryption="AES256")
    elif way.name == "begin an upload":
        s3.create_multipart_upload(Bucket=bucket, Key="new")
    else:
        upload = admin.create_multipart_upload(Bucket=bucket, Key="new")["UploadId"]
        part = admin.upload_part(Bucket=bucket, Key="new", UploadId=upload, PartNumber=1, Body=b"x")
        parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
        s3.complete_multipart_upload(Bucket=bucket, Key="new", UploadId=upload, MultipartUpload=parts)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
@pytest.mark.parametrize("granted", [True, False], ids=["with permission", "without"])
def test_objects_under_a_key_need_its_permission(stage: Stage, way: Way, granted: bool) -> None:
    bucket, key = stage.bucket(), stage.key()
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    admin = stage.client("s3")
    admin.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    admin.put_object(Bucket=bucket, Key="old", Body=b"x")
    others = [f"kms:{name}" for name in ("GenerateDataKey", "Decrypt") if granted or name != way.needs]
    role = stage.role("writer", allow("s3:*"), allow(others, key))
    stage.settle()
    s3 = stage.of(stage.assume(role), "s3")

    assert answer(lambda: _go(s3, way, bucket, admin)) == (ALLOWED if granted else "AccessDenied")


def test_a_buckets_default_key_is_applied_and_shown(stage: Stage) -> None:
    """Page: S3 user guide, "Setting default server-side encryption behavior for Amazon S3 buckets"."""
    bucket, key, s3 = stage.bucket(), stage.key(), stage.client("s3")
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key.rpartition("/")[2]}}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})

    put = s3.put_object(Bucket=bucket, Key="new", Body=b"x")
    got = s3.get_object(Bucket=bucket, Key="new")
    seen = s3.head_object(Bucket=bucket, Key="new")

    assert [(a["ServerSideEncryption"], a["SSEKMSKeyId"]) for a in (put, got, seen)] == [("aws:kms", key)] * 3


def test_a_bucket_without_a_key_encrypts_with_s3s_own(stage: Stage) -> None:
    """Page: S3 user guide, "Amazon S3 now automatically encrypts all new objects"."""
    assert stage.client("s3").put_object(Bucket=stage.bucket(), Key="k")["ServerSideEncryption"] == "AES256"


def test_an_object_under_a_disabled_key_cannot_be_read(stage: Stage) -> None:
    """Page: "How unusable KMS keys affect data keys"."""
    bucket, key, s3 = stage.bucket(), stage.key(), stage.client("s3")
    s3.put_object(Bucket=bucket, Key="k", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    stage.client("kms").disable_key(KeyId=key)
    stage.settle()

    assert answer(lambda: s3.get_object(Bucket=bucket, Key="k")) == "KMS.DisabledException"


def test_the_key_that_aws_manages_for_s3_is_of_no_use_to_other_accounts(stage: Stage) -> None:
    """Page: S3 user guide, "Using server-side encryption with AWS KMS keys", AWS managed keys."""
    bucket, s3 = stage.bucket(), stage.client("s3")
    s3.put_object(Bucket=bucket, Key="k", ServerSideEncryption="aws:kms")
    role = stage.role("reader", allow(["s3:*", "kms:*"]), account="prod")
    stage.settle()
    statement = {**allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*"), "Principal": {"AWS": role}}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    reader = stage.of(stage.assume(role, account="prod"), "s3")

    assert answer(lambda: reader.get_object(Bucket=bucket, Key="secret/plan.txt")) == ALLOWED
    assert answer(lambda: reader.get_object(Bucket=bucket, Key="k")) == "AccessDenied"
