"""Images that a real engine builds from a Dockerfile and pushes into a registry of the embedded cloud."""

from __future__ import annotations

import json
import re
import shutil
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from agent.clock import SystemClock
from agent.errors import InputMissingError, InterruptedRunError, TemporaryError, UserCodeFailedError
from agent.images.builders import Builders
from agent.images.manifest import MANIFEST_TYPE
from agent.ledger.ledger import Ledger
from agent.ports.images import BuildOrder, PushTarget
from agent.sbom.document import encode
from agent.sbom.store import KnownLayers, packages_in
from tests.docker.conftest import login, reached
from tests.engine import python_image
from tests.fakes import KeptReport, MemoryObjects
from tests.wheels import locked, make_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from docker import DockerClient

    from agent.cloud.embedded import EmbeddedCloud

DOCKERFILE = """\
# A stage that people stop at, and one behind it that must not be built.
ARG BASE_IMAGE=there-is-no-such-image
FROM ${BASE_IMAGE} AS model
ARG SEED=0
RUN date +%s%N > /opt/made-at && \\
    echo "seed ${SEED}" > /opt/seed
COPY . /opt/program/
WORKDIR /opt/program
ENTRYPOINT ["python3"]

FROM model AS broken
RUN echo almost; \\
    echo there >&2; \\
    exit 3
"""
COMMITTED = "2026-03-01T12:00:00Z"


class HurriedClock(SystemClock):
    """A real clock whose waits are short; it counts them."""

    def __init__(self) -> None:
        super().__init__()
        self.waits = 0

    def sleep(self, seconds: float) -> None:
        self.waits += 1
        super().sleep(min(seconds, 0.05))


@pytest.fixture(autouse=True)
def _at_the_engine(monkeypatch: pytest.MonkeyPatch, docker_host: str) -> None:
    monkeypatch.setenv("DOCKER_HOST", docker_host)


@pytest.fixture(scope="module")
def uri(cloud: EmbeddedCloud) -> str:
    repository = cloud.client("ecr").create_repository(repositoryName="model", imageTagMutability="IMMUTABLE")
    return str(repository["repository"]["repositoryUri"])


@pytest.fixture
def target(cloud: EmbeddedCloud, uri: str) -> PushTarget:
    return PushTarget(
        uri=uri,
        repository="model",
        base_url=cloud.endpoint,
        host=uri.partition("/")[0],
        token=login(cloud, "tools").password,
    )


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "train.py").write_text("print('trained')\n")
    (folder / "notes.txt").write_text("private\n")
    (folder / ".dockerignore").write_text("*.txt\nDockerfile\n")
    return folder


def order(folder: Path, **changes: Any) -> BuildOrder:
    whole: dict[str, Any] = {
        "builder": "engine",
        "folder": folder,
        "context": ".",
        "dockerfile": "Dockerfile",
        "base_image": python_image(),
        "requirements": None,
        "build_args": {"SEED": "7"},
        "target": "model",
        "labels": {"org.opencontainers.image.revision": "c" * 40},
        "created": COMMITTED,
    }
    return BuildOrder(**{**whole, **changes})


def build(wanted: BuildOrder, target: PushTarget, tag: str, clock: SystemClock | None = None) -> tuple[str, KeptReport]:
    report = KeptReport()
    digest = Builders(clock or HurriedClock()).build_and_push(wanted, target, tag=tag, report=report)
    return digest, report


def pull(engine: DockerClient, cloud: EmbeddedCloud, uri: str, digest: str) -> Any:
    return engine.images.pull(reached(cloud, f"{uri}@{digest}"), auth_config=login(cloud, "tools").document())


def pushes(cloud: EmbeddedCloud, since: int) -> int:
    """How many blobs the registry was sent since then."""
    return sum(call.action == "ecr:POST" and call.status < 400 for call in cloud.calls(since))


def last_call(cloud: EmbeddedCloud) -> int:
    return max((call.number for call in cloud.calls()), default=0)


def test_an_image_is_built_to_its_stage_with_its_arguments(
    engine: DockerClient, cloud: EmbeddedCloud, uri: str, target: PushTarget, repository: Path
) -> None:
    digest, report = build(order(repository), target, "whole")
    image = pull(engine, cloud, uri, digest)
    assert engine.containers.run(image, ["train.py"], remove=True) == b"trained\n"
    files = engine.containers.run(image, ["-c", "import os; print(sorted(os.listdir('.')))"], remove=True)
    assert files == b"['train.py']\n"
    seed = engine.containers.run(image, ["-c", "print(open('/opt/seed').read())"], remove=True)
    assert seed.split() == [b"seed", b"7"]
    assert report.of("doing")[0] == "Step 1/7 : ARG BASE_IMAGE=there-is-no-such-image"
    described = cloud.client("ecr").describe_images(repositoryName="model", imageIds=[{"imageTag": "whole"}])
    assert described["imageDetails"][0]["imageDigest"] == digest
    assert described["imageDetails"][0]["imageManifestMediaType"] == MANIFEST_TYPE


