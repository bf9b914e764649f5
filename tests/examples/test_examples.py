"""Every example keeps what its README promises: it validates, trains, passes its gates, and answers."""

from __future__ import annotations

import hashlib
import json
import math
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from agent.artifacts import DataSet
from agent.config.loading import Selection, check, load, read_file
from agent.config.schema import document_schema
from agent.deployment.checks import judged, wrong
from agent.evaluation.through_endpoint import ThroughEndpoint, measured
from tests.examples.cases import ALL, BY_NAME
from tests.fakes import FakeAccount, MemoryObjects
from tests.sources import ROOT, sources
from tests.unit.config.documents import as_json
from tests.unit.pipeline_steps.surroundings import surroundings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from agent.artifacts import Evaluation
    from agent.config.environment import CheckEvaluation
    from tests.examples.cases import Variant
    from tests.examples.trial import Answer, Trial

    Trials = Callable[..., Trial]

NAMES = [example.name for example in ALL]
PREPARED = [name for name in NAMES if (BY_NAME[name].folder / "prepare.py").exists()]
VARIANTS = [
    pytest.param(example.name, variant, id=f"{example.name}-{variant}")
    for example in ALL
    for variant in example.variants
]
SOURCE_ROWS = {"tumour-byo": 569, "abalone-byo": 4177, "credit-byo": 30_000}
ACCOUNTS = {"tools": "111111111111", "qa": "222222222222", "prod": "333333333333"}
ROUNDING = 0.002
"""How far a value may be from what a README shows with three digits, on another machine or library."""


def test_every_example_is_tried() -> None:
    assert sorted(NAMES) == sorted({path.parts[1] for path in sources() if path.parts[0] == "examples"})


# --- the configuration --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_configuration_is_valid_for_every_kind_of_run(name: str) -> None:
    file = BY_NAME[name].folder / "modelyard.yaml"
    assert check(read_file(file), file.parent) == ()
    for selection in (Selection(), Selection(pull_request=1), Selection(environment="prod")):
        assert f"{load(file, selection=selection).configuration.project}-byo" == name


@pytest.mark.parametrize("name", NAMES)
def test_the_configuration_satisfies_the_schema_that_it_names(name: str) -> None:
    text = read_file(BY_NAME[name].folder / "modelyard.yaml")
    named = re.match(r"# yaml-language-server: \$schema=(.+)\n", text.text)
    assert named
    assert (BY_NAME[name].folder / named[1]).resolve() == ROOT / "docs/modelyard.schema.json"
    assert list(Draft202012Validator(document_schema()).iter_errors(as_json(text.text))) == []


@pytest.mark.parametrize("name", NAMES)
def test_accounts_and_roles_are_those_that_the_bootstrap_makes(name: str, trial_of: Trials) -> None:
    configuration = trial_of(name).configuration
    project, tools = configuration.project, configuration.tools
    assert {"tools": tools.account, **{key: env.account for key, env in configuration.environments.items()}} == ACCOUNTS
    assert tools.role == f"arn:aws:iam::111111111111:role/{project}-pipeline"
    assert tools.execution_role == f"arn:aws:iam::111111111111:role/{project}-execution"
    for key, environment in configuration.environments.items():
        account = f"arn:aws:iam::{ACCOUNTS[key]}:role"
        assert environment.deploy_role == f"{account}/{project}-deploy"
        assert environment.execution_role == f"{account}/{project}-execution"
        assert environment.external_id == f"{project}-{key}"


@pytest.mark.parametrize("name", NAMES)
def test_the_first_variant_is_what_the_configuration_says(name: str, trial_of: Trials) -> None:
    assert trial_of(name).configuration.training.hyperparameters == BY_NAME[name].variants[0].settings


# --- preparation --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PREPARED)
def test_every_row_of_the_source_is_in_one_data_set(name: str, trial_of: Trials) -> None:
    sizes = [len(rows) for rows in rows_by_data_set(trial_of(name)).values()]
    assert all(sizes)
    assert sum(sizes) == split_of(trial_of(name))["source"]["rows"] == SOURCE_ROWS[name]


@pytest.mark.parametrize("name", PREPARED)
def test_the_split_is_recorded(name: str, trial_of: Trials) -> None:
    record = split_of(trial_of(name))
    for data_set, rows in rows_by_data_set(trial_of(name)).items():
        digest = hashlib.sha256("".join(f"{row}\n" for row in rows).encode()).hexdigest()
        assert (record[data_set]["rows"], record[data_set]["sha256"]) == (len(rows), digest)


