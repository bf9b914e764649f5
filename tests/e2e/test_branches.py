"""How far builds of branches, the main branch, tags and pull requests go, and what is left of them."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from agent import naming
from agent.aws.sessions import Clients, Credentials
from agent.clock import SystemClock
from agent.cloud.advisories import Vulnerability
from agent.cloud.embedded import EmbeddedCloud
from agent.errors import ExitCode
from agent.ledger.environments import Environments
from tests.e2e.world import World, stages, summary_of, three_environments

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DEV_ACCOUNT = "222222222222"
JUDGED = {"validate", "preflight", "snapshot_data", "build_image", "prepare", "train", "evaluate", "gate"}
RELEASED = JUDGED | {"register", "release"}
IN_DEV = RELEASED | {"deploy", "check_endpoint"}
IN_QA = IN_DEV | {"promote-qa", "check_endpoint-qa"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with EmbeddedCloud() as cloud:
        yield three_environments(cloud, tmp_path_factory.mktemp("repositories"))


def model(quality: str) -> tuple[str, str]:
    """Words of a run whose model is that good."""
    return "--set", f"training.hyperparameters.model={quality}"


def releases(world: World) -> dict[str, dict[str, Any]]:
    """What `modelyard releases` lists, by digest."""
    return {row["release"]: row for row in json.loads(world.modelyard("releases", "--json").stdout)}


@pytest.fixture(scope="module")
def branch(world: World) -> dict[str, Any]:
    """A branch's build."""
    return world.run("--branch", "better", *model("0.91"))


@pytest.fixture(scope="module")
def main(world: World, branch: Mapping[str, Any]) -> dict[str, Any]:
    """The main branch's build of the same, after the merge."""
    refused = world.modelyard("promote", branch["release"], "--to", "prod", exits=ExitCode.USAGE)
    assert "is a candidate of branch better, and production takes none: merge it" in refused.stderr
    assert world.live("qa") != branch["release"]
    return world.run("--branch", "main", *model("0.91"))


@pytest.fixture(scope="module")
def tagged(world: World, main: Mapping[str, Any]) -> dict[str, Any]:
    """The build of a tag on that commit."""
    return world.run("--tag", "v1.2", *model("0.91"))


def test_a_branch_goes_up_to_dev_and_makes_a_candidate(world: World, branch: dict[str, Any]) -> None:
    assert set(stages(branch)) == IN_DEV
    row = releases(world)[branch["release"]]
    assert "better" in row["branches"]


def test_what_does_not_take_the_branch_refuses_its_candidate(world: World) -> None:
    other = world.run("--branch", "other", *model("0.86"), "--until", "release")
    assert releases(world)[other["release"]]["candidate"]
    refused = world.modelyard("promote", other["release"], "--to", "qa", exits=ExitCode.USAGE)
    assert "qa does not take that branch" in refused.stderr


def test_the_main_branch_takes_the_same_release_on_to_qa(
    world: World, branch: dict[str, Any], main: dict[str, Any]
) -> None:
    assert set(stages(main)) == IN_QA
    assert main["release"] == branch["release"] == world.live("dev") == world.live("qa")
    assert stages(main)["train"] == "recalled"
    assert {name for name, end in stages(main).items() if end == "done"} >= {"release", "promote-qa"}
    assert not releases(world)[main["release"]]["candidate"]


def test_its_second_build_finds_everything_done(world: World, main: dict[str, Any]) -> None:
    again = world.run("--branch", "main", *model("0.91"))
    assert again["release"] == main["release"]
    assert not any(stage["wrote"] for stage in again["stages"])


def test_a_tag_names_the_release_that_the_main_branch_made(
    world: World, main: dict[str, Any], tagged: dict[str, Any]
) -> None:
    assert set(stages(tagged)) == IN_QA
    assert tagged["release"] == main["release"]
    assert [stage["stage"] for stage in tagged["stages"] if stage["wrote"]] == ["release"]
    shown = json.loads(world.modelyard("releases", "v1.2", "--json").stdout)
    assert (shown["release"], shown["tags"]) == (main["release"], ["v1.2"])
    assert "v1.2" in world.modelyard("releases").stdout


