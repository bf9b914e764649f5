"""Which stages a build has, in which groups, and for how long: by what it is of and what is configured."""

from __future__ import annotations

import pytest

from agent.config.builds import Build
from agent.config.data_summary import DataSummary
from agent.config.gate import CustomGate, ThresholdGate
from agent.config.pull_requests import EphemeralEndpoint, PullRequests
from agent.config.robustness import RobustnessGate, ShufflePerturbation
from agent.config.supply_gates import VulnerabilityGate
from agent.errors import UsageError
from agent.pipeline.groups import groups
from agent.pipeline.promotion import stages_of
from agent.pipeline.stages import course, levels, select
from agent.pipeline.timeouts import minutes
from tests.unit.pipeline.configured import predicting, three_environments

CONFIGURATION = three_environments()
MAIN, BRANCH, TAG, PULL_REQUEST = Build(branch="main"), Build(branch="better"), Build(tag="v1"), Build(pull_request=7)
JUDGING = ["validate", "preflight", "snapshot_data", "build_image", "prepare", "train", "evaluate", "gate"]
RELEASING = ["register", "release"]


def ids(build: Build, configuration: object = CONFIGURATION) -> list[str]:
    return [stage.name for stage in course(configuration, build)]  # type: ignore[arg-type]


def test_a_pull_request_is_judged_and_releases_nothing() -> None:
    assert ids(PULL_REQUEST) == JUDGING


def test_data_are_checked_where_they_are_to_be_summarized_and_no_gate_judges_them() -> None:
    configuration = three_environments(data_summaries={"training": DataSummary()})
    assert ids(PULL_REQUEST, configuration) == [*JUDGING[:-1], "check_data", "gate"]


def test_a_pull_request_is_served_where_an_endpoint_is_configured() -> None:
    previews = PullRequests(endpoint=EphemeralEndpoint(environment="dev"))
    configuration = three_environments(pull_requests=previews)
    assert ids(PULL_REQUEST, configuration) == [*JUDGING, "preview", "check_preview"]
    assert ids(BRANCH, configuration) == ids(BRANCH)
    last = groups(course(configuration, PULL_REQUEST))[-1]
    assert (last.environment, last.lock, last.milestone) == ("", "modelyard iris pull request 7", 1)


def test_a_branch_goes_up_to_the_first_environment() -> None:
    assert ids(BRANCH) == [*JUDGING, *RELEASING, "deploy", "check_endpoint"]


def test_the_main_branch_goes_on_by_promotion() -> None:
    assert ids(MAIN) == [*ids(BRANCH), "promote-qa", "check_endpoint-qa"]


def test_a_tag_goes_the_way_of_the_main_branch() -> None:
    assert ids(TAG) == ids(MAIN)


def test_a_branch_that_no_environment_takes_is_only_judged() -> None:
    assert ids(BRANCH, three_environments(branches={"dev": ("main",)})) == JUDGING


def test_the_main_branch_releases_even_where_everything_is_promoted_by_hand() -> None:
    assert ids(MAIN, three_environments(branches={"dev": ()})) == [*JUDGING, *RELEASING]


def test_a_promotion_waits_for_the_check_before_it() -> None:
    by_name = {stage.name: stage for stage in course(CONFIGURATION, MAIN)}
    assert by_name["promote-qa"].needs == ("check_endpoint",)
    assert by_name["check_endpoint-qa"].needs == ("promote-qa",)


def test_what_is_not_needed_for_the_last_stage_is_left_out() -> None:
    stages = course(CONFIGURATION, MAIN)
    assert [stage.name for stage in select(stages, until="snapshot_data")] == JUDGING[:3]
    assert [stage.name for stage in select(stages, first="promote-qa")] == ["promote-qa", "check_endpoint-qa"]
    assert [stage.name for stage in select(stages, first="release", until="deploy")] == ["release", "deploy"]


@pytest.mark.parametrize("name", ["deploy", "check_endpoint-qa", "nothing"])
def test_a_build_ends_at_no_stage_that_it_does_not_have(name: str) -> None:
    with pytest.raises(UsageError, match=f"this build has no stage '{name}'; its stages are: validate, preflight"):
        select(course(CONFIGURATION, PULL_REQUEST), until=name)


def test_nothing_lies_between_an_end_and_a_later_beginning() -> None:
    with pytest.raises(UsageError, match="nothing to run from deploy until train"):
        select(course(CONFIGURATION, MAIN), first="deploy", until="train")


def test_stages_that_do_not_need_each_other_are_one_level() -> None:
    assert [[stage.name for stage in level] for level in levels(course(CONFIGURATION, MAIN))][2] == [
        "snapshot_data", "build_image",
    ]  # fmt: skip


