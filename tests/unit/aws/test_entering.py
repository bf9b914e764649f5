"""What STS is told of a session: names that it takes, the tags of the build, and its own region's address."""

from __future__ import annotations

import re
from typing import Any

import pytest

from agent.aws.entering import Origin, Scope, Way, assume_role, form, started_by
from agent.aws.sessions import Clients, Credentials, isolated_session

NAME = re.compile(r"[A-Za-z0-9_+=,.@-]{2,64}")
ROLE = "arn:aws:iam::111111111111:role/iris-pipeline"
BUILD = {"JOB_NAME": "models/iris/PR-12", "BUILD_NUMBER": "7", "BUILD_TAG": "jenkins-models-iris-PR-12-7"}
STARTED = Origin(session_name="iris-7", source_identity="iris", run="jenkins-iris-7", job="iris", build="7")


@pytest.mark.parametrize(
    ("job", "number", "name"),
    [
        ("iris", "7", "iris-7"),
        ("models/iris/feature%2Fmüller", "12", "models-iris-feature-2Fm-ller-12"),
        ("a" * 200 + "/main", "123456", "a" * 52 + "-main-123456"),
        ("/", "1", "1_"),
    ],
)
def test_a_build_names_its_sessions_by_job_and_number(job: str, number: str, name: str) -> None:
    started = started_by({"JOB_NAME": job, "BUILD_NUMBER": number}, "run")
    assert started.session_name == name
    assert NAME.fullmatch(started.session_name)
    assert NAME.fullmatch(started.source_identity)


def test_whoever_is_at_a_machine_names_theirs() -> None:
    started = started_by({}, "20261127T100000Z-abcdef")
    assert NAME.fullmatch(started.session_name)
    assert "@" in started.session_name
    assert (started.source_identity, started.job, started.build) == (started.session_name, "", "")


def test_a_session_says_what_it_is_for_and_where_it_comes_from() -> None:
    way = Way(role=ROLE, external_id="iris", scope=Scope(project="iris", environment="prod", policy="{}"))
    request = assume_role(way, started_by(BUILD, BUILD["BUILD_TAG"]))
    assert {tag["Key"]: tag["Value"] for tag in request.pop("Tags")} == {
        "modelyard:project": "iris",
        "modelyard:environment": "prod",
        "modelyard:run": "jenkins-models-iris-PR-12-7",
        "modelyard:job": "models/iris/PR-12",
        "modelyard:build": "7",
    }
    assert request == {
        "RoleArn": ROLE,
        "RoleSessionName": "models-iris-PR-12-7",
        "DurationSeconds": 3600,
        "ExternalId": "iris",
        "TransitiveTagKeys": [f"modelyard:{name}" for name in ("project", "run", "job", "build")],
        "SourceIdentity": "models-iris-PR-12",
        "Policy": "{}",
    }


def test_nothing_is_said_of_a_session_that_is_for_no_project() -> None:
    request = assume_role(Way(role=ROLE), STARTED)
    assert request == {"RoleArn": ROLE, "RoleSessionName": "iris-7", "DurationSeconds": 3600}


def test_a_request_is_written_as_botocore_writes_it() -> None:
    way = Way(role=ROLE, external_id="iris", scope=Scope(project="iris", environment="prod", policy="{}"))
    request = assume_role(way, STARTED)
    sent: list[dict[str, Any]] = []
    client = isolated_session(KEYS, "eu-west-1").client("sts")

    def note(model: Any, params: Any, **_: Any) -> tuple[Any, dict[str, Any]]:
        sent.append(params)
        return NOTHING, {}

    client.meta.events.register("before-call.sts.AssumeRole", note)
    client.assume_role(**request)
    body = {name: str(value) for name, value in sent[0]["body"].items()}
    assert {"Action": "AssumeRole", "Version": "2011-06-15", **form(request)} == body


class _Nothing:
    status_code = 200


NOTHING = _Nothing()
KEYS = Credentials(access_key_id="AKID", secret_access_key="SECRET")


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-east-1", "sts.us-east-1.amazonaws.com"),
        ("eu-central-1", "sts.eu-central-1.amazonaws.com"),
        ("ap-southeast-1", "sts.ap-southeast-1.amazonaws.com"),
        ("us-gov-west-1", "sts.us-gov-west-1.amazonaws.com"),
        ("cn-north-1", "sts.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_roles_are_entered_in_the_region_never_at_the_global_address(region: str, host: str) -> None:
    """Its outage would be everybody's, and its sessions are not valid in regions that are opted in."""
    asked: list[str] = []
    client = Clients(credentials=KEYS, region=region).client("sts")

    def note(request: Any, **_: Any) -> Any:
        asked.append(request.url)
        return ANSWER

    client.meta.events.register("before-send.sts", note)
    client.assume_role(RoleArn=ROLE, RoleSessionName="iris-7")
    assert asked == [f"https://{host}/"]


class _Answer:
    status_code = 200
    headers: dict[str, str] = {}
    content = b"<AssumeRoleResponse><AssumeRoleResult/></AssumeRoleResponse>"


ANSWER = _Answer()
