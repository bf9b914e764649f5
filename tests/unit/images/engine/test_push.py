"""How far a push is, and under which name an engine reaches a registry."""

from __future__ import annotations

import pytest

from agent.images.engine.push import PushLog, engine_name
from agent.ports.images import PushTarget
from tests.fakes import KeptReport

ECR = "111111111111.dkr.ecr.us-east-1.amazonaws.com"
DIGEST = f"sha256:{'d' * 64}"


@pytest.mark.parametrize(
    ("base_url", "uri", "name"),
    [
        (f"https://{ECR}", f"{ECR}/team/model", f"{ECR}/team/model"),
        ("http://127.0.0.1:4000", f"{ECR}/team/model", f"127.0.0.1:4000/{ECR}/team/model"),
        ("http://127.0.0.1:4000", "127.0.0.1:4000/model", "127.0.0.1:4000/model"),
    ],
    ids=["aws", "embedded cloud", "plain registry"],
)
def test_the_name_leads_to_the_registry(base_url: str, uri: str, name: str) -> None:
    assert engine_name(PushTarget(uri=uri, repository="x", base_url=base_url, host=ECR, token="")) == name


def test_progress_is_told_in_layers_and_tenths() -> None:
    report = KeptReport()
    log = PushLog(report)
    for status, layer, detail in (
        ("Preparing", "a", {}),
        ("Preparing", "b", {}),
        ("Layer already exists", "a", {}),
        ("Pushing", "b", {"current": 1_000, "total": 4_000_000}),
        ("Pushing", "b", {"current": 2_000_000, "total": 4_000_000}),
        ("Pushing", "b", {"current": 2_000_001, "total": 4_000_000}),
        ("Pushing", "b", {"current": 4_000_512, "total": 4_000_000}),  # archives are a little more than their files
        ("Pushed", "b", {}),
    ):
        assert log.hear({"status": status, "id": layer, "progressDetail": detail}) is None
    assert report.of("doing")[-5:] == [
        "pushing: 1 of 2 layers done",
        "pushing: 1 of 2 layers done, 0 % of 4 MB sent",
        "pushing: 1 of 2 layers done, 50 % of 4 MB sent",
        "pushing: 1 of 2 layers done, 100 % of 4 MB sent",
        "pushing: 2 of 2 layers done, 100 % of 4 MB sent",
    ]
    assert log.summary == "layers pushed: 1, already there: 1"


@pytest.mark.parametrize(
    "message",
    [
        {"progressDetail": {}, "aux": {"Tag": "1", "Digest": DIGEST, "Size": 945}},
        {"status": f"1: digest: {DIGEST} size: 945"},
    ],
    ids=["docker", "podman"],
)
def test_the_digest_is_heard(message: dict[str, object]) -> None:
    log = PushLog(KeptReport())
    assert log.hear(message) is None
    assert log.digest == DIGEST


def test_a_failure_is_the_engine_s_words() -> None:
    assert PushLog(KeptReport()).hear({"errorDetail": {"message": "denied"}, "error": "…"}) == "denied"
