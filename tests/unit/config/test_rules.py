"""What must hold between the parts of a configuration: each rule is broken by one change of a valid document."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.config.rules import RULES
from agent.config.view import View
from tests.cosigned import Signer
from tests.unit.config.documents import VALID, edited, findings, tree, underlined

if TYPE_CHECKING:
    from pathlib import Path

SERVERLESS = "      serverless:\n        memory_mb: 2048\n        max_concurrency: 20\n"
UNTIL_NAME = VALID[VALID.index("environments:\n") : VALID.index("\n      serverless:")]
"""The environments up to the name of the first one's endpoint."""
LIMITS = "{min_count: 2, max_count: 10,"

UNTIL_GATES = "    loss: {better: lower}\ngates:\n"


def with_gate(gate: str, predictions: str = "task: binary, slices: [sex]") -> tuple[str, str]:
    """Predictions, and one more gate; no predictions where there is no text for them."""
    declared = f"  predictions: {{{predictions}}}\n" if predictions else ""
    return UNTIL_GATES, f"    loss: {{better: lower}}\n{declared}gates:\n  new: {{{gate}}}\n"


def asked(predictions: str, metrics: str = "auc: {min: 0.7}") -> tuple[str, str]:
    """Predictions, and rows that the endpoint of `qa` is asked; no predictions where there is no text for them."""
    until = VALID[VALID.index("gates:\n") : VALID.index("      sample:\n")]
    declared = f"  predictions: {{{predictions}}}\n" if predictions else ""
    return until, f"{declared}{until}      evaluation: {{metrics: {{{metrics}}}}}\n"


ROBUST = "kind: robustness, metric: auc, max_drop: 0.1, perturbations: {{noisy: {{kind: shuffle, columns: [{}]}}}}"


def by_transform(transform: str, predictions: str = "task: binary", gate: str = "") -> tuple[str, str]:
    """Batch transform instead of the script, and one more gate if there is a text for it."""
    until = VALID[VALID.index("  script: evaluate.py\n") : VALID.index("gates:\n")]
    way = f"  transform: {{{transform}}}\n" + (f"  predictions: {{{predictions}}}\n" if predictions else "")
    rest = until.removeprefix("  script: evaluate.py\n")
    return f"{until}gates:\n", f"{way}{rest}gates:\n" + (f"  new: {{{gate}}}\n" if gate else "")


