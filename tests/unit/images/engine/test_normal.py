"""What stays of an image's configuration when the accidents of its build are gone."""

from __future__ import annotations

import io
import json
import tarfile
from typing import TYPE_CHECKING, Any

from agent.images.engine.normal import archive, history, normalised
from agent.ports.images import BuildOrder
from tests.unit.images.engine.fake_engine import FakeEngine

if TYPE_CHECKING:
    from pathlib import Path

BASE = [{"CreatedBy": "ADD rootfs /", "Size": 9, "Comment": ""}, {"CreatedBy": "CMD", "Size": 0, "Comment": ""}]


def steps(*names: str) -> list[dict[str, Any]]:
    return [{"CreatedBy": name, "Size": 0, "Comment": "", "Created": 1} for name in names]


def test_a_step_of_this_engine_makes_a_layer_where_the_image_got_one() -> None:
    newest_first = [*reversed(steps("WORKDIR /new", "WORKDIR /there")), *reversed(BASE)]
    assert history(newest_first, [1, 2, 2]) == [
        {"created_by": "ADD rootfs /"},
        {"created_by": "CMD", "empty_layer": True},
        {"created_by": "WORKDIR /new"},
        {"created_by": "WORKDIR /there", "empty_layer": True},
    ]


def test_where_a_base_image_s_layers_cannot_be_told_apart_there_is_no_history() -> None:
    assert history([*steps("RUN mkdir /x"), *reversed(BASE)], [2]) == []


def order(folder: Path) -> BuildOrder:
    return BuildOrder(
        builder="engine",
        folder=folder,
        context=".",
        dockerfile="Dockerfile",
        base_image=None,
        requirements=None,
        build_args={},
        labels={"revision": "c"},
        created="2026-03-01T12:00:00Z",
    )


def test_labels_and_time_are_the_order_s(tmp_path: Path) -> None:
    config = json.loads(normalised(FakeEngine(), "image", order(tmp_path)))
    assert config == {
        "architecture": "amd64",
        "os": "linux",
        "created": "2026-03-01T12:00:00Z",
        "config": {"Env": ["PYTHON_VERSION=3.11.9"], "Labels": {"revision": "c"}},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:a"]},
        "history": [{"created": "2026-03-01T12:00:00Z", "created_by": "COPY"}],
    }


def test_the_archive_holds_a_configuration_and_no_layers(tmp_path: Path) -> None:
    config = normalised(FakeEngine(), "image", order(tmp_path))
    with tarfile.open(fileobj=io.BytesIO(archive(config, "registry/model:1"))) as files:
        names = files.getnames()
        manifest = files.extractfile("manifest.json")
        assert manifest
        assert json.load(manifest) == [
            {"Config": names[0], "RepoTags": ["registry/model:1"], "Layers": ["0/layer.tar"]}
        ]
    assert len(names) == 2