def test_a_tag_is_promoted_by_its_name(world: World, main: dict[str, Any], tagged: dict[str, Any]) -> None:
    world.modelyard("promote", "v1.2", "--to", "prod")
    assert world.live("prod") == main["release"]


def test_a_tag_that_names_a_release_names_no_other(world: World, tagged: dict[str, Any]) -> None:
    refused = world.run("--tag", "v1.2", *model("0.92"), exits=ExitCode.USAGE)
    assert stages(refused)["release"] == "failed"
    assert "tag v1.2 names release" in refused["error"]


def test_the_last_runs_are_told_apart(world: World, tagged: dict[str, Any]) -> None:
    names = world.modelyard("status").stdout
    assert "tag v1.2" in names
    assert "better" in names


# --- pull requests -------------------------------------------------------------------------------------------------


def administrator(world: World, account: str = DEV_ACCOUNT) -> Any:
    """SageMaker as the administrator of an account sees it."""
    running = world.cloud.running
    found = next(one for one in running.administrators if one.account == account)
    credentials = Credentials(access_key_id=found.access_key_id, secret_access_key=found.secret_access_key)
    return Clients(credentials=credentials, region=running.region, endpoint_url=world.cloud.endpoint).client(
        "sagemaker"
    )


def previews(world: World) -> dict[str, set[str]]:
    """What there is of pull requests in the account: endpoints, configurations, models."""
    sagemaker = administrator(world)
    named = {"NameContains": "-pr-"}
    return {
        "endpoints": {one["EndpointName"] for one in sagemaker.list_endpoints(**named)["Endpoints"]},
        "configs": {one["EndpointConfigName"] for one in sagemaker.list_endpoint_configs(**named)["EndpointConfigs"]},
        "models": {one["ModelName"] for one in sagemaker.list_models(**named)["Models"]},
    }


def tags(world: World, arn: str) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in administrator(world).list_tags(ResourceArn=arn)["Tags"]}


@pytest.fixture(scope="module")
def previewed(world: World, tagged: Mapping[str, Any]) -> dict[str, Any]:
    """A pull request's build."""
    return world.run("--pr", "7", "--branch", "better", *model("0.93"))


def test_a_pull_request_is_served_at_an_endpoint_of_its_own(world: World, previewed: dict[str, Any]) -> None:
    assert set(stages(previewed)) == JUDGED | {"preview", "check_preview"}
    assert previewed["release"] is None
    shown = previewed["results"]["preview"]
    assert shown["name"] == "steered-dev-pr-7"
    assert shown["model"] == previewed["results"]["train"]["model"]["sha256"]
    assert previewed["results"]["check_preview"]["requests"] == 1
    found = tags(world, shown["endpoint"])
    assert found["modelyard:pull_request"] == "7"
    assert found["modelyard:project"] == "steered"
    assert found["modelyard:expires"] == shown["expires"]
    left = naming.tagged_time(shown["expires"])
    assert left is not None
    assert timedelta(hours=3) < left - SystemClock().now() <= timedelta(hours=4)


def test_the_environment_beside_it_knows_nothing_of_it(
    world: World, main: dict[str, Any], previewed: dict[str, Any]
) -> None:
    assert world.live("dev") == main["release"]
    assert {one.release for one in Environments(world.ledger).history("dev")} == {main["release"]}
    assert previewed["results"]["preview"]["endpoint"] != main["results"]["deploy"]["endpoint"]


def test_the_same_build_again_leaves_it_as_it_is(world: World, previewed: dict[str, Any]) -> None:
    again = world.run("--pr", "7", "--branch", "better", *model("0.93"))
    assert stages(again)["preview"] == "recalled"
    assert again["results"]["preview"] == previewed["results"]["preview"]