BROKEN_RULES = {
    "two ways to evaluate": (
        ("  script: evaluate.py\n", "  script: evaluate.py\n  transform: {}\n"),
        "the evaluation has both `script` and `transform`",
        "transform",
        "already measured by a script",
    ),
    "no way to evaluate": (
        ("  script: evaluate.py\n", ""),
        "the evaluation has neither `script` nor `transform`",
        "evaluation",
        "",
    ),
    "a batch transform of what nothing is said about": (
        by_transform("", ""),
        "`evaluation.transform` measures answers, and nothing says what the model is asked",
        "transform",
        "",
    ),
    "a metric of a script where there is none": (
        by_transform(""),
        "nothing writes the metric `loss`, which binary predictions do not tell",
        "loss",
        "no script",
    ),
    "a batch transform of queries": (
        by_transform("", "task: ranking"),
        "`evaluation.transform` asks row by row, which does not tell the queries of a ranking",
        "transform",
        "the task",
    ),
    "requests that are too large together": (
        by_transform("max_payload_mb: 20, max_concurrent: 6"),
        "6 requests of 20 MB at once are more than SageMaker's 100 MB",
        "20",
        "",
    ),
    "requests of the usual size that are too many at once": (
        by_transform("max_concurrent: 20"),
        "20 requests of 6 MB at once are more than SageMaker's 100 MB",
        "20",
        "",
    ),
    "a header that would be asked": (
        by_transform("", gate=f"{ROBUST.format('age')}, header: true"),
        "gate `new` says that held-out data have a header, which batch transform would ask as a row",
        "true",
        "asks every line",
    ),
    "a gate that demands proof where nothing is predicted": (
        with_gate("kind: threshold, metric: auc, min: 0.7, confidence: 0.95", ""),
        "gate `new` looks at predictions, and the evaluation is not said to write any",
        "0.95",
        "evaluated here",
    ),
    "a gate on slices where nothing is predicted": (
        with_gate("kind: slices, metric: auc, min: 0.7, slice: sex", ""),
        "gate `new` looks at predictions, and the evaluation is not said to write any",
        "slices",
        "evaluated here",
    ),
    "a gate on an unknown slice": (
        with_gate("kind: slices, metric: auc, min: 0.7, slice: sx"),
        "gate `new` looks at the slice `sx`, which predictions are not said to have",
        "sx",
        "slices are declared here",
    ),
    "a gate of two classes on a regression": (
        with_gate("kind: calibration, max_ece: 0.1", "task: regression"),
        "gate `new` is of the kind `calibration`, which is of binary predictions, and these are regression",
        "calibration",
        "the task",
    ),
    "a gate that proves a metric of the script's own": (
        with_gate("kind: threshold, metric: loss, max: 0.7, confidence: 0.95"),
        "gate `new` judges the metric `loss` row by row, which binary predictions do not tell",
        "loss",
        "the task",
    ),
    "a champion that is compared by what has no pairs": (
        with_gate("kind: champion, metric: ece, environment: prod, confidence: 0.95"),
        "gate `new` compares the metric `ece` row by row, which binary predictions do not tell",
        "ece",
        "the task",
    ),
    "a setting of predictions of another task": (
        with_gate("kind: threshold, metric: auc, min: 0.7", "task: binary, k: 5"),
        "`k` is of ranking predictions, and these are binary",
        "5",
        "the task",
    ),
    "rows that are asked of a model of which nobody says what it answers": (
        asked(""),
        "`environments.qa.checks.evaluation` measures answers, and nothing says what the model is asked",
        "evaluation",
        "",
    ),
    "rows that are asked for a ranking": (
        asked("task: ranking"),
        "`environments.qa.checks.evaluation` asks row by row, which does not tell the queries of a ranking",
        "evaluation",
        "the task",
    ),
    "a slice without a column of the rows that are asked": (
        asked("task: binary, slices: [sex, age], columns: {sex: column2}"),
        "nothing says which column of the data is the slice `age`, where rows are asked",
        "age",
        "asks row by row",
    ),
    "a metric that is not computed of what the endpoint answers": (
        asked("task: binary", "loss: {max: 0.7}"),
        "the check of `qa` measures `loss`, which binary predictions do not tell",
        "loss",
        "the task",
    ),
    "a metric through the endpoint that nobody limits": (
        asked("task: binary", "auc: {confidence: 0.95}"),
        "the check of `qa` on auc has neither `min` nor `max`, so everything passes",
        "auc",
        "",
    ),
    "a metric through the endpoint that no value satisfies": (
        asked("task: binary", "auc: {min: 0.9, max: 0.8}"),
        "the check of `qa` on auc lets nothing pass: `min` is greater than `max`",
        "0.8",
        "at least this",
    ),
    "an evaluation through the endpoint of data that nothing provides": (
        (
            "      sample:\n",
            "      evaluation: {data: holdout, metrics: {auc: {min: 0.7}}}\n      sample:\n",
        ),
        "`environments.qa.checks.evaluation` reads the data set `holdout`, which nothing provides",
        "holdout",
        "data sources are declared here",
    ),
    "a column of what is no slice": (
        with_gate("kind: threshold, metric: auc, min: 0.7", "task: binary, slices: [sex], columns: {sx: column2}"),
        "`sx` has a column, and is none of the slices that are measured apart",
        "sx",
        "",
    ),
    "a metric whose direction is turned": (
        ("    loss: {better: lower}\n", "    f1: {better: lower}\n  predictions: {task: binary}\n"),
        "of the metric `f1` of binary predictions `higher` is better, not `lower`",
        "lower",
        "the task",
    ),
    "a gate on perturbations where nothing is predicted": (
        with_gate(ROBUST.format("age"), ""),
        "gate `new` looks at predictions, and the evaluation is not said to write any",
        "robustness",
        "evaluated here",
    ),
    "a drop of a metric that has no pairs": (
        with_gate(ROBUST.format("age").replace("auc", "ece")),
        "gate `new` compares the metric `ece` row by row, which binary predictions do not tell",
        "ece",
        "the task",
    ),
    "a perturbed slice": (
        with_gate(ROBUST.format("sex")),
        "the perturbation `noisy` of gate `new` changes the column `sex`, which is the slice `sex`",
        "sex",
        "stays as it is",
    ),
    "a perturbed slice by its place": (
        with_gate(ROBUST.format("column2"), "task: binary, slices: [sex], columns: {sex: column2}"),
        "the perturbation `noisy` of gate `new` changes the column `column2`, which is the slice `sex`",
        "column2",
        "stays as it is",
    ),
    "slices of which none can pass": (
        with_gate("kind: slices, metric: auc, slice: sex, min: 0.9, max: 0.8"),
        "gate `new` lets nothing pass: `min` is greater than `max`",
        "0.8",
        "at least this",
    ),
    "a percentage": (
        with_gate("kind: slices, metric: auc, slice: sex, min: 70"),
        "no model passes: `auc` is between 0 and 1",
        "70",
        "",
    ),
    "a limit that nothing misses": (
        with_gate("kind: threshold, metric: log_loss, min: -1"),
        "every model passes: `log_loss` is 0 or more",
        "-1",
        "",
    ),
    "decisions that are worth nothing": (
        with_gate("kind: business, values: {true_positive: 0}, min: 0"),
        "`values` of gate `new` are all 0, so every model is worth the same",
        "values",
        "",
    ),
    "a perturbed label": (
        with_gate(ROBUST.format("ill") + ", header: true, label: ill"),
        "the perturbation `noisy` of gate `new` changes the column `ill`, which is the label",
        "ill",
        "stays as it is",
    ),
    "a perturbed label without a name": (
        with_gate(ROBUST.format("column0")),
        "the perturbation `noisy` of gate `new` changes the column `column0`, the first one, which is the label",
        "column0",
        "stays as it is",
    ),
    "a perturbed id of rows": (
        with_gate(ROBUST.format("row_id")),
        "the perturbation `noisy` of gate `new` changes the column `row_id`, by which rows are known",
        "row_id",
        "stays as it is",
    ),
    "a gate on rows without a limit": (
        with_gate("kind: fairness, slice: sex"),
        "gate `new` has no limit, so everything passes",
        "new",
        "",
    ),
    "a commit's author who is no approver": (
        ("    keep: 1", "    keep: 1\n    approval: {approvers: [alice, bob], git_names: {alcie: [Alice Liddell]}}"),
        "`git_names` of `qa` has `alcie`, who is none of its approvers",
        "alcie",
        "",
    ),
    "branches of an environment that needs an approval": (
        ("    keep: 1", "    keep: 1\n    branches: [main]\n    approval: {approvers: [alice, bob]}"),
        "no build deploys to `qa` by itself, which needs an approval",
        "branches",
        "somebody has to approve",
    ),
    "four eyes of one person": (
        ("    keep: 1", "    keep: 1\n    approval: {approvers: [alice], four_eyes: true}"),
        "nobody could approve what the only approver of `qa` makes: `four_eyes` demands another one",
        "true",
        "the only approver",
    ),
    "a gate that guards an unknown environment": (
        ("    metric: auc\n    min", "    metric: auc\n    environments: [prd]\n    min"),
        "gate `auc-threshold` guards the environment `prd`, which does not exist",
        "prd",
        "environments are declared here",
    ),
    "a gate that guards an environment, in builds that go nowhere": (
        ("    metric: auc\n    min", "    metric: auc\n    environments: [prod]\n    builds: [pr]\n    min"),
        "gate `auc-threshold` judges only builds of pull requests, which release nothing",
        "builds",
        "these it guards",
    ),
    "a limit of a column that is no number": (
        ("gates:\n", "gates:\n  sound: {kind: data-schema, columns: {site: {type: text, min: 3}}}\n"),
        "`min` of the column `site` limits numbers",
        "3",
        "no number",
    ),
    "a column that no value may be in": (
        ("gates:\n", "gates:\n  sound: {kind: data-schema, columns: {age: {type: integer, min: 9, max: 3}}}\n"),
        "no value of the column `age` passes: `min` is greater than `max`",
        "3",
        "at least this",
    ),
    "a value of another type than its column": (
        ("gates:\n", 'gates:\n  sound: {kind: data-schema, columns: {age: {type: integer, values: [1, "2"]}}}\n'),
        "a value of the column `age` is no integer",
        '"2"',
        "the column's type",
    ),
    "leakage from a data set to itself": (
        ("gates:\n", "gates:\n  apart: {kind: leakage, held_out: training}\n"),
        "gate `apart` looks for rows of `training` in `training` itself",
        "training",
        "",
    ),
    "a gate on data that nothing provides": (
        ("gates:\n", "gates:\n  apart: {kind: leakage, data: trainig}\n"),
        "`gates.apart` reads the data set `trainig`, which nothing provides",
        "trainig",
        "data sources are declared here",
    ),
    "a summary of data that nothing provides": (
        ("gates:\n", "data_summaries: {trainig: {header: true}}\ngates:\n"),
        "`data_summaries` reads the data set `trainig`, which nothing provides",
        "trainig",
        "data sources are declared here",
    ),
    "a summary beside an environment that there is not": (
        ("gates:\n", "data_summaries: {training: {environment: prd}}\ngates:\n"),
        "the summary of `training` compares with the environment `prd`, which does not exist",
        "prd",
        "environments are declared here",
    ),
    "a load of nothing": (
        (
            VALID[VALID.index("    checks:\n") : VALID.index("    keep: 1\n")],
            "    checks:\n      load: {requests: 50}\n",
        ),
        "the load on `qa` has nothing to send",
        "load",
        "",
    ),
    "a limited cost without a price": (
        ("      sample:\n", "      load: {max_cost: 1}\n      sample:\n"),
        "the load on `qa` limits costs, and does not say what the endpoint costs",
        "1",
        "",
    ),
    "more time for half of the answers than for nearly all": (
        ("      sample:\n", "      load: {max_p50_ms: 90, max_p99_ms: 50}\n      sample:\n"),
        "the load on `qa` gives half of the answers more time than 99 of 100",
        "90",
        "99 of 100 within this",
    ),
    "fewer vulnerabilities allowed than of a worse severity": (
        ("gates:\n", "gates:\n  holes: {kind: vulnerabilities, most: {critical: 3, high: 1}}\n"),
        "`high: 1` counts what is critical, too, so that `critical: 3` says nothing",
        "1",
        "more than that, of a worse severity",
    ),
    "a gate on licences that takes them all": (
        ("gates:\n", "gates:\n  licences: {kind: licenses}\n"),
        "gate `licences` neither allows nor denies a licence, so everything passes",
        "licences",
        "",
    ),
    "a licence that is allowed and denied": (
        ("gates:\n", "gates:\n  licences: {kind: licenses, allowed: [MIT, BSD-*], denied: [mit]}\n"),
        "gate `licences` allows and denies `mit`",
        "mit",
        "allowed here",
    ),
    "a key that is not there": (
        ("gates:\n", "gates:\n  base: {kind: base-image, signed_by: [keys/platform.pub]}\n"),
        "there is no file `keys/platform.pub` in the model repository",
        "keys/platform.pub",
        "",
    ),
    "a custom gate without its module": (
        ("    kind: threshold\n    metric: auc\n    min: 0.75", "    kind: custom\n    entry_point: checks.harm:few"),
        "there is no file `checks/harm.py` in the model repository",
        "checks.harm:few",
        "",
    ),
    "a data source with two origins": (
        ("    s3: s3://credit-data/2026/", "    s3: s3://credit-data/2026/\n    path: data"),
        "data source `raw` has both `path` and `s3`",
        "s3://credit-data/2026/",
        "already comes from here",
    ),
    "a data source without an origin": (
        ("    s3: s3://credit-data/2026/", "    content_type: text/csv"),
        "data source `raw` does not say where it comes from",
        "raw",
        "",
    ),
    "a download without a digest": (
        ("    sha256: 9f86", "    #sha256: 9f86"),
        "data source `terms` is downloaded without a digest",
        "https://example.com/terms.csv",
        "",
    ),
    "a channel of unknown data": (
        ("    training: training", "    training: trainig"),
        "`training` reads the data set `trainig`, which nothing provides",
        "trainig",
        "data sources are declared here",
    ),
    "an evaluation of unknown data by default": (
        ("  outputs: [training, evaluation]", "  outputs: [training]"),
        "`evaluation` reads the data set `evaluation`, which nothing provides",
        "evaluation",
        "data sources are declared here",
    ),
    "a preparation of what it makes itself": (
        ("  inputs: [raw]", "  inputs: [training]"),
        "`prepare` reads the data set `training`, which nothing provides",
        "training",
        "data sources are declared here",
    ),
    "a source where the script of the preparation is": (
        ("raw]", "raw, code]"),
        "the preparation cannot read a data source called `code`",
        "code",
        "",
    ),
    "a prepared data set with the name of a source": (
        ("  outputs: [training, evaluation]", "  outputs: [training, evaluation, terms]"),
        "the prepared data set `terms` has a name that is taken",
        "terms",
        "first used here",
    ),
    "a wait that is shorter than the job": (
        ("    max_wait: 2h", "    max_wait: 30m"),
        "`max_wait` is 30m, shorter than `max_runtime`, which is 1h",
        "30m",
        "runs this long",
    ),
    "layers without a base": (
        ("  base_image: python:3.11-slim\n", ""),
        "the builder `layers` needs `base_image`",
        "layers",
        "",
    ),
    "a gate on a metric that nothing produces": (
        ("    metric: auc\n    min", "    metric: acu\n    min"),
        "gate `auc-threshold` judges the metric `acu`, which nothing produces",
        "acu",
        "metrics are declared here",
    ),
    "a champion compared by a metric of training": (
        ("    metric: auc\n    environment", "    metric: train:auc\n    environment"),
        "gate `against-prod` compares the metric `train:auc`, which is only known of the model in training",
        "train:auc",
        "comes from the training log",
    ),
    "a champion in an unknown environment": (
        ("    environment: prod", "    environment: production"),
        "gate `against-prod` compares with the environment `production`, which does not exist",
        "production",
        "environments are declared here",
    ),
    "a threshold without a limit": (
        ("    min: 0.75\n", ""),
        "gate `auc-threshold` has neither `min` nor `max`, so everything passes",
        "auc-threshold",
        "",
    ),
    "a threshold that nothing passes": (
        ("    min: 0.75\n", "    min: 0.75\n    max: 0.5\n"),
        "gate `auc-threshold` lets nothing pass: `min` is greater than `max`",
        "0.5",
        "at least this",
    ),
    "an override for an unknown environment": (
        ("  environments:\n    prod:\n      gates", "  environments:\n    prd:\n      gates"),
        "this override never applies: there is no environment `prd`",
        "prd",
        "",
    ),
    "production without an external id": (
        ("    external_id: credit-7f3a\n", ""),
        "production environment `prod` has no `external_id`",
        "true",
        "",
    ),
    "an external id without a role": (
        ("    deploy_role: arn:aws:iam::333333333333:role/deploy\n", ""),
        "environment `prod` has an `external_id`, but no role to assume with it",
        "credit-7f3a",
        "",
    ),
    "another account without a role": (
        ("    deploy_role: arn:aws:iam::222222222222:role/deploy\n", ""),
        "environment `qa` is in another account than the pipeline, but has no `deploy_role`",
        '"222222222222"',
        "the pipeline runs in this account",
    ),
    "a deploy role of another account": (
        ("arn:aws:iam::222222222222:role/deploy", "arn:aws:iam::333333333333:role/deploy"),
        "`deploy_role` is a role of account 333333333333, not of 222222222222",
        "arn:aws:iam::333333333333:role/deploy",
        "the account here",
    ),
    "an execution role of another account than the tools'": (
        ("arn:aws:iam::111111111111:role/jobs", "arn:aws:iam::222222222222:role/jobs"),
        "`execution_role` is a role of account 222222222222, not of 111111111111",
        "arn:aws:iam::222222222222:role/jobs",
        "the account here",
    ),
    "a pipeline role of another account than the tools'": (
        ("arn:aws:iam::111111111111:role/pipeline", "arn:aws:iam::333333333333:role/pipeline"),
        "`role` is a role of account 333333333333, not of 111111111111",
        "arn:aws:iam::333333333333:role/pipeline",
        "the account here",
    ),
    "a check on a sample of unknown data": (
        ("        rows: 500\n", "        data: holdout\n"),
        "`environments.qa.checks.sample` reads the data set `holdout`, which nothing provides",
        "holdout",
        "data sources are declared here",
    ),
    "a check on a sample without a limit": (
        ("        min: 0.7\n", ""),
        "the check of `qa` on a sample has neither `min` nor `max`, so everything passes",
        "sample",
        "",
    ),
    "a check on a sample that nothing passes": (
        ("        min: 0.7\n", "        min: 0.7\n        max: 0.6\n"),
        "the check of `qa` on a sample lets nothing pass: `min` is greater than `max`",
        "0.6",
        "at least this",
    ),
    "a key of another region": (
        ("arn:aws:kms:eu-central-1", "arn:aws:kms:us-east-1"),
        "`kms_key` is a key of us-east-1, not of eu-central-1",
        "arn:aws:kms:us-east-1:333333333333:alias/credit",
        "the region here",
    ),
    "a production environment that takes branches": (
        ("    production: true", "    branches: [main]\n    production: true"),
        "no build deploys to the production environment `prod` by itself",
        "branches",
        "real users depend on it",
    ),
    "endpoints of pull requests in no environment": (
        ("when_interrupted: leave_jobs", "pull_requests: {endpoint: {environment: dev}}"),
        "there is no environment `dev`",
        "dev",
        "",
    ),
    "endpoints of pull requests in production": (
        ("when_interrupted: leave_jobs", "pull_requests: {endpoint: {environment: prod}}"),
        "endpoints of pull requests do not belong in a production account",
        "prod",
        "real users depend on it",
    ),
    "endpoints of pull requests with two hostings": (
        (
            "when_interrupted: leave_jobs",
            "pull_requests: {endpoint: {environment: qa, instance: {type: ml.m5.large}, serverless: {}}}",
        ),
        "the endpoints of pull requests have both `instance` and `serverless`",
        "serverless",
        "already hosted on instances",
    ),
    "endpoints of pull requests whose names are too long": (
        (UNTIL_NAME, f"pull_requests: {{endpoint: {{environment: qa}}}}\n{UNTIL_NAME}{'-long' * 9}"),
        f"`credit-risk{'-long' * 9}-pr-1234567` would be longer than SageMaker's 63 characters",
        f"credit-risk{'-long' * 9}",
        "endpoints of pull requests are named after it",
    ),
    "an endpoint with two hostings": (
        (SERVERLESS, SERVERLESS + "      instance: {type: ml.m5.large}\n"),
        "the endpoint of `qa` has both `instance` and `serverless`",
        "serverless",
        "already hosted on instances",
    ),
    "an endpoint without hosting": (
        (SERVERLESS, ""),
        "the endpoint of `qa` has neither `instance` nor `serverless`",
        "endpoint",
        "",
    ),
    "data capture of a serverless endpoint": (
        (SERVERLESS, SERVERLESS + "      data_capture: {prefix: s3://bucket/qa}\n"),
        "the serverless endpoint of `qa` cannot capture data",
        "data_capture",
        "serverless",
    ),
    "a gradual update of a serverless endpoint": (
        (SERVERLESS, SERVERLESS + "      strategy: {kind: linear}\n"),
        "the serverless endpoint of `qa` cannot be updated by `linear`",
        "linear",
        "serverless",
    ),
    "a network of a serverless endpoint": (
        (SERVERLESS, SERVERLESS + "    network: {isolated: true}\n"),
        "the serverless endpoint of `qa` has no network of its own",
        "network",
        "serverless",
    ),
    "a count that scaling cannot keep": (
        ("        count: 2\n", "        count: 12\n"),
        "the endpoint of `prod` starts with 12 instances, outside of 2 to 10",
        "12",
        "",
    ),
    "scaling between limits that are swapped": (
        (LIMITS, "{min_count: 10, max_count: 2,"),
        "the endpoint of `prod` cannot scale: `min_count` is greater than `max_count`",
        "2",
        "at least this",
    ),
    "a script that is not there": (
        ("script: evaluate.py", "script: evalaute.py"),
        "there is no file `evalaute.py` in the model repository",
        "evalaute.py",
        "",
    ),
}


