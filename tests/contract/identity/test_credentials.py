"""How credentials fail, each in the code that its service gives it.

Pages: IAM user guide, "Troubleshoot general issues in IAM"; the common errors of each service's API reference; S3 API
reference, "Error responses".
"""

from __future__ import annotations

import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from botocore import UNSIGNED
from botocore.config import Config

from tests.contract.identity.stage import ALLOWED, Principal, allow, answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.identity.stage import Stage

CALLS: dict[str, Callable[[Any], Any]] = {
    "s3": lambda client: client.list_buckets(),
    "sts": lambda client: client.get_caller_identity(),
    "iam": lambda client: client.list_users(),
    "sagemaker": lambda client: client.list_models(),
    "ecr": lambda client: client.describe_repositories(),
    "kms": lambda client: client.list_keys(),
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """What is wrong with a key, and the code of each protocol."""

    name: str
    s3: str
    query: str
    json: str

    def expected(self, service: str) -> str:
        """The code that a service answers."""
        return {"s3": self.s3, "sts": self.query, "iam": self.query}.get(service, self.json)


UNKNOWN = Row(
    name="unknown",
    s3="InvalidAccessKeyId",
    query="InvalidClientTokenId",
    json="UnrecognizedClientException",
)
WRONG = Row(name="wrong", s3="SignatureDoesNotMatch", query="SignatureDoesNotMatch", json="InvalidSignatureException")
EXPIRED = Row(name="expired", s3="ExpiredToken", query="ExpiredToken", json="ExpiredTokenException")


def _answers(stage: Stage, principal: Principal, **options: Any) -> dict[str, str]:
    return {
        service: answer(lambda service=service, call=call: call(stage.of(principal, service, **options)))  # type: ignore[misc]
        for service, call in CALLS.items()
    }


def _all(row: Row) -> dict[str, str]:
    return {service: row.expected(service) for service in CALLS}


# The middle ones are what emulators take for the root of an account.
@pytest.mark.parametrize("key", ["AKIAIOSFODNN7EXAMPLE", "test", "111111111111", "000000000000"])
def test_a_key_that_nobody_has_is_unknown(stage: Stage, key: str) -> None:
    assert _answers(stage, Principal(key=key, secret="test")) == _all(UNKNOWN)


def test_a_deactivated_key_is_unknown(stage: Stage) -> None:
    user = stage.user("leaver", allow("*"))
    stage.client("iam").update_access_key(UserName=stage.name("leaver"), AccessKeyId=user.key, Status="Inactive")
    stage.settle()

    assert _answers(stage, user) == _all(UNKNOWN)


def test_a_wrong_secret_makes_a_wrong_signature(stage: Stage) -> None:
    user = stage.user("forgetful", allow("*"))
    stage.settle()

    assert _answers(stage, Principal(key=user.key, secret="wrong")) == _all(WRONG)


def test_a_session_key_without_its_token_is_unknown(stage: Stage) -> None:
    session = stage.assume(stage.role("any", allow("*")))

    assert _answers(stage, Principal(key=session.key, secret=session.secret)) == _all(UNKNOWN)


def test_a_session_key_with_another_token_is_invalid(stage: Stage) -> None:
    session = stage.assume(stage.role("any", allow("*")))
    answers = _answers(stage, Principal(key=session.key, secret=session.secret, token="another"))

    assert answers == {**_all(UNKNOWN), "s3": "InvalidToken"}


def test_an_expired_session_is_refused(stage: Stage, advance: Callable[[float], None]) -> None:
    session = stage.assume(stage.role("any", allow("*")), DurationSeconds=900)
    assert set(_answers(stage, session).values()) == {ALLOWED}

    advance(901)

    assert _answers(stage, session) == _all(EXPIRED)


def test_a_request_without_a_signature_is_refused(stage: Stage) -> None:
    unsigned = Config(signature_version=UNSIGNED)
    answers = _answers(stage, Principal(key="none", secret="none"), config=unsigned)

    missing = "MissingAuthenticationToken"
    assert answers == {
        "s3": "AccessDenied",
        "sts": missing,
        "iam": missing,
        "sagemaker": f"{missing}Exception",
        "ecr": f"{missing}Exception",
        "kms": f"{missing}Exception",
    }


def test_a_session_cannot_ask_for_a_session_token(stage: Stage) -> None:
    """Page: STS API reference, ``GetSessionToken``."""
    session = stage.assume(stage.role("any", allow("*")))

    assert answer(stage.of(session, "sts").get_session_token) == "AccessDenied"


def test_who_am_i_needs_no_permission(stage: Stage) -> None:
    """Page: STS API reference, ``GetCallerIdentity``."""
    assert answer(stage.of(stage.user("nobody"), "sts").get_caller_identity) == ALLOWED


@pytest.mark.parametrize("version", ["s3v4", "s3"], ids=["SigV4", "SigV2"])
def test_a_presigned_address_gives_what_its_signer_may(stage: Stage, version: str) -> None:
    """Page: S3 user guide, "Download and upload objects with presigned URLs"."""
    bucket = stage.bucket()
    signed = Config(signature_version=version)
    may = stage.of(stage.user("may", allow("s3:GetObject")), "s3", config=signed)
    may_not = stage.of(stage.user("may-not"), "s3", config=signed)
    stage.settle()

    assert _fetch(_address(may, bucket)) == 200
    assert _fetch(_address(may_not, bucket)) == 403
    assert _fetch(_address(may, bucket).replace("plan.txt", "other.txt")) == 403
    assert _fetch(_address(may, bucket, seconds=-1)) in {400, 403}


def _address(client: Any, bucket: str, seconds: int = 60) -> str:
    params = {"Bucket": bucket, "Key": "secret/plan.txt"}
    return str(client.generate_presigned_url("get_object", Params=params, ExpiresIn=seconds))


def _fetch(address: str) -> int:
    try:
        with urllib.request.urlopen(address) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_insecure_transport_is_seen(stage: Stage) -> None:
    """Page: IAM user guide, "AWS global condition context keys", aws:SecureTransport.

    The embedded cloud's loopback door stands for TLS, unless a request says that it came without.
    """
    user = stage.user("plain", allow("s3:ListAllMyBuckets", Condition={"Bool": {"aws:SecureTransport": "true"}}))
    stage.settle()
    client = stage.of(user, "s3")
    assert answer(client.list_buckets) == ALLOWED

    client.meta.events.register("before-send.s3", _without_tls)

    assert stage.on_aws or answer(client.list_buckets) == "AccessDenied"


def _without_tls(request: Any, **_: Any) -> None:
    request.headers["X-Forwarded-Proto"] = "http"
