"""What a container of the mode `docker` is given: the workspace, some variables, no privilege, and rarely the engine.

In place of modelyard, the image has a program that writes down what it finds.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.docker.node import Node, node
from tests.engine import build_image, python_image

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient

WITNESS = """
import json, os, sys
if "--uses" in sys.argv:
    sys.exit(print(os.environ.get("MODELYARD_USES", "")))
def writes(folder):
    try:
        open(folder + "/probe", "w").close()
    except OSError:
        return False
    return True
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
with open("found.json", "w") as file:
    json.dump({"environment": dict(os.environ), "words": sys.argv[1:], "folder": os.getcwd(), "user": os.getuid(),
        "groups": os.getgroups(), "privileges": int(status["CapEff"], 16) + int(status["CapBnd"], 16),
        "writable": [folder for folder in ("/", "/usr", "/opt", "/tmp") if writes(folder)],
        "mounts": [line.split()[4].replace("\\\\040", " ") for line in open("/proc/self/mountinfo")],
        "network": sorted(os.listdir("/sys/class/net"))}, file)
"""


@pytest.fixture(scope="module")
def image(engine: DockerClient, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An image whose `modelyard` is the witness."""
    lines = json.dumps("#!/usr/bin/python3" + WITNESS)
    make = f"open('/usr/bin/modelyard', 'w').write({lines})"
    run = json.dumps(["python3", "-c", f"import os; {make}; os.chmod('/usr/bin/modelyard', 0o755)"])
    folder = tmp_path_factory.mktemp("image")
    (folder / "Dockerfile").write_text(f"FROM {python_image()}\nRUN {run}\n")
    return str(build_image(engine, folder, network_mode="none").id)


@pytest.fixture
def place(docker_host: str, image: str) -> Iterator[Node]:
    with node(docker_host, image) as found:
        yield found


def found(place: Node) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((place.workspace / "found.json").read_text())
    return document


def test_it_is_in_the_same_folder_of_the_same_workspace(place: Node) -> None:
    folder = place.write("models/tumour/file", "").parent
    process = place.begin("step", place.request("train"), folder)
    assert process.wait(60) == 0, process.communicate()
    told = json.loads((folder / "found.json").read_text())
    assert told["folder"] == str(folder)
    assert str(place.workspace) in told["mounts"]


def test_what_it_writes_is_of_the_user_who_asked(place: Node) -> None:
    place.run("step", place.request("train"))
    assert (place.workspace / "found.json").stat().st_uid == place.user
    assert found(place)["user"] == place.user


def test_it_writes_nowhere_else_and_may_do_nothing(place: Node) -> None:
    place.run("step", place.request("train"))
    told = found(place)
    assert told["writable"] == ["/tmp"]
    assert told["privileges"] == 0


SECRETS = {"GIT_PASSWORD": "s", "PIP_INDEX_URL": "https://u:s@x", "TOKEN": "s", "JENKINS_SERVER_COOKIE": "s"}
KNOWN = {
    "AWS_ACCESS_KEY_ID": "AKIA",
    "AWS_SECRET_ACCESS_KEY": 'a "b" $c\nTOKEN=d',
    "MODELYARD_DATA": "1",
    "BUILD_URL": "http://ci/7/",
    "CHANGE_ID": "12",
    "JOB_NAME": "models/PR 12",
    "BRANCH_NAME": "PR-12",
    "GIT_COMMIT": "f00d",
    "SOURCE_DATE_EPOCH": "0",
    "https_proxy": "http://proxy",
    "NO_PROXY": "localhost",
}


def test_it_knows_the_variables_that_it_may_and_no_other(place: Node) -> None:
    place.run("step", {**place.request("train"), **SECRETS, **KNOWN})
    known = found(place)["environment"]
    assert {name: known.get(name) for name in KNOWN} == KNOWN
    assert known.keys() & {*SECRETS, "ML_STEP", "DOCKER_HOST"} == set()


def test_further_variables_are_named(place: Node) -> None:
    place.run("step", {**place.request("train"), "ML_ENVIRONMENT": "TOKEN ABSENT", **SECRETS})
    known = found(place)["environment"]
    assert known["TOKEN"] == "s"
    assert known.keys() & {*SECRETS, "ABSENT"} == {"TOKEN"}


@pytest.mark.parametrize("name", ["TOKEN=secret", "--privileged", "1A", "a;b"])
def test_nothing_but_names_is_taken(place: Node, name: str) -> None:
    told = place.run("step", {**place.request("train"), "ML_ENVIRONMENT": name}, exits=2).stderr
    assert told == f"modelyard: the option environment takes names of variables, not {name}\n"


@pytest.mark.parametrize("name", ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"])
def test_an_identity_in_a_file_is_brought_along(place: Node, name: str) -> None:
    token = place.write("../token", "t")
    place.run("step", {**place.request("train"), name: str(token.resolve())})
    assert str(token.resolve()) in found(place)["mounts"]


@pytest.mark.parametrize(("step", "uses"), [("train", "engine"), ("build_image", "")])
def test_the_engine_is_out_of_reach(place: Node, step: str, uses: str) -> None:
    place.run("step", {**place.request(step), "MODELYARD_USES": uses})
    told = found(place)
    assert [mount for mount in told["mounts"] if mount.endswith(".sock")] == []
    assert set(told["groups"]) <= {place.user}


def test_a_step_that_builds_with_the_engine_gets_it(place: Node) -> None:
    place.run("step", {**place.request("build_image"), "MODELYARD_USES": "engine"})
    told = found(place)
    assert place.host.partition("://")[2] in told["mounts"]
    assert told["environment"]["DOCKER_HOST"] == place.host
    assert told["words"] == ["step", "build_image", *_files("build_image")]


def _files(step: str) -> list[str]:
    return ["--request", f".modelyard/build/{step}.request.json", "--result", f".modelyard/build/{step}.result.json"]


@pytest.mark.parametrize(("network", "interfaces"), [("", 2), ("none", 1)])
def test_its_network_can_be_chosen(place: Node, network: str, interfaces: int) -> None:
    place.run("step", {**place.request("train"), "ML_NETWORK": network})
    assert len(found(place)["network"]) == interfaces


@pytest.mark.parametrize(("command", "more"), [("stages", ["--json"]), ("choices", ["--json"]), ("publish", [])])
def test_other_commands_run_in_it_too(place: Node, command: str, more: list[str]) -> None:
    place.run(command, place.asked(command))
    out = ["--out", ".modelyard/build"] if command == "publish" else []
    assert found(place)["words"] == [command, *more, *_files(command), *out]


def test_the_node_may_name_the_image(place: Node) -> None:
    place.run("step", {**place.request("train"), "ML_IMAGE": "", "MODELYARD_AGENT_IMAGE": place.image})
    assert found(place)["words"] == ["step", "train", *_files("train")]


def test_without_an_image_it_is_said_where_to_name_one(place: Node) -> None:
    told = place.run("step", {**place.request("train"), "ML_IMAGE": ""}, exits=2).stderr
    assert "MODELYARD_AGENT_IMAGE" in told


def test_an_image_that_cannot_be_had_is_the_engines_failure(place: Node) -> None:
    assert (
        "Unable to find image"
        in place.run("step", {**place.request("train"), "ML_IMAGE": "127.0.0.1:1/no"}, exits=125).stderr
    )
