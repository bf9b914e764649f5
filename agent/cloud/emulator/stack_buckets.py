"""What MiniStack's CloudFormation leaves out of a bucket: its encryption, its lifecycle and who owns its objects.

Source: CloudFormation template reference, ``AWS::S3::Bucket``; S3 API reference, ``PutBucketEncryption``,
``PutBucketLifecycleConfiguration`` and ``PutBucketOwnershipControls``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.serialize import create_serializer

from agent.cloud.service_models import service_model

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Members = dict[str, Any]
Configuration = tuple[str, "Callable[[Members], bytes]", "Callable[[str, bytes], None]", "Callable[[str], Any]"]
"""A property, its body for the API, and what puts and deletes it (as in MiniStack's own list)."""

_RULE_MEMBERS = ("Status", "AbortIncompleteMultipartUpload", "NoncurrentVersionExpiration")
_EXPIRATION = {
    "ExpirationInDays": "Days",
    "ExpirationDate": "Date",
    "ExpiredObjectDeleteMarker": "ExpiredObjectDeleteMarker",
}


def bucket_configurations(s3: Any) -> tuple[Configuration, ...]:
    """The properties that MiniStack does not put, with its S3's functions for them."""
    return (
        ("BucketEncryption", encryption_body, _checked(s3._put_bucket_encryption), s3._delete_bucket_encryption),
        ("LifecycleConfiguration", lifecycle_body, _checked(s3._put_bucket_lifecycle), s3._delete_bucket_lifecycle),
        ("OwnershipControls", ownership_body, _checked(s3._put_bucket_ownership_controls), lambda _bucket: None),
    )


def encryption_body(properties: Members) -> bytes:
    """A ``BucketEncryption`` as the API takes it."""
    rules = [
        {
            "ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"],
            "BucketKeyEnabled": _truth(rule.get("BucketKeyEnabled", False)),
        }
        for rule in properties["ServerSideEncryptionConfiguration"]
    ]
    return _body("PutBucketEncryption", {"ServerSideEncryptionConfiguration": {"Rules": rules}})


def lifecycle_body(properties: Members) -> bytes:
    """A ``LifecycleConfiguration`` as the API takes it; transitions between storage classes are not served."""
    rules = [_lifecycle_rule(rule) for rule in properties["Rules"]]
    return _body("PutBucketLifecycleConfiguration", {"LifecycleConfiguration": {"Rules": rules}})


def ownership_body(properties: Members) -> bytes:
    """An ``OwnershipControls`` as the API takes it."""
    return _body("PutBucketOwnershipControls", {"OwnershipControls": {"Rules": properties["Rules"]}})


def _lifecycle_rule(rule: Mapping[str, Any]) -> Members:
    unknown = set(rule) - {"Id", "Prefix", *_RULE_MEMBERS, *_EXPIRATION}
    if unknown:
        raise ValueError(f"The embedded cloud does not serve {', '.join(sorted(unknown))} of a bucket's lifecycle.")
    expiration = {_EXPIRATION[name]: rule[name] for name in _EXPIRATION if name in rule}
    return {
        **({"ID": rule["Id"]} if "Id" in rule else {}),
        "Filter": {"Prefix": rule.get("Prefix", "")},
        **{name: rule[name] for name in _RULE_MEMBERS if name in rule},
        **({"Expiration": expiration} if expiration else {}),
    }


def _body(operation: str, request: Members) -> bytes:
    """A request's body as botocore writes it."""
    model = service_model("s3").operation_model(operation)
    serialized = create_serializer("rest-xml").serialize_to_request({"Bucket": "any", **request}, model)
    body: bytes = serialized["body"]
    return body


def _checked(put: Callable[[str, bytes], Any]) -> Callable[[str, bytes], None]:
    """An operation whose refusal fails the resource."""

    def checked(bucket: str, body: bytes) -> None:
        status, _, answer = put(bucket, body)
        if status >= 300:
            raise ValueError(answer.decode() if isinstance(answer, bytes) else str(answer))

    return checked


def _truth(value: Any) -> bool:
    """Templates write truth as a string, too."""
    return str(value).lower() == "true"