def test_each_environment_is_a_group_with_a_lock_and_a_milestone() -> None:
    found = groups(course(CONFIGURATION, MAIN))
    assert [(group.environment, group.lock, group.milestone) for group in found] == [
        ("", "", None),
        ("dev", "modelyard iris dev", 1),
        ("qa", "modelyard iris qa", 2),
    ]
    assert [[stage.name for stage in level] for level in found[2].levels] == [["promote-qa"], ["check_endpoint-qa"]]


@pytest.mark.parametrize(("action", "first"), [("promote", "promote"), ("rollback", "rollback")])
def test_a_promotion_and_a_rollback_are_one_group_without_a_milestone(action: str, first: str) -> None:
    (group,) = groups(stages_of(action, CONFIGURATION, "prod"), milestones=False)
    assert (group.environment, group.lock, group.milestone) == ("prod", "modelyard iris prod", None)
    assert [[stage.name for stage in level] for level in group.levels] == [[first], ["check_endpoint"]]


def test_nothing_is_promoted_to_an_environment_that_does_not_exist() -> None:
    with pytest.raises(UsageError, match="no environment 'staging'; the environments are: dev, qa, prod"):
        stages_of("promote", CONFIGURATION, "staging")


def test_every_stage_has_a_time_limit_that_is_longer_than_what_is_configured() -> None:
    limits = {stage.name: minutes(stage, CONFIGURATION) for stage in course(CONFIGURATION, MAIN)}
    assert min(limits.values()) >= 10
    assert limits["train"] * 60 > CONFIGURATION.training.max_runtime + 30 * 60
    assert limits["promote-qa"] * 60 > CONFIGURATION.environments["qa"].endpoint.strategy.timeout + 60 * 60


def test_a_longer_job_has_a_longer_limit() -> None:
    training = CONFIGURATION.training.model_copy(update={"max_runtime": 48 * 3600})
    longer = CONFIGURATION.model_copy(update={"training": training})
    train = next(stage for stage in course(longer, MAIN) if stage.name == "train")
    assert minutes(train, longer) > 48 * 60


def test_custom_gates_are_asked_in_builds_that_they_judge_before_all_gates_judge() -> None:
    own = CustomGate(kind="custom", entry_point="checks:own", builds=("main",), max_runtime=7200)
    configuration = CONFIGURATION.model_copy(update={"gates": {"own": own}})
    names = [stage.name for stage in course(configuration, MAIN)]
    assert names.index("evaluate") < names.index("ask_gates") < names.index("gate")
    stages = {stage.name: stage for stage in course(configuration, MAIN)}
    assert stages["gate"].needs == ("evaluate", "ask_gates")
    assert minutes(stages["ask_gates"], configuration) > 120
    assert "ask_gates" not in {stage.name for stage in course(configuration, Build(pull_request=7))}


def test_predictions_are_examined_in_builds_whose_gates_ask_them() -> None:
    sure = ThresholdGate(kind="threshold", metric="accuracy", min=0.9, confidence=0.95, builds=("main",))
    configuration = predicting(CONFIGURATION.model_copy(update={"gates": {"sure": sure}}))
    stages = {stage.name: stage for stage in course(configuration, MAIN)}
    assert stages["gate"].needs == ("evaluate", "examine")
    assert stages["examine"].needs == ("evaluate",)
    assert "examine" not in {stage.name for stage in course(configuration, Build(pull_request=7))}
    plain = predicting(CONFIGURATION)
    assert "examine" not in {stage.name for stage in course(plain, MAIN)}


def test_perturbed_data_are_judged_beside_the_evaluation_where_gates_ask_for_them() -> None:
    shuffled = {"any": ShufflePerturbation(kind="shuffle", columns=("column1",))}
    stands = RobustnessGate(
        kind="robustness", metric="accuracy", max_drop=0.1, perturbations=shuffled, builds=("main",)
    )  # fmt: skip
    configuration = predicting(CONFIGURATION.model_copy(update={"gates": {"stands": stands}}))
    stages = {stage.name: stage for stage in course(configuration, MAIN)}
    assert stages["perturb"].needs == ("train",)
    assert stages["examine"].needs == ("evaluate", "perturb")
    assert {"evaluate", "perturb"} <= {stage.name for level in levels(tuple(stages.values()))[5:6] for stage in level}
    assert minutes(stages["perturb"], configuration) > minutes(stages["evaluate"], configuration)
    assert "perturb" not in {stage.name for stage in course(configuration, Build(pull_request=7))}


def test_an_image_is_audited_beside_training_where_gates_judge_it_and_waits_as_long_as_they_do() -> None:
    holes = VulnerabilityGate(kind="vulnerabilities", patience=7200)
    configuration = CONFIGURATION.model_copy(update={"gates": {"holes": holes}})
    stages = {stage.name: stage for stage in course(configuration, MAIN)}
    assert stages["audit_image"].needs == ("build_image",)
    assert stages["gate"].needs == ("evaluate", "audit_image")
    assert minutes(stages["audit_image"], configuration) > 120
    assert "audit_image" not in {stage.name for stage in course(CONFIGURATION, MAIN)}