@pytest.mark.parametrize("name", BROKEN_RULES)
def test_a_broken_rule_is_found_where_it_is_broken(name: str, tmp_path: Path) -> None:
    change, message, marked, label = BROKEN_RULES[name]
    found = [finding for finding in findings(edited(change), tmp_path) if finding.message == message]
    assert [(underlined(finding), *(other.label for other in finding.related)) for finding in found] == [
        (marked, label) if label else (marked,)
    ]
    assert all(finding.hint for finding in found)


def test_a_file_that_is_no_public_key_is_found_before_an_image_is_built(tmp_path: Path) -> None:
    (tmp_path / "platform.pub").write_text("ssh-rsa AAAA")
    text = edited(("gates:\n", "gates:\n  base: {kind: base-image, signed_by: [platform.pub]}\n"))
    (found,) = findings(text, tmp_path)
    assert (underlined(found), found.code) == ("platform.pub", "unusable-key")
    (tmp_path / "platform.pub").write_text(Signer().pem)
    assert findings(text, tmp_path) == ()


def test_a_gate_may_judge_what_only_predictions_tell(tmp_path: Path) -> None:
    gates = (
        "kind: threshold, metric: mcc, min: 0.3, confidence: 0.95",
        "kind: slices, metric: recall, slice: sex, max_gap: 0.1",
        "kind: fairness, slice: sex, disparate_impact: 0.8",
        "kind: business, values: {true_positive: 10}, min: 1",
        f"{ROBUST.format('age')}, header: true, label: ill, confidence: 0.95",
    )
    for gate in gates:
        assert findings(edited(with_gate(gate)), tmp_path) == ()


