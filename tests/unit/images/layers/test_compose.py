"""The image's documents: what the base says, with ours laid over it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent.errors import UsageError
from agent.images.layers.compose import Composed, Layer, compose, python_version
from agent.images.manifest import LAYER_TYPE, MANIFEST_TYPE, Descriptor, sha256_digest

BASE: dict[str, Any] = {
    "architecture": "amd64",
    "os": "linux",
    "created": "2026-10-01T00:00:00Z",
    "container": "0123",
    "docker_version": "20.10",
    "config": {
        "Env": ["PATH=/usr/local/bin:/usr/bin", "PYTHON_VERSION=3.12.4", "PYTHONPATH=/site"],
        "Cmd": ["python3"],
        "Entrypoint": ["tini", "--"],
        "User": "app",
        "Labels": {"maker": "base", "version": "1"},
        "Healthcheck": {"Test": ["NONE"]},
    },
    "rootfs": {"type": "layers", "diff_ids": ["sha256:base"]},
    "history": [{"created_by": "base"}],
}
BASE_LAYER = Descriptor(media_type=LAYER_TYPE, digest="sha256:b", size=1)
CODE = Layer(digest="sha256:c", size=2, diff_id="sha256:code", holds="code")
DEPENDENCIES = Layer(digest="sha256:d", size=3, diff_id="sha256:deps", holds="dependencies")


def composed(**changes: Any) -> Composed:
    whole: dict[str, Any] = {"python": "3.12", "labels": {"version": "2"}, "created": "2026-11-01T00:00:00Z"}
    return compose(BASE, [BASE_LAYER], [DEPENDENCIES, CODE], **{**whole, **changes})


def config(**changes: Any) -> dict[str, Any]:
    return dict(json.loads(composed(**changes).config))


def test_layers_lie_above_the_bases() -> None:
    manifest = json.loads(composed().manifest)
    assert manifest["mediaType"] == MANIFEST_TYPE
    assert [layer["digest"] for layer in manifest["layers"]] == ["sha256:b", "sha256:d", "sha256:c"]
    assert config()["rootfs"]["diff_ids"] == ["sha256:base", "sha256:deps", "sha256:code"]
    assert [entry["created_by"] for entry in config()["history"]] == [
        "base",
        "modelyard: dependencies",
        "modelyard: code",
    ]


def test_the_manifest_names_the_configuration() -> None:
    image = composed()
    assert json.loads(image.manifest)["config"]["digest"] == sha256_digest(image.config)
    assert image.config_descriptor.size == len(image.config)


def test_entry_point_command_user_and_what_we_do_not_know_are_the_bases() -> None:
    settings = config()["config"]
    assert (settings["Entrypoint"], settings["Cmd"], settings["User"]) == (["tini", "--"], ["python3"], "app")
    assert settings["Healthcheck"] == {"Test": ["NONE"]}


def test_the_program_and_its_libraries_come_first() -> None:
    settings = config()["config"]
    variables = dict(entry.split("=", 1) for entry in settings["Env"])
    assert variables["PATH"] == "/opt/program:/opt/python/bin:/usr/local/bin:/usr/bin"
    assert variables["PYTHONPATH"] == "/opt/python/lib/python3.12/site-packages:/site"
    assert variables["PYTHONUNBUFFERED"] == "1"
    assert settings["WorkingDir"] == "/opt/program"


def test_without_libraries_python_looks_where_the_base_says() -> None:
    variables = dict(entry.split("=", 1) for entry in config(python=None)["config"]["Env"])
    assert variables["PYTHONPATH"] == "/site"
    assert variables["PATH"] == "/opt/program:/usr/local/bin:/usr/bin"


def test_labels_are_added_and_the_time_is_the_commits() -> None:
    assert config()["config"]["Labels"] == {"maker": "base", "version": "2"}
    assert config()["created"] == "2026-11-01T00:00:00Z"
    assert config(created="")["created"] == "1980-01-01T00:00:00Z"


def test_nothing_is_left_of_the_machine_that_built_the_base() -> None:
    assert not {"container", "docker_version"} & config().keys()
    assert BASE["container"] == "0123", "the base's own document is not touched"


def test_a_base_that_says_nothing_gets_the_usual_path() -> None:
    image = compose({"architecture": "amd64", "os": "linux"}, [], [CODE], python=None, labels={}, created="")
    assert json.loads(image.config)["config"]["Env"][0].startswith("PATH=/opt/program:/usr/local/sbin:")


def test_the_version_of_python_is_the_bases() -> None:
    assert python_version(BASE, "python:3.12") == "3.12"


@pytest.mark.parametrize("variables", [[], ["PYTHON_VERSION=2.7.18"]])
def test_a_base_that_does_not_tell_is_asked_for(variables: list[str]) -> None:
    with pytest.raises(UsageError, match=r"debian:12 does not say which Python.*`image\.python`"):
        python_version({"config": {"Env": variables}}, "debian:12")
