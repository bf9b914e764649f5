"""`modelyard jenkins setup`: the jobs are made once, stay as others have them, and are shown before they change."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from agent.cli import main
from agent.errors import ExitCode
from tests.jenkins_controller import Controller, User, configs
from tests.jenkins_controller.state import ALL
from tests.sources import ROOT
from tests.unit.jenkins.conftest import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("url", "repository")
JOBS = ["tumour", "tumour/build", "tumour/override", "tumour/promote", "tumour/retrain"]
TIMER = "org.jenkinsci.plugins.workflow.job.properties.PipelineTriggersJobProperty"
VIEWS = ["Model builds", "Model overrides", "Model promotions", "Model retraining"]


def setup(*words: str) -> int:
    return main(["jenkins", "setup", *words])


def outcomes(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, str]:
    assert setup("--json", *words) == ExitCode.DONE
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return {job["name"]: job["outcome"] for job in answer["jobs"]}


def test_everything_is_made_where_nothing_is(controller: Controller, capsys: pytest.CaptureFixture[str]) -> None:
    assert set(outcomes(capsys).values()) == {"created"}
    assert sorted(controller.items) == JOBS
    assert sorted(controller.views) == VIEWS


def test_the_second_time_nothing_changes_though_the_controller_has_added_its_own(
    controller: Controller, capsys: pytest.CaptureFixture[str]
) -> None:
    outcomes(capsys)
    assert "plugin=" in controller.items["tumour/build"].config
    kept = {name: item.config for name, item in controller.items.items()}
    assert set(outcomes(capsys).values()) == {"unchanged"}
    assert {name: item.config for name, item in controller.items.items()} == kept
    assert not [one for one in controller.asked[-20:] if one.startswith("POST") and "config.xml" in one]


def test_a_dry_run_shows_all_and_makes_nothing(controller: Controller, capsys: pytest.CaptureFixture[str]) -> None:
    assert setup("--dry-run") == ExitCode.DONE
    shown = capsys.readouterr()
    assert f"<remote>{REPOSITORY}</remote>" in shown.out
    assert "--- /dev/null\n+++ tumour/promote/config.xml" in shown.out
    assert "tumour/promote  would be created" in shown.err
    assert not controller.items
    assert not [one for one in controller.asked if one.startswith("POST")]


def test_a_change_is_shown_as_a_difference_of_that_alone(
    controller: Controller, capsys: pytest.CaptureFixture[str]
) -> None:
    outcomes(capsys)
    assert setup("--credentials", "models-git", "--no-views") == ExitCode.DONE
    changed = [
        line for line in capsys.readouterr().out.splitlines() if line[:1] in "+-" and line[:3] not in {"+++", "---"}
    ]
    assert [line.replace(" ", "") for line in changed] == [
        "-<credentialsId/>",
        "+<credentialsId>models-git</credentialsId>",
        f"-mlPromote(repository:'{REPOSITORY}')",
        f"+mlPromote(repository:'{REPOSITORY}',gitCredentials:'models-git')",
        f"-mlOverride(repository:'{REPOSITORY}')",
        f"+mlOverride(repository:'{REPOSITORY}',gitCredentials:'models-git')",
    ]
    assert "models-git" in controller.items["tumour/build"].config


def test_what_others_have_put_into_a_job_stays(controller: Controller, capsys: pytest.CaptureFixture[str]) -> None:
    outcomes(capsys)
    theirs = "<jenkins.plugins.git.traits.CloneOptionTrait><extension/></jenkins.plugins.git.traits.CloneOptionTrait>"
    build = controller.items["tumour/build"]
    build.config = build.config.replace("</traits>", f"{theirs}</traits>")
    setup("--scan", "60")
    capsys.readouterr()
    assert "CloneOptionTrait" in build.config
    assert "<interval>3600000</interval>" in build.config


def test_the_choices_that_builds_have_refreshed_stay(
    controller: Controller, capsys: pytest.CaptureFixture[str]
) -> None:
    outcomes(capsys)
    promote = controller.items["tumour/promote"]
    promote.config = promote.config.replace("<name>RELEASE</name>", "<name>RELEASE</name><refreshed/>")
    assert outcomes(capsys)["tumour/promote"] == "unchanged"
    setup("--agent", "docker/docker")
    assert "<refreshed/>" in promote.config
    assert "agent: 'docker', mode: 'docker'" in promote.config


def test_a_source_keeps_its_id_for_another_would_orphan_all_branches(
    controller: Controller, capsys: pytest.CaptureFixture[str]
) -> None:
    outcomes(capsys)
    build = controller.items["tumour/build"]
    build.config = build.config.replace("<id>modelyard-tumour</id>", "<id>5f0e-by-hand</id>")
    assert outcomes(capsys)["tumour/build"] == "unchanged"


def test_views_gather_the_models_of_a_controller(controller: Controller, capsys: pytest.CaptureFixture[str]) -> None:
    outcomes(capsys)
    outcomes(capsys, "--folder", "credit")
    for view, job in (("Model promotions", "promote"), ("Model overrides", "override")):
        listed = [one.text for one in configs.root_of(controller.views[view]).iterfind("jobNames/string")]
        assert listed == [f"tumour/{job}", f"credit/{job}"]
    assert set(outcomes(capsys).values()) == {"unchanged"}


def test_views_are_left_alone_when_asked(controller: Controller, capsys: pytest.CaptureFixture[str]) -> None:
    assert set(outcomes(capsys, "--no-views")) == set(JOBS)
    assert not controller.views


def test_jobs_know_their_parameters_before_their_first_build(
    controller: Controller, capsys: pytest.CaptureFixture[str]
) -> None:
    outcomes(capsys)
    known = {one["name"]: one for one in configs.parameters(controller.items["tumour/promote"].config)}
    assert list(known) == ["ACTION", "RELEASE", "OTHER_RELEASE", "ENVIRONMENT", "STRATEGY", "REASON"]
    assert known["ENVIRONMENT"]["choices"] == ["prod"]
    assert known["STRATEGY"]["choices"] == ["configured", "all_at_once", "canary", "linear", "rolling"]
    names = [one["name"] for one in configs.parameters(controller.items["tumour/retrain"].config)]
    assert names == ["RELEASE", "REASON"]
    names = [one["name"] for one in configs.parameters(controller.items["tumour/override"].config)]
    assert names == ["GATE", "COMMIT", "RELEASE", "REASON", "UNTIL"]


def test_a_retraining_is_scheduled_before_its_first_build_and_no_more_when_the_option_is_gone(
    controller: Controller, capsys: pytest.CaptureFixture[str]
) -> None:
    outcomes(capsys, "--retrain", "H 3 * * 1")
    retrain = controller.items["tumour/retrain"]
    assert configs.root_of(retrain.config).findtext(".//hudson.triggers.TimerTrigger/spec") == "H 3 * * 1"
    assert "schedule: 'H 3 * * 1'" in retrain.config
    outcomes(capsys)
    assert configs.root_of(retrain.config).findtext(".//hudson.triggers.TimerTrigger/spec") == ""
    assert "schedule" not in (configs.root_of(retrain.config).findtext("definition/script") or "")


def test_the_empty_timer_that_each_retraining_declares_is_no_change(
    controller: Controller, capsys: pytest.CaptureFixture[str]
) -> None:
    outcomes(capsys)
    retrain = controller.items["tumour/retrain"]
    root = configs.root_of(retrain.config)
    properties = root.find("properties")
    assert properties is not None
    for timer in properties.findall(TIMER):
        properties.remove(timer)
    ET.SubElement(ET.SubElement(ET.SubElement(properties, TIMER), "triggers"), "hudson.triggers.TimerTrigger")
    properties[-1][0][0].append(ET.Element("spec"))
    retrain.config = ET.tostring(root, encoding="unicode")
    assert outcomes(capsys)["tumour/retrain"] == "unchanged"


@pytest.mark.parametrize(
    ("job", "var"), [("promote", "mlPromote"), ("retrain", "mlRetrain"), ("override", "mlOverride")]
)
def test_jobs_and_vars_know_the_same_parameters_and_options(
    controller: Controller, capsys: pytest.CaptureFixture[str], job: str, var: str
) -> None:
    words = ["--credentials", "a", "--identity", "b", "--agent", "c/docker", "--network", "d", "--branch", "e"]
    outcomes(capsys, *words, "--retrain", "H 3 * * 1")
    config = controller.items[f"tumour/{job}"].config
    declared = (ROOT / "vars" / f"{var}.groovy").read_text().partition("parameters {")[2].partition("stages {")[0]
    parameters = re.findall(r"(\w+)\(\s*name: '([A-Z_]+)'", declared)
    made = configs.parameters(config)
    assert [(one["type"], one["name"]) for one in made] == [
        (f"{kind.title()}ParameterDefinition", name) for kind, name in parameters
    ]
    script = configs.root_of(config).findtext("definition/script") or ""
    given = set(re.findall(r"(\w+): '", script))
    options = re.findall(r"^- (\w+) \(", (ROOT / "vars" / f"{var}.txt").read_text(), re.MULTILINE)
    assert len(given) > 1
    assert given <= set(options)


def test_scripts_are_two_lines_in_the_sandbox(controller: Controller, capsys: pytest.CaptureFixture[str]) -> None:
    outcomes(capsys, "--library", "modelyard@v1.2", "--repository", "https://git.example.com/o'hara.git")
    root = configs.root_of(controller.items["tumour/promote"].config)
    assert root.findtext("definition/script") == (
        "@Library('modelyard@v1.2') _\nmlPromote(repository: 'https://git.example.com/o\\'hara.git')\n"
    )
    assert root.findtext("definition/sandbox") == "true"
    root = configs.root_of(controller.items["tumour/retrain"].config)
    assert root.findtext("definition/script") == "@Library('modelyard@v1.2') _\nmlRetrain(job: 'build/main')\n"


def test_a_model_in_a_folder_of_its_repository_has_its_jenkinsfile_there(
    controller: Controller, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = repository / "models" / "tumour"
    shutil.copytree(repository, folder, ignore=shutil.ignore_patterns(".git", "models"))
    outcomes(capsys, "--configuration", "models/tumour/modelyard.yaml")
    build = configs.root_of(controller.items["tumour/build"].config)
    assert build.findtext("factory/scriptPath") == "models/tumour/Jenkinsfile"
    assert "folder: 'models/tumour'" in controller.items["tumour/promote"].config


def test_github_finds_pull_requests_but_none_of_forks(
    controller: Controller, capsys: pytest.CaptureFixture[str]
) -> None:
    outcomes(capsys, "--source", "github", "--repository", "git@github.com:models/tumour.git", "--credentials", "app")
    source = configs.root_of(controller.items["tumour/build"].config).find(
        "sources/data/jenkins.branch.BranchSource/source"
    )
    assert source is not None
    values = {one.tag: one.text for one in source}
    assert (values["repoOwner"], values["repository"], values["credentialsId"]) == ("models", "tumour", "app")
    assert values["repositoryUrl"] == "https://github.com/models/tumour"
    traits = [one.tag.rpartition(".")[2] for one in source.iterfind("traits/*")]
    assert traits == ["BranchDiscoveryTrait", "OriginPullRequestDiscoveryTrait", "TagDiscoveryTrait"]


def test_another_kind_of_source_replaces_the_one_before(
    controller: Controller, capsys: pytest.CaptureFixture[str]
) -> None:
    outcomes(capsys)
    outcomes(capsys, "--source", "github", "--repository", "https://github.com/models/tumour")
    config = controller.items["tumour/build"].config
    assert "GitHubSCMSource" in config
    assert "GitSCMSource" not in config.replace("GitHubSCMSource", "")


def test_a_scan_can_be_switched_off(controller: Controller, capsys: pytest.CaptureFixture[str]) -> None:
    outcomes(capsys)
    outcomes(capsys, "--scan", "0")
    assert "PeriodicFolderTrigger" not in controller.items["tumour/build"].config


def test_a_folder_in_a_folder(controller: Controller, capsys: pytest.CaptureFixture[str]) -> None:
    assert setup("--folder", "team/tumour") == ExitCode.INPUT_MISSING
    assert "there is no folder team" in capsys.readouterr().err
    outcomes(capsys, "--folder", "team")
    outcomes(capsys, "--folder", "team/tumour")
    assert "team/tumour/promote" in controller.items


def test_a_name_that_is_taken_by_something_else_stays_what_it_is(
    controller: Controller, capsys: pytest.CaptureFixture[str]
) -> None:
    outcomes(capsys)
    assert setup("--folder", "tumour/promote") == ExitCode.USAGE
    assert "tumour/job/promote is a flow-definition, not a Folder, and stays" in capsys.readouterr().err


def test_who_may_not_configure_is_told_the_permission(
    controller: Controller, capsys: pytest.CaptureFixture[str]
) -> None:
    controller.users["alice"] = User(token=controller.users["alice"].token, permissions=ALL - {"Job/Create"})
    assert setup() == ExitCode.ACCESS_DENIED
    assert "alice is missing the permission Job/Create (403)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--library", "a b"], "--library a b: expected NAME or NAME@VERSION"),
        (["--source", "github"], f"{REPOSITORY}"),
        (["--scan", "-1"], "--scan -1"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_made(
    controller: Controller, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    if words[-1] == "github":
        words = [*words, "--repository", "/srv/git/tumour"]
        told = "/srv/git/tumour is no repository on GitHub"
    assert setup(*words) == ExitCode.USAGE
    assert told in capsys.readouterr().err
    assert not controller.items