def test_two_environments_that_share_an_endpoint_are_found_with_the_first_one(tmp_path: Path) -> None:
    text = edited(('account: "333333333333"', 'account: "222222222222"'))
    (found,) = [finding for finding in findings(text, tmp_path) if finding.code == "shared-endpoint"]
    assert found.message == "environment `prod` has the same endpoint as `qa` in account 222222222222, eu-central-1"
    assert found.related[0].place.line < found.place.line
    assert text.splitlines()[found.related[0].place.line - 1] == "      name: credit-risk"


def test_endpoints_of_one_name_in_different_accounts_are_not_shared(tmp_path: Path) -> None:
    assert [finding.code for finding in findings(edited(), tmp_path)] == []


def test_the_account_may_be_a_number_when_two_endpoints_are_compared(tmp_path: Path) -> None:
    text = edited(('account: "333333333333"', "account: 222222222222"))
    assert "shared-endpoint" in {finding.code for finding in findings(text, tmp_path)}


def test_an_account_that_lost_its_zero_is_still_compared_with_its_roles(tmp_path: Path) -> None:
    text = edited(('account: "222222222222"', "account: 022222222222"))
    messages = [finding.message for finding in findings(text, tmp_path)]
    assert "`deploy_role` is a role of account 222222222222, not of 022222222222" in messages


