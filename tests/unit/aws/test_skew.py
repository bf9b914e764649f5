"""A machine whose clock is wrong works all the same, and says so."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from agent.aws.refusals import refusal
from agent.cloud.embedded import EmbeddedCloud
from agent.errors import AccessDeniedError
from tests.contract.provision import create_role
from tests.sources import ROOT
from tests.unit.aws.wrong_clock import CALLS

if TYPE_CHECKING:
    from collections.abc import Iterator

ALLOW = {"Effect": "Allow", "Action": "*", "Resource": "*"}
TRUST = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}


@pytest.fixture(scope="module")
def order() -> Iterator[dict[str, Any]]:
    with EmbeddedCloud() as cloud:
        policies = [{"Version": "2012-10-17", "Statement": [statement]} for statement in (ALLOW, TRUST)]
        role = create_role(cloud.client("iam"), "any", *policies)
        keys = cloud.running.administrator("tools")
        yield {
            "key": keys.access_key_id,
            "secret": keys.secret_access_key,
            "region": cloud.running.region,
            "endpoint": cloud.endpoint,
            "role": role,
        }


def late(order: dict[str, Any], seconds: float) -> dict[str, Any]:
    """What a machine gets and says whose clock is so many seconds ahead."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.unit.aws.wrong_clock"],
        input=json.dumps({**order, "seconds": seconds}),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-3600, r"this machine's clock is (1:00|0:59):\d\d behind AWS's: set it"),
        (600, r"this machine's clock is 0:(10|09):\d\d ahead of AWS's: set it"),
    ],
)
def test_a_wrong_clock_is_borne_and_told_once(order: dict[str, Any], seconds: float, said: str) -> None:
    answer = late(order, seconds)
    assert answer["statuses"] == dict.fromkeys(CALLS, 200)
    (told,) = answer["told"]
    assert re.match(said, told), told


def test_a_clock_that_is_nearly_right_is_nobodys_business(order: dict[str, Any]) -> None:
    assert late(order, 60)["told"] == []


def skewed(code: str, behind: timedelta) -> ClientError:
    date = format_datetime(datetime.now(UTC) + behind, usegmt=True)
    answer = {
        "Error": {"Code": code, "Message": "Signature expired: 20261127T100000Z is now earlier than 20261127T105500Z"},
        "ResponseMetadata": {"HTTPHeaders": {"date": date}, "HTTPStatusCode": 403},
    }
    return ClientError(answer, "ListModels")


@pytest.mark.parametrize("code", ["RequestTimeTooSkewed", "SignatureDoesNotMatch", "InvalidSignatureException"])
def test_what_is_refused_in_the_end_names_the_clock(code: str) -> None:
    error = refusal(skewed(code, timedelta(hours=1)), "s3:GetObject on b")
    assert isinstance(error, AccessDeniedError)
    assert "behind AWS's: set it" in str(error)


def test_a_wrong_secret_is_not_the_clocks_fault() -> None:
    assert "clock" not in str(refusal(skewed("SignatureDoesNotMatch", timedelta(seconds=2)), "s3:GetObject on b"))