def rows_by_data_set(trial: Trial) -> dict[str, list[str]]:
    """The rows that the preparation wrote, by data set."""
    assert trial.configuration.prepare
    names = [name for name in trial.configuration.prepare.outputs if name != "split"]
    return {name: (trial.data[name] / f"{name}.csv").read_text().splitlines() for name in names}


def split_of(trial: Trial) -> Any:
    return json.loads((trial.data["split"] / "split.json").read_text())


# --- training, evaluation and gates -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_log_has_the_metrics_that_training_defines(name: str, trial_of: Trials) -> None:
    trial = trial_of(name)
    assert trial.model.is_file()
    for definition in trial.configuration.training.metric_definitions.values():
        values = [found[1] for line in trial.lines if (found := re.search(definition, line))]
        assert [math.isfinite(float(value)) for value in values] == [True]


@pytest.mark.parametrize("name", NAMES)
def test_the_evaluation_has_sagemaker_s_format(name: str, trial_of: Trials) -> None:
    """Amazon SageMaker Model Monitor's model quality metrics: a kind, then metrics with value and deviation."""
    (metrics,) = json.loads(trial_of(name).report).values()
    for metric in trial_of(name).configuration.evaluation.metrics:
        assert set(metrics[metric]) == {"value", "standard_deviation"}
        assert trial_of(name).evaluation.metrics[metric].model_dump(exclude={"interval"}) == metrics[metric]


@pytest.mark.parametrize(("name", "variant"), VARIANTS)
def test_the_threshold_gates_refuse_what_they_shall_and_nothing_else(
    name: str, variant: Variant, trial_of: Trials
) -> None:
    trial = trial_of(name, variant)
    assert trial.refused_by() == variant.refused_by


@pytest.mark.parametrize(("name", "variant"), VARIANTS)
def test_the_readme_shows_what_is_measured(name: str, variant: Variant, trial_of: Trials) -> None:
    row = readme_row(name, variant)
    metrics = trial_of(name, variant).evaluation.metrics
    measured = {metric: metrics[metric].value for metric in row if metric != "gates"}
    assert measured
    assert measured == pytest.approx({metric: float(row[metric]) for metric in measured}, abs=ROUNDING)


@pytest.mark.parametrize(("name", "variant"), VARIANTS)
def test_the_readme_says_what_is_refused(name: str, variant: Variant, trial_of: Trials) -> None:
    refused = trial_of(name, variant).refused_by(champion=trial_of(name, BY_NAME[name].variants[0]))
    assert readme_row(name, variant)["gates"].partition(" ")[0].rstrip(":;,") == ("refused" if refused else "passes")


def readme_row(name: str, variant: Variant) -> dict[str, str]:
    """The metrics and the words about the gates that the README's table has for a variant."""
    table = list(table_rows((BY_NAME[name].folder / "README.md").read_text(), first=next(iter(variant.settings))))
    wanted = {key: str(value) for key, value in variant.settings.items()}
    (row,) = [row for row in table if row.items() >= wanted.items()]
    return {column.lower(): cell for column, cell in row.items() if column not in wanted}


def table_rows(text: str, *, first: str) -> Iterator[dict[str, str]]:
    """The rows of the Markdown table whose first column has a name, by column."""
    columns: list[str] = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0] == first:
            columns = cells
        elif not line.startswith("|"):
            columns = []
        elif columns and not set(line) <= set("|- "):
            yield dict(zip(columns, cells, strict=True))


# --- serving ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=NAMES)
def served(request: pytest.FixtureRequest, trial_of: Trials) -> tuple[Trial, list[Answer]]:
    """An example and what its endpoint answers: ping, the requests of the checks, the evaluation, and two mistakes."""
    trial = trial_of(request.param)
    checks = trial.configuration.environments["qa"].checks
    bodies = [(check.content_type, check.body) for check in checks.requests]
    wrong = [("application/json", "{}"), ("text/csv", "1,2\n")]
    posts = [*bodies, ("text/csv", "\n".join(features_of(trial))), *wrong]
    pings = [("GET", "/ping", "text/plain", "")]
    return trial, trial.ask([*pings, *(("POST", "/invocations", kind, body) for kind, body in posts)])


