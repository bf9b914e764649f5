"""From file to configuration in effect: which layer wins, for which run, and what a request may ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.config.finding import ConfigurationError
from agent.config.listing import Row, rows, select
from agent.config.loading import Effective, Selection, load, read_file
from agent.config.request import as_settings
from agent.errors import ExitCode, UsageError
from tests.unit.config.documents import VALID, edited, underlined

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A model repository with the valid configuration; answers the path of its file."""
    for name in ("prepare.py", "evaluate.py"):
        (tmp_path / name).touch()
    (tmp_path / "modelyard.yaml").write_text(VALID)
    return tmp_path / "modelyard.yaml"


def row(effective: Effective, key: str) -> Row:
    return select(rows(effective), key)[0]


def test_the_file_wins_over_defaults(repository: Path) -> None:
    effective = load(repository)
    assert effective.configuration.training.resources.instance_count == 2
    assert effective.configuration.evaluation.resources.instance_count == 1
    assert row(effective, "evaluation.resources.instance_count").source == "default"
    assert row(effective, "training.resources.instance_count").source == f"{repository}:32:21"


@pytest.mark.parametrize(
    ("selection", "seconds", "layer"),
    [
        (Selection(), 3600, ""),
        (Selection(branch="main"), 3600, ""),
        (Selection(branch="feature/x"), 1200, "overrides.branches.feature/* at "),
        (Selection(branch="feature/x", pull_request=7), 600, "overrides.pr at "),
        (Selection(pull_request=7, environment="prod"), 600, "overrides.pr at "),
    ],
)
def test_the_last_override_that_fits_the_run_wins(
    repository: Path, selection: Selection, seconds: int, layer: str
) -> None:
    effective = load(repository, selection=selection)
    assert effective.configuration.training.max_runtime == seconds
    assert row(effective, "training.max_runtime").source.startswith(f"{layer}{repository}:")


def test_an_override_leaves_its_neighbours(repository: Path) -> None:
    hyperparameters = load(repository, selection=Selection(pull_request=1)).configuration.training.hyperparameters
    assert hyperparameters == {"max_depth": 3, "eta": 0.3, "objective": "binary:logistic", "early_stopping": True}


def test_the_overrides_of_an_environment_apply_to_its_runs_only(repository: Path) -> None:
    minimum = "gates.auc-threshold.min"
    assert row(load(repository, selection=Selection(environment="prod")), minimum).value == 0.78
    assert row(load(repository, selection=Selection(environment="qa")), minimum).value == 0.75


def test_a_request_wins_over_everything(repository: Path) -> None:
    settings = ["training.max_runtime=5m", "training.hyperparameters.max_depth=9"]
    effective = load(repository, selection=Selection(pull_request=1), settings=settings)
    assert effective.configuration.training.max_runtime == 300
    assert row(effective, "training.hyperparameters.max_depth") == Row(
        key="training.hyperparameters.max_depth", value=9, source="request"
    )


def test_a_request_may_hold_a_section_and_equal_signs(repository: Path) -> None:
    settings = ["training.metric_definitions={loss: 'loss=([0-9.]+)'}"]
    configuration = load(repository, settings=settings).configuration
    assert configuration.training.metric_definitions["loss"] == "loss=([0-9.]+)"


def test_requests_in_json_mean_what_they_say(repository: Path) -> None:
    asked = {"training.hyperparameters": {"name": "no", "flag": True, "text": "a: b # c"}, "training.max_runtime": 90}
    configuration = load(repository, settings=as_settings(asked)).configuration
    assert configuration.training.hyperparameters["name"] == "no"
    assert configuration.training.hyperparameters["flag"] is True
    assert configuration.training.hyperparameters["text"] == "a: b # c"
    assert configuration.training.max_runtime == 90


