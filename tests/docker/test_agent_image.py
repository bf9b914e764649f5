"""The agent image: what is in it, what is not, who runs it, and how it is started."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from docker.errors import ContainerError
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from agent.cli import command_files
from tests.docker.agent_image import LABELS, agent_image, base_image
from tests.docker.image_page import BUDGET_MB, layers
from tests.sources import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from docker import DockerClient

pytestmark = pytest.mark.timeout(900)  # the first run fetches wheels and builds the image

PYTHON = "/opt/modelyard/bin/python"


@pytest.fixture(scope="module")
def image() -> str:
    return agent_image()


@pytest.fixture(scope="module")
def settings(engine: DockerClient, image: str) -> dict[str, Any]:
    """How the image says that it is to be run."""
    config: dict[str, Any] = engine.images.get(image).attrs["Config"]
    return config


def run(engine: DockerClient, image: str, *words: str, **options: Any) -> str:
    """What a container prints that may write nothing but to its /tmp, and reaches nobody; else ContainerError."""
    strict = {"read_only": True, "tmpfs": {"/tmp": ""}, "network_mode": "none", "cap_drop": ["ALL"]}
    container = engine.containers.run(image, list(words), detach=True, **{**strict, **options})
    try:
        code, said, complained = (
            container.wait()["StatusCode"],
            container.logs(stderr=False),
            container.logs(stdout=False),
        )
    finally:
        container.remove(force=True)
    if code:
        raise ContainerError(container, code, list(words), image, complained.decode())
    return str(said.decode())


def files(engine: DockerClient, image: str) -> set[str]:
    """All paths in an image."""
    return set(run(engine, image, "find", "/", "-xdev", entrypoint=[], user="0", cap_add=["DAC_OVERRIDE"]).split("\n"))


def test_it_has_this_modelyard(engine: DockerClient, image: str) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    ask = "from importlib.metadata import version; print(version('modelyard'))"
    assert run(engine, image, PYTHON, "-c", ask).strip() == version


def test_what_is_installed_is_what_is_locked(engine: DockerClient, image: str) -> None:
    ask = (
        "import json; from importlib.metadata import distributions as found; "
        "print(json.dumps([[one.name, one.version] for one in found(path=[__import__('boto3').__path__[0] + '/..'])]))"
    )
    lock = (ROOT / "requirements" / "agent.txt").read_text().replace("\\\n", " ")
    pins = [Requirement(line.split("--hash")[0]) for line in lock.splitlines() if line and line.strip()[0] != "#"]
    wanted = {
        canonicalize_name(pin.name): next(iter(pin.specifier)).version
        for pin in pins
        if pin.marker is None or pin.marker.evaluate({"sys_platform": "linux"})
    }
    installed = {
        canonicalize_name(name): version for name, version in json.loads(run(engine, image, PYTHON, "-c", ask))
    }
    assert installed.pop(canonicalize_name("modelyard"))
    assert installed == wanted


def test_the_services_of_aws_that_it_can_ask_are_those_that_modelyard_asks(engine: DockerClient, image: str) -> None:
    ask = "import botocore.session, json; print(json.dumps(botocore.session.Session().get_available_services()))"
    parts = [
        path for path in (ROOT / "agent").rglob("*.py") if path.relative_to(ROOT).parts[1] not in {"cloud", "demo"}
    ]
    asked = {name for path in parts for name in re.findall(r'(?:client|_pages)\(\s*"([a-z0-9-]+)"', path.read_text())}
    assert set(json.loads(run(engine, image, PYTHON, "-c", ask))) == asked


def test_clients_of_code_hosts_are_in_it(engine: DockerClient, image: str) -> None:
    run(engine, image, PYTHON, "-c", "import agent.commands.publish, agent.report.page, github, gitlab, atlassian")


def test_every_step_can_be_imported_says_the_health_command(
    engine: DockerClient, image: str, settings: dict[str, Any]
) -> None:
    kind, *command = settings["Healthcheck"]["Test"]
    assert kind == "CMD"
    assert run(engine, image, *command) == ""


@pytest.mark.parametrize("program", ["gcc", "cc", "c++", "ld", "make", "curl", "ssh"])
def test_no_program_that_a_step_does_not_need(engine: DockerClient, image: str, program: str) -> None:
    with pytest.raises(ContainerError):
        run(engine, image, "sh", "-c", f"command -v {program}")


def test_nothing_is_left_of_the_installation(engine: DockerClient, image: str) -> None:
    base, whole = (files(engine, name) for name in (base_image(), image))
    assert {path.rpartition("/")[2] for path in whole - base} >= {"agent", "boto3", "gitconfig"}
    left = (".whl", "/pip.conf", "/.cache", "/source", "/wheels", "/site-packages/tests", "/conftest.py")
    assert [path for path in whole - base if path.endswith(left)] == []
    assert run(engine, image, "ls", "/opt").split() == ["modelyard"]


def test_no_file_tells_when_it_was_made(engine: DockerClient, image: str) -> None:
    """The same sources make the same layers, on any day."""
    ours = ["/opt/modelyard", "/etc/gitconfig", "/etc/passwd", "/usr/local/bin/modelyard-start", "/usr/bin/git"]
    assert run(engine, image, "find", *ours, "-newermt", "1970-01-02") == ""


def test_everything_is_compiled_for_steps_that_cannot_write(engine: DockerClient, image: str) -> None:
    ask = (
        "import agent, boto3, pathlib, importlib.util as util; "
        "files = list(pathlib.Path(agent.__file__).parent.parent.rglob('*.py')); "
        "lacking = [file for file in files if not pathlib.Path(util.cache_from_source(str(file))).exists()]; "
        "print(len(files) > 500, [str(file) for file in lacking])"
    )
    assert run(engine, image, PYTHON, "-c", ask).split() == ["True", "[]"]


def test_it_runs_as_nobody_in_particular(engine: DockerClient, image: str, settings: dict[str, Any]) -> None:
    assert settings["User"] == "10001:10001"
    assert run(engine, image, "id").startswith("uid=10001(modelyard) gid=10001(modelyard)")


def test_its_user_can_change_nothing_of_it(engine: DockerClient, image: str) -> None:
    script = "find / -xdev -writable -not -type l 2>/dev/null || :"
    writable = run(engine, image, "sh", "-c", script, read_only=False).split()
    everybodys = ("/tmp", "/var/tmp", "/run/lock", "/proc", "/dev", "/sys")
    assert [path for path in writable if not path.startswith(everybodys)] == []


@pytest.mark.parametrize("user", ["10001", "4321:4321", "0"])
def test_any_user_may_run_a_step(engine: DockerClient, image: str, user: str) -> None:
    workspace = {str(ROOT / "examples" / "tumour-byo"): {"bind": "/workspace", "mode": "ro"}}
    keys = {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "AWS_DEFAULT_REGION": "us-east-1"}
    place = {"volumes": workspace, "working_dir": "/workspace", "environment": keys}
    answer = run(engine, image, "step", "validate", user=user, **place)
    assert json.loads(answer[answer.index("{") :])["status"] == "done"


def test_git_tells_about_a_workspace_of_another_owner(engine: DockerClient, image: str, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    git = ["git", "-C", str(tmp_path), "-c", "user.name=ada", "-c", "user.email=ada@example.com"]
    for words in (["init", "-q", "-b", "main"], ["remote", "add", "origin", "https://u:p@git.example/x"]):
        subprocess.run([*git, *words], check=True)
    (tmp_path / "file").write_text("1")
    for words in (["add", "."], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *words], check=True)
    (tmp_path / "file").write_text("2")
    ask = "from agent.pipeline.repository import commit_of; from pathlib import Path; print(commit_of(Path('/w')))"
    told = run(engine, image, PYTHON, "-c", ask, volumes={str(tmp_path): {"bind": "/w", "mode": "ro"}}, user="4321")
    for part in ("branch='main'", "dirty=True", "author='ada'", "subject='first'", "source='https://git.example/x'"):
        assert part in told


def test_wheels_can_be_fetched_for_images_that_are_built(engine: DockerClient, image: str) -> None:
    assert run(engine, image, PYTHON, "-m", "pip", "--version").startswith("pip ")


def test_words_of_modelyard_are_its_command_line(engine: DockerClient, image: str) -> None:
    assert run(engine, image).startswith("usage: modelyard")
    assert run(engine, image, "step", "train", "--help").startswith("usage: modelyard step train")
    with pytest.raises(ContainerError) as refusal:
        run(engine, image, "sttep")
    assert refusal.value.exit_status == 2


def test_jenkins_can_keep_it_open_and_work_in_it(engine: DockerClient, image: str) -> None:
    """As `docker.image(…).inside` does: a `cat` that waits, and programs beside it."""
    kept = engine.containers.run(image, "cat", detach=True, tty=True, user="4321:4321", network_mode="none")
    try:
        assert [process[-1] for process in kept.top()["Processes"]] == ["cat"]
        answer = kept.exec_run(["modelyard", "step", "--help"])
        assert answer.exit_code == 0
        assert b"usage: modelyard step" in answer.output
    finally:
        kept.remove(force=True)


def test_no_command_has_the_name_of_a_program(engine: DockerClient, image: str) -> None:
    """Else the entry point would start the program."""
    script = 'for name in "$@"; do command -v -- "$name" || :; done'
    assert run(engine, image, "sh", "-c", script, "sh", *command_files()) == ""


def test_it_is_small(engine: DockerClient, image: str) -> None:
    whole, base = (engine.images.get(name).attrs for name in (image, base_image()))
    assert whole["Size"] - base["Size"] <= BUDGET_MB * 10**6
    assert len(whole["RootFS"]["Layers"]) - len(base["RootFS"]["Layers"]) == len(layers())


def test_it_says_what_it_is(settings: dict[str, Any]) -> None:
    prefix = "org.opencontainers.image."
    labels = {name.removeprefix(prefix): value for name, value in settings["Labels"].items() if name.startswith(prefix)}
    assert labels.pop("description")
    assert labels == {
        "title": "modelyard-agent",
        "licenses": "Apache-2.0",
        **{name.lower(): value for name, value in LABELS.items()},
    }


def test_the_page_says_what_it_is_made_of() -> None:
    """Sizes differ a little with the distribution's git, and with every line of the sources."""
    page = (ROOT / "docs" / "reference" / "images.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| ([\d.]+) \|", page, flags=re.MULTILINE)
    found = layers()
    assert [stage for stage, _ in rows] == [layer.stage for layer in found]
    written = {stage: float(size) for stage, size in rows}
    assert written == {layer.stage: pytest.approx(layer.megabytes, rel=0.15, abs=0.2) for layer in found}