def test_the_endpoint_is_healthy(served: tuple[Trial, list[Answer]]) -> None:
    _, answers = served
    assert answers[0].status == 200


def test_declared_requests_have_the_expected_answers(served: tuple[Trial, list[Answer]]) -> None:
    trial, answers = served
    requests = trial.configuration.environments["qa"].checks.requests
    assert requests
    for request, answer in zip(requests, answers[1:], strict=False):
        assert answer.status == 200
        assert wrong(request, answer.text) == ""


def test_held_out_rows_through_the_endpoint_keep_their_limits(served: tuple[Trial, list[Answer]]) -> None:
    trial, answers = served
    checks, told = trial.configuration.environments["qa"].checks, answers[-3].text.split()
    assert checks.sample or checks.evaluation
    if checks.sample:
        found = judged(checks.sample, labels_of(trial), told)
        assert found.failures == ()
        assert found.value == pytest.approx(trial.evaluation.metrics[checks.sample.metric].value, abs=1e-3)
    if checks.evaluation:
        evaluation, missed = evaluated_by(trial, checks.evaluation, told)
        assert missed == ()
        for metric in checks.evaluation.metrics:
            own = trial.evaluation.metrics[metric].value
            assert evaluation.metrics[metric].value == pytest.approx(own, abs=1e-3)


def evaluated_by(trial: Trial, check: CheckEvaluation, answers: list[str]) -> tuple[Evaluation, tuple[str, ...]]:
    """What answers to the held-out rows come to, and the limits that they miss."""
    predictions = trial.configuration.evaluation.predictions
    assert predictions
    data = DataSet(name=check.data, digest="", manifest="", files=1, size=1)
    return measured(
        [row.encode() for row in evaluation_rows(trial)],
        answers,
        surroundings(FakeAccount(objects=MemoryObjects())),
        wanted=ThroughEndpoint(predictions=predictions, metrics=(), data=data),
        limits=check.metrics,
        place=trial.place,
        model="",
    )


def test_what_the_endpoint_does_not_take_is_refused(served: tuple[Trial, list[Answer]]) -> None:
    _, answers = served
    assert [answer.status for answer in answers[-2:]] == [415, 400]
    assert all(answer.text.strip() for answer in answers[-2:])


def evaluation_rows(trial: Trial) -> list[str]:
    folder = trial.data[trial.configuration.evaluation.data]
    return [row for file in sorted(folder.glob("*.csv")) for row in file.read_text().splitlines()]


def labels_of(trial: Trial) -> list[str]:
    return [row.partition(",")[0] for row in evaluation_rows(trial)]


def features_of(trial: Trial) -> list[str]:
    return [row.partition(",")[2] for row in evaluation_rows(trial)]


# --- the repository itself ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_its_own_tests_pass(name: str) -> None:
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    run = subprocess.run(command, cwd=BY_NAME[name].folder, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("name", NAMES)
def test_the_engine_s_image_holds_every_program(name: str, trial_of: Trials) -> None:
    image = trial_of(name).configuration.image
    dockerfile = (BY_NAME[name].folder / image.dockerfile).read_text()
    assert "ARG BASE_IMAGE" in dockerfile
    programs = [path.name for path in (BY_NAME[name].folder / image.context).iterdir() if is_program(path.name)]
    assert {"train", "serve"} <= set(programs)
    assert f"COPY {image.context} /opt/program" in dockerfile or all(name in dockerfile for name in programs)


def is_program(name: str) -> bool:
    return name in {"train", "serve"} or name.endswith(".py")


def test_the_tumours_are_what_the_script_writes(tmp_path: Path) -> None:
    folder = BY_NAME["tumour-byo"].folder
    subprocess.run([sys.executable, folder / "make_data.py", tmp_path], check=True)
    for file in ("tumours.csv", "columns.txt"):
        assert (tmp_path / file).read_text() == (folder / "data" / file).read_text()


def test_abalone_is_the_file_whose_digest_is_pinned(trial_of: Trials) -> None:
    trial = trial_of("abalone-byo")
    source = trial.configuration.data["abalone"]
    assert hashlib.sha256(trial.sources["abalone"].read_bytes()).hexdigest() == source.sha256
    assert trial.sources["abalone"].name == str(source.url).rpartition("/")[2]
