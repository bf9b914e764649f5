"""The controller image cannot be built where plugins cannot be had; what can be wrong without that is found here."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from ruamel.yaml import YAML

from tests.house.controller_jobs import rendered
from tests.sources import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONTROLLER = ROOT / "docker" / "jenkins"
STEPS = ROOT / "tests/groovy/src/test/groovy/controller"

# Which plugin brings what, as Jenkins's own references of pipeline steps and of configuration as code say.
PLUGINS_OF_STEPS = {
    "addBadge": "badge",
    "addErrorBadge": "badge",
    "addInfoBadge": "badge",
    "addSummary": "badge",
    "addWarningBadge": "badge",
    "agent": "workflow-durable-task-step",
    "archiveArtifacts": "workflow-basic-steps",
    "build": "pipeline-build-step",
    "buildDiscarder": "workflow-job",
    "catchError": "workflow-basic-steps",
    "checkout": "workflow-scm-step",
    "choice": "pipeline-model-definition",
    "container": "kubernetes",
    "containerTemplate": "kubernetes",
    "cron": "pipeline-model-definition",
    "deleteDir": "workflow-basic-steps",
    "dir": "workflow-basic-steps",
    "disableConcurrentBuilds": "workflow-job",
    "echo": "workflow-basic-steps",
    "error": "workflow-basic-steps",
    "fileExists": "workflow-basic-steps",
    "git": "git",
    "input": "pipeline-input-step",
    "isUnix": "workflow-durable-task-step",
    "junit": "junit",
    "kubernetesAgent": "kubernetes",
    "legacySCM": "pipeline-groovy-lib",
    "library": "pipeline-groovy-lib",
    "libraryResource": "pipeline-groovy-lib",
    "lock": "lockable-resources",
    "logRotator": "workflow-job",
    "milestone": "pipeline-milestone-step",
    "node": "workflow-durable-task-step",
    "nonresumable": "workflow-durable-task-step",
    "parallel": "workflow-cps",
    "pipeline": "pipeline-model-definition",
    "podTemplate": "kubernetes",
    "properties": "workflow-multibranch",
    "pwd": "workflow-basic-steps",
    "publishChecks": "checks-api",
    "publishHTML": "htmlpublisher",
    "readFile": "workflow-basic-steps",
    "readJSON": "pipeline-utility-steps",
    "removeBadges": "badge",
    "retry": "workflow-basic-steps",
    "script": "pipeline-model-definition",
    "sh": "workflow-durable-task-step",
    "skipDefaultCheckout": "pipeline-model-definition",
    "sleep": "workflow-basic-steps",
    "stage": "pipeline-stage-step",
    "stash": "workflow-basic-steps",
    "string": "credentials-binding",
    "text": "pipeline-model-definition",
    "timeout": "workflow-basic-steps",
    "timestamps": "timestamper",
    "unstable": "workflow-basic-steps",
    "unstash": "workflow-basic-steps",
    "usernamePassword": "credentials-binding",
    "waitUntil": "workflow-basic-steps",
    "warnError": "workflow-basic-steps",
    "withCredentials": "credentials-binding",
    "withEnv": "workflow-basic-steps",
    "writeFile": "workflow-basic-steps",
}
PLUGINS_OF_CONFIGURATION = {
    "authorizationStrategy/globalMatrix": "matrix-auth",
    "credentials/string": "plain-credentials",
    "credentials/usernamePassword": "credentials",
    "scm/git": "git",
    "unclassified/globalLibraries": "pipeline-groovy-lib",
    "permissions/Lockable Resources": "lockable-resources",
}
CORE = {"jenkins", "unclassified/location", "securityRealm/local", "launcher/inbound"}
# By the beginning of a class's name.
PLUGINS_OF_JOBS = {
    "com.cloudbees.hudson.plugins.folder.": "cloudbees-folder",
    "flow-definition": "workflow-job",
    "jenkins.branch.": "branch-api",
    "jenkins.plugins.git.": "git",
    "org.jenkinsci.plugins.workflow.cps.": "workflow-cps",
    "org.jenkinsci.plugins.workflow.job.": "workflow-job",
    "org.jenkinsci.plugins.workflow.multibranch.": "workflow-multibranch",
}
CORE_CLASSES = ("hudson.", "java.", "jenkins.model.", "string-array", "empty-list")


def lines(name: str) -> list[str]:
    return [line for line in (CONTROLLER / name).read_text().splitlines() if line and not line.startswith("#")]


@pytest.fixture(scope="module")
def plugins() -> dict[str, str]:
    return dict(line.split(":") for line in lines("plugins.txt"))


@pytest.fixture(scope="module")
def configuration() -> dict[str, Any]:
    document: dict[str, Any] = YAML(typ="safe").load(CONTROLLER / "casc.yaml")
    return document


def texts(value: Any) -> Iterator[str]:
    """Every text in a document."""
    if isinstance(value, dict):
        for inside in value.values():
            yield from texts(inside)
    elif isinstance(value, list):
        for inside in value:
            yield from texts(inside)
    elif isinstance(value, str):
        yield value


def calls(path: Path) -> set[str]:
    """The names that are called in a Groovy file, without its comments."""
    text = re.sub(r"/\*.*?\*/|^\s*//[^\n]*", "", path.read_text(), flags=re.DOTALL | re.MULTILINE)
    return set(re.findall(r"(?<![.\w])([a-zA-Z]\w*)(?=\s*[({]|\.image\()", text))


def test_every_plugin_is_pinned_once(plugins: dict[str, str]) -> None:
    assert len(plugins) == len(lines("plugins.txt"))
    loose = [name for name, version in plugins.items() if not re.fullmatch(r"\d[\w.-]*", version)]
    assert loose == []


def test_the_table_knows_every_step_that_the_vars_can_use() -> None:
    """The controller of the Groovy tests has no other steps, so a var that uses another one fails there."""
    tables = [path.read_text() for path in STEPS.glob("*Steps.groovy")]
    table = {step for text in tables for step in re.findall(r"^        (\w+): \[(?:takes|does)", text, re.MULTILINE)}
    assert len(table) > 20
    assert table - PLUGINS_OF_STEPS.keys() == set()


@pytest.mark.parametrize(
    "path", [*sorted((ROOT / "vars").glob("*.groovy")), ROOT / "Jenkinsfile"], ids=lambda path: path.name
)
def test_every_step_has_its_plugin(path: Path, plugins: dict[str, str]) -> None:
    used = calls(path) & PLUGINS_OF_STEPS.keys()
    assert used or path.stem in {"mlCheckOptions", "mlPerform"}
    assert {step: PLUGINS_OF_STEPS[step] for step in used if PLUGINS_OF_STEPS[step] not in plugins} == {}


@pytest.mark.parametrize(("name", "text"), list(rendered()), ids=lambda value: value if "<" not in value else "")
def test_jobs_are_those_of_modelyard_jenkins_setup(name: str, text: str) -> None:
    """If this fails: `python -m tests.house.controller_jobs` writes them."""
    assert (CONTROLLER / "jobs" / name).read_text("utf-8") == text


def test_every_job_has_its_plugin(plugins: dict[str, str]) -> None:
    roots = [ET.parse(path).getroot() for path in (CONTROLLER / "jobs").iterdir()]
    assert len(roots) == len(list(rendered()))
    classes = {name for root in roots for one in root.iter() for name in (one.tag, one.get("class", "")) if name}
    foreign = {name for name in classes if ("." in name or "-" in name) and not name.startswith(CORE_CLASSES)}
    found = {name: plugin for name in foreign for start, plugin in PLUGINS_OF_JOBS.items() if name.startswith(start)}
    assert found.keys() == foreign
    assert set(found.values()) == set(PLUGINS_OF_JOBS.values())
    assert set(found.values()) <= plugins.keys()


def test_what_the_jobs_leave_open_is_filled_in_when_the_controller_starts() -> None:
    script = (CONTROLLER / "jobs.groovy").read_text()
    places = {place for path in (CONTROLLER / "jobs").iterdir() for place in re.findall(r"@[A-Z]+@", path.read_text())}
    assert places == set(re.findall(r"@[A-Z]+@", script))
    assert "init.groovy.d/modelyard-jobs.groovy" in (CONTROLLER / "Dockerfile").read_text()


def test_every_part_of_the_configuration_has_its_plugin(configuration: dict[str, Any], plugins: dict[str, str]) -> None:
    kinds = {"jenkins"} | {f"unclassified/{name}" for name in configuration["unclassified"]}
    kinds |= {
        f"{name}/{kind}"
        for name in ("securityRealm", "authorizationStrategy")
        for kind in configuration["jenkins"][name]
    }
    kinds |= {
        f"launcher/{kind}" for node in configuration["jenkins"]["nodes"] for kind in node["permanent"]["launcher"]
    }
    (domain,) = configuration["credentials"]["system"]["domainCredentials"]
    kinds |= {f"credentials/{kind}" for one in domain["credentials"] for kind in one}
    (library,) = configuration["unclassified"]["globalLibraries"]["libraries"]
    kinds |= {f"scm/{kind}" for kind in library["retriever"]["modernSCM"]["scm"]}
    assert kinds - CORE <= PLUGINS_OF_CONFIGURATION.keys()
    assert set(PLUGINS_OF_CONFIGURATION.values()) | {"configuration-as-code"} <= plugins.keys()


def test_the_controller_does_no_work_itself(configuration: dict[str, Any]) -> None:
    assert configuration["jenkins"]["numExecutors"] == 0
    labels = [node["permanent"]["labelString"] for node in configuration["jenkins"]["nodes"]]
    assert labels == ["docker"]


def test_nobody_comes_in_without_an_account(configuration: dict[str, Any]) -> None:
    assert configuration["jenkins"]["securityRealm"]["local"]["allowsSignup"] is False
    entries = configuration["jenkins"]["authorizationStrategy"]["globalMatrix"]["entries"]
    administrators = [who for entry in entries for who in entry.values() if "Overall/Administer" in who["permissions"]]
    assert [who["name"] for who in administrators] == ["${JENKINS_ADMIN_ID:-admin}"]
    assert "anonymous" not in {who["name"] for entry in entries for who in entry.values()}


def test_the_library_is_the_one_that_the_vars_are_used_by(configuration: dict[str, Any]) -> None:
    (library,) = configuration["unclassified"]["globalLibraries"]["libraries"]
    assert library["name"] == "modelyard"
    assert library["allowVersionOverride"] is False


def test_no_secret_stands_in_the_configuration(configuration: dict[str, Any]) -> None:
    (domain,) = configuration["credentials"]["system"]["domainCredentials"]
    holders = [next(iter(one.values())) for one in domain["credentials"]]
    holders += configuration["jenkins"]["securityRealm"]["local"]["users"]
    secrets = [one[name] for one in holders for name in ("password", "secret") if name in one]
    assert len(secrets) == len(holders)
    assert [secret for secret in secrets if not re.fullmatch(r"\$\{\w+(:-)?\}", secret)] == []


def test_credentials_that_are_used_are_declared(configuration: dict[str, Any]) -> None:
    (domain,) = configuration["credentials"]["system"]["domainCredentials"]
    declared = {next(iter(one.values()))["id"] for one in domain["credentials"]}
    files = "".join(path.read_text() for path in (CONTROLLER / "casc.yaml", *(CONTROLLER / "jobs").iterdir()))
    used = re.findall(r"[cC]redentials(?:Id)?(?:: '?|>)([\w-]+)", files)
    # Comments are asked for by each Jenkinsfile.
    assert set(used) | {"modelyard-comments"} == declared


def test_every_variable_is_documented_with_its_default(configuration: dict[str, Any]) -> None:
    used = dict(re.findall(r"\$\{(\w+)(?::-([^}]*))?\}", "\n".join(texts(configuration))))
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", (CONTROLLER / "README.md").read_text(), flags=re.MULTILINE)
    documented = {name: default.strip("`") for name, default in rows}
    environment = set(re.findall(r"getenv\('(\w+)'\)", (CONTROLLER / "jobs.groovy").read_text()))
    assert documented.keys() == used.keys() | environment
    plain = {name: default for name, default in documented.items() if default not in {"needed", "empty", "none"}}
    assert plain == {name: default for name, default in used.items() if default}
    assert {name for name, default in documented.items() if default == "needed"} == set(_needed())


def _needed() -> list[str]:
    found = re.search(r"for name in (.*); do", (CONTROLLER / "start").read_text())
    assert found
    return found[1].split()


@pytest.mark.parametrize("missing", ["JENKINS_ADMIN_PASSWORD", "JENKINS_AGENT_PASSWORD", "MODELYARD_LIBRARY_URL"])
def test_it_does_not_start_without_what_would_be_an_empty_secret(missing: str, tmp_path: Path) -> None:
    (tmp_path / missing).touch()  # an empty file is none
    given = {name: "x" for name in _needed() if name != missing}
    start = [CONTROLLER / "start"]
    refused = subprocess.run(
        start, env={**given, "SECRETS": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert (refused.returncode, refused.stderr.partition(" ")[0]) == (2, missing)
    (tmp_path / missing).write_text("x")
    begun = subprocess.run(start, env={**given, "SECRETS": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert "jenkins.sh" in begun.stderr


def test_the_image_is_a_pinned_jenkins_that_runs_as_jenkins() -> None:
    instructions = lines("Dockerfile")
    assert instructions[0] == "ARG BASE_IMAGE=jenkins/jenkins:2.516.3-lts-jdk21"
    assert [line for line in instructions if line.startswith("USER")] == ["USER jenkins"]
    assert "-Djenkins.install.runSetupWizard=false" in "".join(instructions)


def test_every_file_that_is_copied_is_there() -> None:
    copied = [word for line in lines("Dockerfile") if line.startswith("COPY") for word in line.split()[2:-1]]
    assert copied
    assert [name for name in copied if not (CONTROLLER / name).exists()] == []


def test_the_policy_for_archived_pages_is_jenkins_own() -> None:
    assert [path for path in CONTROLLER.rglob("*.*") if "DirectoryBrowserSupport" in path.read_text()] == []