def test_an_image_says_which_commit_it_is_of_and_nothing_of_its_build(
    engine: DockerClient, cloud: EmbeddedCloud, uri: str, target: PushTarget, repository: Path
) -> None:
    digest, _ = build(order(repository), target, "labelled")
    image = pull(engine, cloud, uri, digest)
    assert image.labels == {"org.opencontainers.image.revision": "c" * 40}
    assert image.attrs["Created"] == COMMITTED
    assert not image.attrs["Container"]
    steps = image.history()
    assert {step["Created"] for step in steps} == {1772366400}
    assert "made-at" in "".join(step["CreatedBy"] for step in steps)


def test_what_an_engine_built_is_told_by_its_layers(target: PushTarget, repository: Path) -> None:
    """The base image has Debian's packages and Python's; the bill of materials is valid, and the same each time."""
    digest, report = build(order(repository), target, "told")
    layers = KnownLayers(Ledger(MemoryObjects(), "bucket"))
    builders = Builders(HurriedClock())
    document = encode(builders.contents(target, digest, layers, report=report))
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(document.decode()) is None
    kinds = {one["purl"].partition("/")[0] for one in packages_in(json.loads(document))}
    assert {"pkg:deb", "pkg:pypi"} <= kinds
    assert encode(builders.contents(target, digest, layers, report=report)) == document


def test_the_same_sources_of_another_checkout_give_the_same_digest_and_send_nothing(
    cloud: EmbeddedCloud, target: PushTarget, repository: Path, tmp_path: Path
) -> None:
    first, _ = build(order(repository), target, "first")
    other = shutil.copytree(repository, tmp_path / "other", copy_function=shutil.copy)
    (other / "train.py").chmod(0o664)
    since = last_call(cloud)
    second, report = build(order(other), target, "second")
    assert second == first
    assert pushes(cloud, since) == 0
    assert "layers pushed: 0, already there: 3" in report.of("fact")


def test_a_build_leaves_no_name_behind(engine: DockerClient, target: PushTarget, repository: Path) -> None:
    build(order(repository), target, "gone")
    assert [tag for image in engine.images.list() for tag in image.tags if tag.endswith("/model:gone")] == []


def test_a_changed_file_sends_one_layer(cloud: EmbeddedCloud, target: PushTarget, repository: Path) -> None:
    build(order(repository), target, "before")
    (repository / "train.py").write_text(f"print({time.time_ns()})\n")
    _, report = build(order(repository), target, "after")
    assert "layers pushed: 1, already there: 2" in report.of("fact")


def test_a_failing_instruction_is_shown_with_its_line_and_its_last_words(target: PushTarget, repository: Path) -> None:
    with pytest.raises(UserCodeFailedError) as caught:
        build(order(repository, target=None), target, "broken")
    shown, ending, *output = str(caught.value).split("\n")
    assert shown == "Dockerfile:12: RUN echo almost;     echo there >&2;     exit 3"
    assert ending == "ended with exit code 3"
    assert sorted(output) == ["  | almost", "  | there"]


def test_a_file_that_is_not_there_is_a_mistake_in_the_dockerfile(target: PushTarget, repository: Path) -> None:
    (repository / "Dockerfile").write_text("FROM scratch\n\nCOPY notes.txt /\n")
    with pytest.raises(UserCodeFailedError, match=r"^Dockerfile:3: COPY notes.txt /\n.*notes.txt"):
        build(order(repository, target=None), target, "absent")


def test_a_dockerfile_that_is_none_is_shown_with_its_line(target: PushTarget, repository: Path) -> None:
    (repository / "Dockerfile").write_text("FROM scratch\nCOPPY train.py /\n")
    with pytest.raises(UserCodeFailedError, match=r"^Dockerfile:2: .*unknown instruction: COPPY"):
        build(order(repository, target=None), target, "nonsense")


def test_a_base_image_that_nobody_has_is_a_missing_input(target: PushTarget, repository: Path) -> None:
    with pytest.raises(
        InputMissingError,
        match=r"^Dockerfile:3: FROM .*image 127\.0\.0\.1:9/absent:1\).* cannot be pulled: .*image\.base_image",
    ):
        build(order(repository, base_image="127.0.0.1:9/absent:1"), target, "baseless")