def test_the_next_build_updates_it_and_clears_up_behind_the_former(world: World, previewed: dict[str, Any]) -> None:
    updated = world.run("--pr", "7", "--branch", "better", *model("0.94"))["results"]["preview"]
    former = previewed["results"]["preview"]
    assert (updated["endpoint"], updated["config"] == former["config"]) == (former["endpoint"], False)
    there = previews(world)
    assert there["endpoints"] == {"steered-dev-pr-7"}
    assert there["configs"] == there["models"] == {updated["config"]}


def test_a_dry_run_plans_it_without_writing(world: World, previewed: dict[str, Any]) -> None:
    planned = world.modelyard("run", "--pr", "9", *model("0.93"), "--dry-run", "--until", "preview").stderr
    assert "sagemaker:CreateEndpoint steered-dev-pr-9" in planned
    assert "steered-dev-pr-9" not in previews(world)["endpoints"]


def test_the_janitor_takes_what_has_expired_and_leaves_the_rest(world: World, previewed: dict[str, Any]) -> None:
    world.run("--pr", "8", *model("0.93"))
    assert json.loads(world.modelyard("clean", "--expired-only", "--json").stdout)["previews"] == []
    former = naming.time_in_tag(SystemClock().now() - timedelta(seconds=1))
    arn = previewed["results"]["preview"]["endpoint"]
    administrator(world).add_tags(ResourceArn=arn, Tags=naming.tags(expires=former))
    listed = world.modelyard("clean", "--expired-only")
    assert (
        f"endpoint steered-dev-pr-7 in {DEV_ACCOUNT}, us-east-1: pull request 7, expired at {former}" in listed.stdout
    )
    assert "modelyard clean --remove --expired-only" in listed.stderr
    found = json.loads(world.modelyard("clean", "--expired-only", "--remove", "--json").stdout)
    assert [each["kind"] for each in found["previews"]] == ["endpoint", "endpoint-config", "model"]
    assert found["found"] == []
    there = previews(world)
    assert there["endpoints"] == {"steered-dev-pr-8"}
    assert [len(there["configs"]), len(there["models"])] == [1, 1]


def test_a_pull_request_deploys_and_promotes_nothing_by_its_steps(world: World) -> None:
    request = {"contract": 1, "step": "deploy", "run": {"id": "b-1", "pull_request": 7, "branch": "better"}}
    file = world.repository.folder.parent / "request.json"
    file.write_text(json.dumps(request))
    refused = world.modelyard("step", "deploy", "--request", str(file), exits=ExitCode.USAGE)
    assert "a build of pull request 7 has no stage deploy" in refused.stderr


# --- as a build server goes through it -----------------------------------------------------------------------------