def test_the_data_set_that_is_read_by_default_must_exist_too(tmp_path: Path) -> None:
    text = edited(("  data: evaluation\n", ""), ("  outputs: [training, evaluation]", "  outputs: [training]"))
    assert [found.message for found in findings(text, tmp_path)] == [
        "`evaluation` reads the data set `evaluation` by default, which nothing provides",
        "`environments.qa.checks.sample` reads the data set `evaluation` by default, which nothing provides",
    ]


def test_a_rule_that_only_an_override_breaks_points_into_the_override(tmp_path: Path) -> None:
    text = edited(("        auc-threshold: {min: 0.78}", "        auc-threshold: {metric: precision}"))
    (found,) = findings(text, tmp_path)
    assert "nothing produces" in found.message
    assert text.splitlines()[found.place.line - 1] == "        auc-threshold: {metric: precision}"


def test_removing_a_value_in_an_override_can_mend_a_rule(tmp_path: Path) -> None:
    change = "      hyperparameters: {max_depth: 3}"
    endpoint = "{instance: , data_capture: , strategy: , serverless: {memory_mb: 1024, max_concurrency: 1}}"
    switch = f"{change}\n    environments: {{prod: {{endpoint: {endpoint}}}}}"
    assert findings(edited((change, switch)), tmp_path) == ()


def test_every_rule_has_a_case() -> None:
    shared = edited(('account: "333333333333"', 'account: "222222222222"'))
    texts = [shared, *(edited(change) for change, *_ in BROKEN_RULES.values())]
    views = [View(document=tree(text)) for text in texts]
    assert [rule.__name__ for rule in RULES if not any(list(rule(view)) for view in views)] == []
