"""Images by the builder `layers`: pushed to a real registry, pulled and run by a real engine."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from agent.images.builders import Builders
from agent.images.layout import ImageLayout
from agent.images.manifest import canonical_json, sha256_digest
from agent.images.registry import Registry, RegistryEndpoint
from agent.ports.images import BuildOrder
from tests.cutting import cutting_way
from tests.docker_registry import DockerRegistry, docker_registry
from tests.engine import python_image
from tests.fakes import FakeClock, KeptReport
from tests.sources import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import DockerClient

    from agent.images.manifest import Manifest

EXAMPLE = ROOT / "examples" / "tumour-byo"
REPOSITORY = "team/tumour"
OCI = "application/vnd.oci.image"
OCI_MANIFEST = f"{OCI}.manifest.v1+json"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerRegistry]:
    with docker_registry(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture(scope="module")
def base(engine: DockerClient, registry: DockerRegistry) -> str:
    """A Python base image in the registry, by digest."""
    name = f"{registry.address}/base/python"
    engine.images.get(python_image()).tag(name, "1")
    told = [line["aux"]["Digest"] for line in engine.images.push(name, "1", stream=True, decode=True) if "aux" in line]
    engine.images.remove(f"{name}:1", noprune=True)
    return f"{name}@{told[0]}"


@dataclass(frozen=True, kw_only=True)
class Agent:
    """A machine that builds: its checkout and its cache."""

    folder: Path
    cache: Path
    registry: DockerRegistry
    base: str
    heard: KeptReport = field(default_factory=KeptReport)

    def order(self) -> BuildOrder:
        return BuildOrder(
            builder="layers",
            folder=self.folder,
            context="container",
            dockerfile="container/Dockerfile",
            base_image=self.base,
            requirements="container/requirements.txt",
            build_args={},
            python="3.11",
            labels={"org.opencontainers.image.revision": "c" * 40},
            created="2026-11-01T00:00:00Z",
        )

    def build(self, tag: str = "1", repository: str = REPOSITORY) -> str:
        builders = Builders(FakeClock(), {**os.environ, "MODELYARD_CACHE": str(self.cache)})
        target = self.registry.target(repository)
        return builders.build_and_push(self.order(), target, tag=tag, report=self.heard)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, registry: DockerRegistry, base: str) -> Agent:
    """An agent that has built the example once."""
    place = tmp_path_factory.mktemp("first")
    shutil.copytree(EXAMPLE, place / "checkout")
    agent = Agent(folder=place / "checkout", cache=place / "cache", registry=registry, base=base)
    agent.build()
    return agent


def another(first: Agent, place: Path, *, cache: Path | None = None) -> Agent:
    """A second machine with its own checkout, made under another umask."""
    before = os.umask(0o077)
    try:
        shutil.copytree(first.folder, place / "elsewhere", copy_function=shutil.copyfile)
        for path in (place / "elsewhere").rglob("*"):
            original = first.folder / path.relative_to(place / "elsewhere")
            path.chmod(original.stat().st_mode & 0o700)
    finally:
        os.umask(before)
    return replace(first, folder=place / "elsewhere", cache=cache or place / "cache", heard=KeptReport())


def manifest(registry: DockerRegistry, digest: str, layout: Path) -> Manifest:
    client = Registry(RegistryEndpoint(base_url=f"http://{registry.address}"))
    store = ImageLayout(layout)
    client.pull(store, REPOSITORY, digest)
    return store.manifest(digest)


def uploads(registry: DockerRegistry, since: int) -> int:
    return sum(asked.method == "PATCH" for asked in registry.asked(since))


def test_a_container_finds_libraries_and_program(engine: DockerClient, first: Agent) -> None:
    image = engine.images.pull(f"{first.registry.address}/{REPOSITORY}@{first.build()}")
    code = "import json, sklearn, numpy, os; print(json.dumps([sklearn.__file__, os.getcwd(), os.environ['PATH']]))"
    said = engine.containers.run(image, ["python", "-c", code], network_disabled=True, remove=True, user="1000")
    library, folder, path = json.loads(said)
    assert library == "/opt/python/lib/python3.11/site-packages/sklearn/__init__.py"
    assert folder == "/opt/program"
    assert path.split(":")[:2] == ["/opt/program", "/opt/python/bin"]


def test_scripts_of_libraries_run_in_the_image(engine: DockerClient, first: Agent) -> None:
    image = engine.images.pull(f"{first.registry.address}/{REPOSITORY}@{first.build()}")
    said = engine.containers.run(image, ["f2py", "-v"], network_disabled=True, remove=True)
    assert said.strip().startswith(b"2.4")


def test_sagemakers_train_is_found_on_the_path_and_trains(engine: DockerClient, first: Agent, tmp_path: Path) -> None:
    config, channel = tmp_path / "input/config", tmp_path / "input/data/training"
    config.mkdir(parents=True)
    channel.mkdir(parents=True)
    (config / "hyperparameters.json").write_text(json.dumps({"trees": "5", "malignant_weight": "2"}))
    lines = (EXAMPLE / "data/tumours.csv").read_text().splitlines()
    rows = [line for line in lines if line[0].isdigit()]
    (channel / "rows.csv").write_text("\n".join(rows) + "\n")
    image = engine.images.pull(f"{first.registry.address}/{REPOSITORY}@{first.build()}")
    said = engine.containers.run(
        image,
        "train",
        network_disabled=True,
        remove=True,
        volumes={str(tmp_path): {"bind": "/opt/ml", "mode": "rw"}},
    )
    assert b"training-auc=" in said
    assert any((tmp_path / "model").iterdir())


def test_the_image_is_one_that_sagemaker_takes_and_keeps_how_the_base_starts(
    engine: DockerClient, first: Agent, tmp_path: Path
) -> None:
    digest = first.build()
    assert manifest(first.registry, digest, tmp_path).media_type == (
        "application/vnd.docker.distribution.manifest.v2+json"
    )
    settings = engine.images.pull(f"{first.registry.address}/{REPOSITORY}@{digest}").attrs
    assert settings["Config"]["Cmd"] == ["bash"]
    assert settings["Config"]["Labels"] == {"org.opencontainers.image.revision": "c" * 40}
    assert settings["Created"] == "2026-11-01T00:00:00Z"


def test_base_layers_are_mounted_and_not_sent(first: Agent, base: str, registry: DockerRegistry) -> None:
    mounts = [asked for asked in registry.asked() if asked.method == "POST" and "mount=" in asked.query]
    assert {asked.status for asked in mounts} == {201}
    assert mounts


def test_a_repeated_build_uploads_nothing(first: Agent) -> None:
    since = len(first.registry.asked())
    first.build()
    asked = first.registry.asked(since)
    assert {one.method for one in asked} <= {"HEAD", "GET"}
    assert len(asked) <= 3


def test_another_tag_for_the_same_image_sends_its_manifest_only(first: Agent) -> None:
    since = len(first.registry.asked())
    first.build(tag="again")
    writes = [one for one in first.registry.asked(since) if one.method not in {"HEAD", "GET"}]
    assert [(one.method, one.path) for one in writes] == [("PUT", f"/v2/{REPOSITORY}/manifests/again")]


def test_a_change_of_code_sends_one_layer_and_two_documents(first: Agent, tmp_path: Path) -> None:
    changed = another(first, tmp_path, cache=first.cache)
    (changed.folder / "container/model.py").open("a").write("# changed\n")
    since = len(first.registry.asked())
    digest = changed.build(tag="changed")
    asked = first.registry.asked(since)
    assert uploads(first.registry, since) == 2
    assert [one.path for one in asked if one.method == "PUT" and "manifests" in one.path] == [
        f"/v2/{REPOSITORY}/manifests/changed"
    ]
    assert digest != first.build()


def test_another_machine_makes_the_same_image_without_wheels(
    first: Agent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    since = len(first.registry.asked())
    stranger = another(first, tmp_path)
    assert stranger.build() == first.build()
    assert uploads(first.registry, since) == 0
    assert not (stranger.cache / "dependencies/wheels").exists()


def test_a_machine_of_its_own_with_an_empty_registry_makes_the_same_image(first: Agent, tmp_path: Path) -> None:
    """Nothing is shared but the sources and the base image: wheels are fetched and installed again."""
    alone = another(first, tmp_path)
    assert alone.build(repository="other/tumour") == first.build()
    assert any("made a dependency layer" in fact for fact in alone.heard.of("fact"))


def test_an_upload_that_was_cut_begins_anew_where_the_registry_cannot_go_on(first: Agent, tmp_path: Path) -> None:
    """docker's own registry forgets an upload whose part was cut; what had arrived as a whole is kept."""
    alone = another(first, tmp_path, cache=first.cache)
    large = tmp_path / "elsewhere/container/large"
    large.write_bytes(os.urandom(8 << 20))
    place = first.registry.target(REPOSITORY)
    builders = Builders(FakeClock(), {**os.environ, "MODELYARD_CACHE": str(first.cache)})
    with cutting_way(first.registry.address, 4 << 20) as (way, address):
        through = replace(place, base_url=f"http://{address}")
        digest = builders.build_and_push(alone.order(), through, tag="cut", report=alone.heard)
        assert way.cuts == []
    assert (8 << 20) < way.sent < (14 << 20)
    client = Registry(RegistryEndpoint(base_url=f"http://{first.registry.address}"))
    assert client.resolve(REPOSITORY, "cut") == digest