def test_an_image_for_another_processor_is_not_pushed(target: PushTarget, repository: Path) -> None:
    (repository / "Dockerfile").write_text(f"FROM {python_image()}\n")
    with pytest.raises(InputMissingError, match="arm64"):
        build(order(repository, target=None, platform="linux/arm64"), target, "arm")


def test_a_registry_s_bad_moment_is_waited_out(cloud: EmbeddedCloud, target: PushTarget, repository: Path) -> None:
    build(order(repository), target, "calm")  # so that only the manifest is still to travel
    cloud.fault("throttling", operation="ecr:PUT", count=2)
    clock = HurriedClock()
    digest, _ = build(order(repository), target, "stormy", clock)
    assert digest.startswith("sha256:")
    assert clock.waits == 2


def test_a_registry_that_stays_away_ends_the_build_as_temporary(
    cloud: EmbeddedCloud, target: PushTarget, repository: Path
) -> None:
    build(order(repository), target, "quiet")
    cloud.fault("cut", operation="ecr:PUT", count=100)
    try:
        with pytest.raises(TemporaryError, match="tried 6 times, try again later"):
            build(order(repository), target, "lost")
    finally:
        cloud.clear_faults()


def test_a_tag_that_another_build_has_set_meanwhile_is_kept(target: PushTarget, repository: Path) -> None:
    """The tag is the digest of the sources, so its image is as good as ours."""
    first, _ = build(order(repository), target, "raced")
    second, report = build(order(repository, created="2026-04-01T12:00:00Z"), target, "raced")
    assert second == first
    assert "another build of the same sources has pushed its image meanwhile; that one is used" in report.of("fact")


def test_a_run_that_is_told_to_end_ends_its_build(engine: DockerClient, target: PushTarget, repository: Path) -> None:
    name = f"sleep {300 + time.time_ns() % 1000}"
    (repository / "Dockerfile").write_text(f"ARG BASE_IMAGE\nFROM ${{BASE_IMAGE}}\nRUN echo begun; {name}\n")
    clock, report = SystemClock(), KeptReport()

    def interrupt() -> None:
        while "begun" not in report.of("log"):
            time.sleep(0.05)
        clock.interrupt("SIGTERM")

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(InterruptedRunError, match="SIGTERM"):
        Builders(clock).build_and_push(order(repository, target=None), target, tag="aborted", report=report)
    while any(name in str(container.attrs["Args"]) for container in engine.containers.list()):
        time.sleep(0.1)


WITH_WHEELS = """\
ARG BASE_IMAGE
FROM ${BASE_IMAGE} AS packages
ARG WHEELHOUSE=requirements.txt
ARG PIP_NO_INDEX
COPY requirements.txt ${WHEELHOUSE}* /tmp/wheels/
RUN pip install --no-cache-dir --root /packages --find-links /tmp/wheels --requirement /tmp/wheels/requirements.txt

FROM ${BASE_IMAGE}
COPY --from=packages /packages /
"""


@pytest.fixture
def with_wheels(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose Dockerfile takes wheels, which this machine's pip finds in a folder."""
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "shelf"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (repository / "requirements.txt").write_text(locked(make_wheel(tmp_path / "shelf", "seldom")))
    (repository / "Dockerfile").write_text(WITH_WHEELS)
    (repository / ".dockerignore").write_text("notes.txt\n")
    return repository


def test_locked_requirements_are_installed_without_a_network(
    engine: DockerClient, cloud: EmbeddedCloud, target: PushTarget, with_wheels: Path, tmp_path: Path
) -> None:
    wanted = order(with_wheels, target=None, requirements="requirements.txt", build_args={})
    digest, report = build(wanted, target, "wheels")
    image = pull(engine, cloud, target.uri, digest)
    said = engine.containers.run(image, ["python3", "-c", "import seldom; print(seldom.VERSION)"], remove=True)
    assert said == b"1.0\n"
    left = engine.containers.run(image, ["find", "/", "-xdev", "-name", "seldom*.whl"], remove=True)
    assert left == b""
    assert re.search(r"wheels of requirements\.txt for Python 3\.\d+ on linux/amd64", "\n".join(report.of("doing")))
    shutil.rmtree(tmp_path / "cache")  # another machine, which fetches them again
    again, report = build(wanted, target, "wheels-again")
    assert again == digest
    assert "Dockerfile is built; steps from the engine's cache: 5" in report.of("fact")
