"""What an engine is asked for, whichever it is, and what is made of its answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from agent.errors import AccessDeniedError, InputMissingError, InterruptedRunError, TemporaryError, UsageError
from agent.images.builders import Builders
from agent.images.engine.builder import EngineBuilder
from agent.images.retries import Retries
from agent.ports.images import BuildOrder, PushTarget
from tests.fakes import FakeClock, KeptReport
from tests.unit.images.engine.fake_engine import DIGEST, PUSHED, FakeEngine

if TYPE_CHECKING:
    from pathlib import Path

URI = "111111111111.dkr.ecr.us-east-1.amazonaws.com/model"
TARGET = PushTarget(
    uri=URI,
    repository="model",
    base_url=f"https://{URI.partition('/')[0]}",
    host=URI.partition("/")[0],
    token="the-registry-s-password",
)
KEPT = "tag modelyard-cache/model:latest"
INDEX = "application/vnd.oci.image.index.v1+json"


def order(folder: Path, dockerfile: str = "FROM scratch\nCOPY . /\n", **changes: Any) -> BuildOrder:
    (folder / "Dockerfile").write_text(dockerfile)
    whole: dict[str, Any] = {
        "builder": "engine",
        "folder": folder,
        "context": ".",
        "dockerfile": "Dockerfile",
        "base_image": "python:3.11-slim",
        "requirements": None,
        "build_args": {},
        "labels": {"revision": "c"},
    }
    return BuildOrder(**{**whole, **changes})


def built(engine: FakeEngine, wanted: BuildOrder, clock: FakeClock | None = None) -> tuple[str, KeptReport]:
    report, clock = KeptReport(), clock or FakeClock()
    builder = EngineBuilder(clock, Retries(sleep=clock.sleep), wanted.folder / "cache", engine.connection)
    return builder.build_and_push(wanted, TARGET, "t", report), report


def test_docker_gets_the_labels_with_the_configuration(tmp_path: Path) -> None:
    engine = FakeEngine()
    digest, _ = built(engine, order(tmp_path))
    assert digest == DIGEST
    assert engine.asked == ["build", KEPT, "load", f"push {URI}:t", f"remove {URI}:t"]
    assert engine.orders[0]["labels"] is None


@pytest.mark.parametrize(
    "engine",
    [
        FakeEngine(components=("Podman Engine",)),
        FakeEngine(store=[["driver-type", "io.containerd.snapshotter.v1"]]),
    ],
    ids=["podman", "containerd"],
)
def test_engines_that_take_no_bare_configuration_put_the_labels_on_themselves(
    tmp_path: Path, engine: FakeEngine
) -> None:
    digest, _ = built(engine, order(tmp_path))
    assert digest == DIGEST
    assert engine.asked == ["build", KEPT, f"tag {URI}:t", f"push {URI}:t", f"remove {URI}:t"]
    assert engine.orders[0]["labels"] == {"revision": "c"}


def test_an_index_is_refused_as_soon_as_it_is_pushed(tmp_path: Path) -> None:
    engine = FakeEngine(store=[["driver-type", "io.containerd.snapshotter.v1"]], held=INDEX)
    with pytest.raises(InputMissingError, match=r"index\.v1\+json, not a single image"):
        built(engine, order(tmp_path))


def test_the_dockerfile_is_given_only_what_it_asks_for(tmp_path: Path) -> None:
    engine = FakeEngine()
    built(engine, order(tmp_path, "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nARG SOURCE_DATE_EPOCH\n", build_args={"A": "1"}))
    assert engine.orders[0]["buildargs"] == {
        "BASE_IMAGE": "python:3.11-slim",
        "SOURCE_DATE_EPOCH": "315532800",
        "A": "1",
    }
    built(engine, order(tmp_path))
    assert engine.orders[1]["buildargs"] == {}


def test_stage_and_platform_are_handed_on(tmp_path: Path) -> None:
    engine = FakeEngine(architecture="arm64")
    built(engine, order(tmp_path, target="model", platform="linux/arm64"))
    assert (engine.orders[0]["target"], engine.orders[0]["platform"]) == ("model", "linux/arm64")


def test_an_image_for_another_platform_is_not_pushed(tmp_path: Path) -> None:
    engine = FakeEngine(architecture="arm64")
    with pytest.raises(InputMissingError, match=r"for linux/arm64, not for linux/amd64: .*`image\.platform`"):
        built(engine, order(tmp_path))
    assert engine.asked == ["build"]


def test_a_build_whose_cached_step_was_removed_meanwhile_is_tried_again(tmp_path: Path) -> None:
    engine = FakeEngine(lost=[[{"stream": "Step 1/1 : COPY . /\n"}, {"error": 'unable to find image "sha256:0afeda"'}]])
    assert built(engine, order(tmp_path))[0] == DIGEST
    assert engine.asked.count("build") == 2


def test_a_push_is_tried_again_from_the_naming_on(tmp_path: Path) -> None:
    engine = FakeEngine(pushes=[[{"error": "EOF"}], PUSHED])
    clock = FakeClock()
    digest, _ = built(engine, order(tmp_path), clock)
    assert digest == DIGEST
    assert engine.asked.count("load") == 2
    assert len(clock.slept) == 1


def test_a_registry_that_stays_away_is_temporary(tmp_path: Path) -> None:
    with pytest.raises(TemporaryError, match="EOF; tried 6 times, try again later"):
        built(FakeEngine(pushes=[[{"error": "EOF"}]]), order(tmp_path))


def test_a_push_that_is_not_allowed_is_not_tried_again(tmp_path: Path) -> None:
    engine = FakeEngine(pushes=[[{"errorDetail": {"message": "denied: not authorized"}}]])
    with pytest.raises(AccessDeniedError, match="not authorized"):
        built(engine, order(tmp_path))
    assert engine.asked[-1] == f"remove {URI}:t"


def test_the_password_goes_to_the_registry_and_into_no_message(tmp_path: Path) -> None:
    engine = FakeEngine()
    _, report = built(engine, order(tmp_path))
    assert engine.logins == [{"username": "AWS", "password": TARGET.token}]
    assert TARGET.token not in str(report.told)
    assert TARGET.token not in repr(TARGET)


@pytest.mark.parametrize("name", ["PIP_TOKEN", "api_key", "DB_PASSWORD", "AWS_SECRET_ACCESS_KEY", "NPM_KEY"])
def test_an_argument_that_looks_like_a_secret_is_warned_of(tmp_path: Path, name: str) -> None:
    engine = FakeEngine(built=[{"stream": "it is hunter2\n"}, {"aux": {"ID": "sha256:1"}}])
    _, report = built(engine, order(tmp_path, build_args={name: "hunter2"}))
    (warning,) = report.of("warn")
    assert f"the build argument {name} looks like a secret" in warning
    assert "hunter2" not in str(report.told)


@pytest.mark.parametrize("name", ["BASE_IMAGE", "MONKEY", "KEYBOARD", "TREES"])
def test_other_arguments_are_not(tmp_path: Path, name: str) -> None:
    _, report = built(FakeEngine(), order(tmp_path, build_args={name: "1"}))
    assert report.of("warn") == []


def test_a_run_that_is_to_end_lets_go_of_the_engine(tmp_path: Path) -> None:
    engine = FakeEngine()
    with pytest.raises(InterruptedRunError):
        built(engine, order(tmp_path), FakeClock(interrupted=True))
    assert engine.asked[-1] == "cut"


@pytest.mark.parametrize("host", ["unix:///nowhere/docker.sock", "tcp://127.0.0.1:9", "nonsense"])
def test_without_an_engine_it_is_said_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    with pytest.raises(UsageError, match=f"no container engine answers at {host}: .*start one .*`layers`"):
        Builders(FakeClock()).build_and_push(order(tmp_path), TARGET, tag="t", report=KeptReport())