@dataclass(kw_only=True)
class Server:
    """A build server that knows no more than what `modelyard stages` tells, and hands results on by stage."""

    world: World
    words: tuple[str, ...]
    run: Mapping[str, Any]
    settings: tuple[str, ...] = ()
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)

    def go(self, inputs: Mapping[str, Any] | None = None) -> dict[str, dict[str, Any]]:
        """Every stage in its order; ``inputs`` are for the first one. What each answered, by stage."""
        asked = [word for setting in self.settings for word in ("--set", setting)]
        declared = json.loads(self.world.modelyard("stages", "--json", *self.words, *asked).stdout)
        stages = [stage for group in declared["groups"] for level in group["levels"] for stage in level]
        for number, stage in enumerate(stages):
            self.answers[stage["stage"]] = self._step(stage, inputs if inputs and number == 0 else {})
        return self.answers

    def _step(self, stage: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
        folder = self.world.repository.folder.parent
        request, result = folder / "stage.request.json", folder / "stage.result.json"
        document = {
            "contract": 1,
            "step": stage["step"],
            "stage": stage["stage"],
            "run": self.run,
            "settings": self.settings,
            "results": {name: answer["result"] for name, answer in self.answers.items()},
            "inputs": inputs,
        }
        request.write_text(json.dumps(document))
        self.world.modelyard("step", stage["step"], "--request", str(request), "--result", str(result))
        answer: dict[str, Any] = json.loads(result.read_text())
        return answer


def test_a_build_server_takes_the_main_branch_through_its_stages(world: World) -> None:
    run = {"id": "jenkins-main-9", "who": "models/main #9", "branch": "main"}
    settings = ("training.hyperparameters.model=0.95",)
    answers = Server(world=world, words=("--branch", "main"), run=run, settings=settings).go()
    assert set(answers) == IN_QA
    assert {answer["status"] for answer in answers.values()} == {"done"}
    release = answers["release"]["result"]["release"]
    assert answers["promote-qa"]["result"]["environment_name"] == "qa"
    assert world.live("dev") == world.live("qa") == release


def test_a_build_server_promotes_a_tag_and_rolls_back(world: World, tagged: Mapping[str, Any]) -> None:
    run = {"id": "jenkins-promote-3", "who": "grace"}
    newest = world.run("--branch", "main", *model("0.96"))["release"]
    for inputs in ({"release": newest[:12]}, {"release": "v1.2", "strategy": "configured"}):
        words = ("--action", "promote", "--to", "prod")
        answers = Server(world=world, words=words, run=run).go({**inputs, "environment_name": "prod"})
        assert list(answers) == ["promote", "check_endpoint"]
    assert world.live("prod") == tagged["release"]
    back = Server(world=world, words=("--action", "rollback", "--to", "prod"), run=run)
    answers = back.go({"release": "", "environment_name": "prod"})
    assert list(answers) == ["rollback", "check_endpoint"]
    assert world.live("prod") == newest


# --- gates ---------------------------------------------------------------------------------------------------------

JOB: Mapping[str, Any] = {"JOB_NAME": "models/risky", "BUILD_NUMBER": "7"}
"""What a build server says of a build that nobody started by hand."""


def overrides(world: World, *words: str, exits: int = 0, until: str = "P7D") -> str:
    """What `modelyard override` says, by whoever runs the tests."""
    day = f"{SystemClock().now() + timedelta(days=7):%Y-%m-%d}" if until == "P7D" else until
    said = ("--reason", "the clinic agreed", "--until", day)
    return world.modelyard("override", "accurate", *words, *said, exits=exits).stderr


def head(world: World) -> str:
    """The commit that is built."""
    return subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=world.repository.folder, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_a_refused_build_goes_on_once_somebody_else_than_its_author_says_so(world: World) -> None:
    words = ("run", "--json", "--branch", "risky", *model("0.71"))
    refused = world.run(*words[2:])
    assert stages(refused)["gate"] == "refused"
    assert "four eyes are demanded" in overrides(world, "--commit", head(world), exits=ExitCode.ACCESS_DENIED)
    assert summary_of(world.modelyard(*words, **JOB).stdout)["result"] == "refused"
    assert "ends in the future" in overrides(world, "--commit", head(world), until="2026-01-01", exits=ExitCode.USAGE)
    assert "gate accurate overridden by" in overrides(world, "--commit", head(world)[:12])

    passed = summary_of(world.modelyard(*words, **JOB).stdout)
    assert (passed["result"], world.live("dev")) == ("done", passed["release"])
    (verdict,) = passed["results"]["gate"]["verdicts"]
    assert (verdict["passed"], verdict["override"]["reason"]) == (False, "the clinic agreed")
    shown = world.modelyard("releases", passed["release"]).stdout
    assert "gate accurate overridden by" in shown
    assert "the clinic agreed" in shown
    assert world.run("--branch", "risky", *model("0.72"))["result"] == "refused"


def test_a_gate_of_one_environment_ends_the_build_there_and_nowhere_before(world: World) -> None:
    gate = "gates.excellent={kind: threshold, metric: accuracy, min: 0.98, environments: [qa], builds: [main]}"
    before = world.live("qa")
    ended = world.run("--branch", "main", *model("0.97"), "--set", gate)
    assert (ended["result"], stages(ended)["check_endpoint"], stages(ended)["promote-qa"]) == (
        "refused",
        "done",
        "refused",
    )
    assert "accuracy 0.97 is below the least allowed 0.98 (gate `excellent`)" in ended["error"]
    assert (world.live("dev"), world.live("qa")) == (ended["release"], before)
    told = world.modelyard("promote", ended["release"], "--to", "qa", exits=ExitCode.INPUT_MISSING).stderr
    assert "modelyard override excellent --release" in told
    elsewhere = world.run("--branch", "better", *model("0.91"), "--set", gate)
    assert [verdict["gate"] for verdict in elsewhere["results"]["gate"]["verdicts"]] == ["accurate"]


def test_a_gate_of_the_repository_is_asked_with_the_rights_of_a_job(world: World) -> None:
    module = world.repository.folder / "checks.py"
    module.write_text(
        "def even(evaluation, folder):\n"
        "    value = evaluation['multiclass_classification_metrics']['accuracy']['value']\n"
        "    if value > 0.95:\n"
        "        raise ValueError('too good to be true')\n"
        "    return {'passed': False, 'value': value, 'reason': f'{value} is odd'}\n"
    )
    gate = ("--set", "gates.even={kind: custom, entry_point: 'checks:even'}")
    refused = world.run("--pr", "9", *model("0.91"), *gate, "--until", "gate")
    assert (stages(refused)["ask_gates"], stages(refused)["gate"]) == ("done", "refused")
    assert refused["error"] == "0.91 is odd (gate `even`)"
    failed = world.run("--pr", "9", *model("0.96"), *gate, "--until", "gate", exits=ExitCode.USER_CODE_FAILED)
    assert (stages(failed)["ask_gates"], stages(failed)["gate"]) == ("failed", "not_run")
    assert "ValueError: too good to be true" in failed["error"]


def test_an_image_is_judged_by_what_its_registry_and_its_packages_say(world: World) -> None:
    world.cloud.advise("steered", Vulnerability(name="CVE-2024-3094", severity="CRITICAL", package="xz", version="5.6"))
    new = world.repository.folder / "program/notes.py"
    new.write_text("SCANNED = True\n")
    gates = (
        "{holes: {kind: vulnerabilities}, licences: {kind: licenses, denied: [AGPL-*]}, base: {kind: base-image}, "
        "small: {kind: model-size, most_mb: 1}}"
    )
    refused = world.run("--pr", "9", *model("0.91"), "--set", f"gates={gates}", "--until", "gate")
    new.unlink()
    assert (stages(refused)["audit_image"], stages(refused)["gate"]) == ("done", "refused")
    assert "CVE-2024-3094 (critical, xz 5.6)" in refused["error"]
    verdicts = {verdict["gate"]: verdict for verdict in refused["results"]["gate"]["verdicts"]}
    assert {name: verdict["passed"] for name, verdict in verdicts.items()} == {
        "accurate": True, "holes": False, "licences": True, "base": True, "small": True,
    }  # fmt: skip
    kept = world.ledger.read_bytes(verdicts["holes"]["evidence"].removeprefix(world.ledger.uri("")))
    assert b"CVE-2024-3094" in (kept or b"")


def test_a_pull_request_whose_training_rows_hold_the_answers_is_refused(world: World) -> None:
    gate = "gates.apart={kind: leakage, held_out: rows, message: Answers are no features.}"
    refused = world.run("--pr", "9", *model("0.91"), "--set", gate, "--until", "gate")
    assert (stages(refused)["check_data"], stages(refused)["gate"]) == ("done", "refused")
    assert "rows of rows are in training, too" in refused["error"]
    assert refused["error"].endswith("(gate `apart`): Answers are no features.")
    again = world.run("--pr", "9", *model("0.91"), "--set", gate, "--until", "gate")
    assert stages(again)["check_data"] == "recalled"