def test_a_base_of_another_registry_is_streamed_from_there(engine: DockerClient, first: Agent, tmp_path: Path) -> None:
    digest = first.base.partition("@")[2]
    with docker_registry(tmp_path / "other") as other:
        name = f"{other.address}/copied/python"
        engine.images.get(python_image()).tag(name, "1")
        engine.images.push(name, "1")
        engine.images.remove(f"{name}:1", noprune=True)
        moved = replace(another(first, tmp_path, cache=first.cache), base=f"{name}@{digest}")
        built = moved.build(repository="streamed/tumour")
        blobs = [asked for asked in other.asked() if asked.method == "GET" and "/blobs/" in asked.path]
    assert blobs
    assert built == first.build()


def test_an_oci_index_is_as_good_a_base(first: Agent, tmp_path: Path) -> None:
    """Of the same layers and configuration the same image is made."""
    client = Registry(RegistryEndpoint(base_url=f"http://{first.registry.address}"))
    digest = first.base.partition("@")[2]
    docker = json.loads(client.manifest("base/python", digest))
    layers = [{**layer, "mediaType": f"{OCI}.layer.v1.tar+gzip"} for layer in docker["layers"]]
    config = {**docker["config"], "mediaType": f"{OCI}.config.v1+json"}
    entries = []
    for architecture, those in (("arm64", layers[:0]), ("amd64", layers)):
        raw = canonical_json({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": those})
        client.push_manifest("base/python", sha256_digest(raw), OCI_MANIFEST, raw)
        described = {"mediaType": OCI_MANIFEST, "digest": sha256_digest(raw), "size": len(raw)}
        entries.append({**described, "platform": {"os": "linux", "architecture": architecture}})
    index = canonical_json({"schemaVersion": 2, "mediaType": f"{OCI}.index.v1+json", "manifests": entries})
    client.push_manifest("base/python", "index", f"{OCI}.index.v1+json", index)

    onto = replace(first, base=f"{first.registry.address}/base/python:index", heard=KeptReport())
    assert onto.build(tag="onto-index") == first.build()
    assert any("is a tag, which may move" in warning for warning in onto.heard.of("warn"))