@pytest.mark.parametrize(
    ("setting", "marked", "message"),
    [
        ("training.max_runtme=5m", "max_runtme", "unknown key `max_runtme` in `training`"),
        ("training.resources.instance_count=two", "two", "`instance_count` must be a whole number, not the text "),
        ("training.max_runtime=a: b: c", ":", "a second `: ` in one line"),
        ("training.spot.max_wait=10m", "10m", "`max_wait` is 10m, shorter than `max_runtime`, which is 1h"),
        ("training", "t", "this is not a setting"),
        ("=5", "=", "this is not a setting"),
        ("training..x=5", "t", "this is not a setting"),
        ("environments.prod.approval=", "approval", "the approvals of `prod` cannot be changed for one run"),
        ("environments.prod.approval.expires=1h", "approval", "the approvals of `prod` cannot be changed for one run"),
        ("releases.unsigned_in_production=true", "releases", "signatures of releases cannot be changed for one run"),
        ("gate_overrides.people=[me]", "gate_overrides", "who may override gates cannot be changed for one run"),
        ("releases.trusted_keys=[]", "releases", "signatures of releases cannot be changed for one run"),
        ("environments={prod: {approval: {}}}", "approval", "the approvals of `prod` cannot be changed for one run"),
    ],
)
def test_a_wrong_request_is_shown_like_a_line_of_a_file(
    repository: Path, setting: str, marked: str, message: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(repository, settings=[setting])
    (found,) = caught.value.findings
    assert found.place.text.name == "--set"
    assert underlined(found) == marked
    assert found.message.startswith(message)


def test_mistakes_of_file_and_request_are_reported_together(repository: Path) -> None:
    repository.write_text(edited(("project: credit-risk", "project: Credit")))
    with pytest.raises(ConfigurationError) as caught:
        load(repository, settings=["nope=1"])
    assert [found.place.text.name for found in caught.value.findings] == [str(repository), "--set"]
    assert caught.value.exit_code == ExitCode.USAGE
    assert str(caught.value).startswith(f"2 problems in {repository} and --set\n")


def test_mistakes_in_overrides_of_other_runs_are_reported_too(repository: Path) -> None:
    repository.write_text(edited(("      max_runtime: 20m", "      max_runtime: soon")))
    with pytest.raises(ConfigurationError, match="must be a duration"):
        load(repository, selection=Selection(branch="main"))


def test_an_unknown_environment_is_refused_with_the_one_that_was_meant(repository: Path) -> None:
    with pytest.raises(UsageError, match=r"no environment `prd`: did you mean `prod`\?"):
        load(repository, selection=Selection(environment="prd"))


def test_entries_know_their_names_and_environments_their_order(repository: Path) -> None:
    configuration = load(repository).configuration
    assert [environment.name for environment in configuration.environments.values()] == ["qa", "prod"]
    assert [gate.name for gate in configuration.gates.values()] == ["auc-threshold", "against-prod"]


def test_an_account_id_given_as_a_number_is_text(repository: Path) -> None:
    repository.write_text(edited(('account: "222222222222"', "account: 222222222222")))
    assert load(repository).configuration.environments["qa"].account == "222222222222"


def test_a_byte_order_mark_and_windows_line_ends_are_read(repository: Path) -> None:
    repository.write_bytes(b"\xef\xbb\xbf" + VALID.replace("\n", "\r\n").encode())
    assert load(repository).configuration.project == "credit-risk"
    assert row(load(repository), "training.resources.instance_count").source == f"{repository}:32:21"


def test_an_empty_file_needs_everything(repository: Path) -> None:
    repository.write_text("")
    with pytest.raises(ConfigurationError) as caught:
        load(repository)
    needed = {found.path for found in caught.value.findings}
    assert needed == {(key,) for key in ("project", "tools", "data", "training", "evaluation", "environments")}
    assert {str(found.place) for found in caught.value.findings} == {f"{repository}:1:1"}


@pytest.mark.parametrize("text", ["- a\n- b\n", "just words\n", "7\n"])
def test_a_document_that_is_no_mapping_is_refused(repository: Path, text: str) -> None:
    repository.write_text(text)
    with pytest.raises(ConfigurationError, match="a configuration is a mapping, not "):
        load(repository)


def test_a_file_that_is_not_there_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no .*modelyard\.yaml: run `modelyard init DIR`"):
        read_file(tmp_path / "modelyard.yaml")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        read_file(tmp_path)


def test_another_encoding_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "modelyard.yaml").write_bytes("project: a\n# Prüfung\n".encode("latin-1"))
    with pytest.raises(UsageError, match=r"modelyard\.yaml:2: this is not UTF-8"):
        read_file(tmp_path / "modelyard.yaml")


def test_a_section_lists_the_values_below_it(repository: Path) -> None:
    keys = [found.key for found in select(rows(load(repository)), "training.spot")]
    assert keys == ["training.spot.max_wait", "training.spot.checkpoint"]


def test_prices_are_of_types_of_instances(repository: Path) -> None:
    found = load(repository, settings=["prices={ml.m5.large: 0.115, ml.p5.48xlarge: 98}"]).configuration
    assert found.prices == {"ml.m5.large": 0.115, "ml.p5.48xlarge": 98.0}
    with pytest.raises(ConfigurationError, match="must be more than 0"):
        load(repository, settings=["prices={ml.m5.large: 0}"])


def test_an_unknown_key_is_refused_with_the_one_that_was_meant(repository: Path) -> None:
    with pytest.raises(UsageError, match=r"no value at `training\.resource`: did you mean `training\.resources`\?"):
        select(rows(load(repository)), "training.resource")
