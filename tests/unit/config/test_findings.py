"""What is said about values that are wrong in themselves: the place, the rule and the hint."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import pytest

from agent.config.gate import Gate
from agent.config.wording import in_list
from tests.unit.config.documents import VALID, edited, findings, underlined

if TYPE_CHECKING:
    from pathlib import Path

KINDS = in_list(get_args(gate.model_fields["kind"].annotation)[0] for gate in get_args(get_args(Gate)[0]))
WRONG_VALUES = {
    "an unknown key": (
        ("    volume_gb: 50", "    volumegb: 50"),
        "volumegb",
        "unknown key `volumegb` in `training.resources`",
        "did you mean `volume_gb`?",
    ),
    "a key in camel case": (
        ("    instance_count: 2", "    instanceCount: 2"),
        "instanceCount",
        "unknown key `instanceCount` in `training.resources`",
        "did you mean `instance_count`?",
    ),
    "a key of another section": (
        ("  max_runtime: 1h\n", "  max_runtime: 1h\n  volume_gb: 50\n"),
        "volume_gb",
        "unknown key `volume_gb` in `training`",
        "`volume_gb` is a key of `training.resources`",
    ),
    "a key that resembles nothing": (
        ("    max_wait: 2h", "    max_wait: 2h\n    zzz: 1"),
        "zzz",
        "unknown key `zzz` in `training.spot`",
        "the keys here are `max_wait` and `checkpoint`",
    ),
    "a key that only the other kind of gate has": (
        ("    min: 0.75", "    min: 0.75\n    margin: 1"),
        "margin",
        "unknown key `margin` in `gates.auc-threshold`",
        "did you mean `min`?",
    ),
    "a missing key": (
        ("    max_wait: 2h\n", ""),
        "spot",
        "`training.spot` needs the key `max_wait`",
        "longest time of waiting and training together, in seconds or as a duration; for example `max_wait: 2h`",
    ),
    "a key without a value": (
        ("project: credit-risk", "project:"),
        "project",
        "`project` has no value",
        (
            "name that buckets, repositories and jobs derive from: lower-case, digits, single hyphens; "
            "for example `project: credit-risk`"
        ),
    ),
    "a section that is no mapping": (
        ("  spot:\n    max_wait: 2h\n    checkpoint: true\n", "  spot: true\n"),
        "true",
        "`spot` must be a mapping, not `true`",
        "its keys are `max_wait` and `checkpoint`",
    ),
    "a mapping that is no list": (
        ("  outputs: [training, evaluation]", "  outputs: training"),
        "training",
        '`outputs` must be a list, not the text "training"',
        'for example `outputs: ["training", "evaluation"]`',
    ),
    "an item of a list": (
        ("  outputs: [training, evaluation]", "  outputs: [training, evaluation, 7]"),
        "7",
        "item 3 of `outputs` must be text, not the number 7",
        'quote it: `"7"`',
    ),
    "a number in quotes": (
        ("    instance_count: 2", '    instance_count: "2"'),
        '"2"',
        '`instance_count` must be a whole number, not the text "2"',
        "remove the quotes: `instance_count: 2`",
    ),
    "a text that YAML reads as a number": (
        ("external_id: credit-7f3a", "external_id: 0123"),
        "0123",
        "`external_id` must be text, not the number 0123",
        'quote it: `external_id: "0123"`',
    ),
    "a truth value of YAML 1.1": (
        ("production: true", "production: yes"),
        "yes",
        '`production` must be true or false, not the text "yes"',
        "YAML 1.2 knows only true and false: `production: true`",
    ),
    "a number out of its limits": (
        ("        percent: 10\n", "        percent: 80\n"),
        "80",
        "`percent` must be at most 50, not 80",
        "capacity of the first step, in percent of the fleet",
    ),
    "a duration out of its limits": (
        ("        interval: 5m", "        interval: 2h"),
        "2h",
        "`interval` must be at most 1h, not 2h",
        "time between two steps, in seconds or as a duration (at most an hour)",
    ),
    "a duration in words": (
        ("    max_wait: 2h", "    max_wait: two hours"),
        "two hours",
        '`max_wait` must be a duration: a number of seconds, or such as `30m`, `2h`, not the text "two hours"',
        "longest time of waiting and training together, in seconds or as a duration",
    ),
    "a choice with a typing error": (
        ("auc: {better: higher}", "auc: {better: hihger}"),
        "hihger",
        '`better` must be `higher` or `lower`, not the text "hihger"',
        "did you mean `higher`?",
    ),
    "a number that is no choice": (
        ("memory_mb: 2048", "memory_mb: 2000"),
        "2000",
        "`memory_mb` must be `1024`, `2048`, `3072`, `4096`, `5120` or `6144`, not the number 2000",
        "memory of each concurrent invocation, in MiB",
    ),
    "an unknown kind": (
        ("kind: threshold", "kind: treshold"),
        "treshold",
        f'`kind` must be {KINDS}, not the text "treshold"',
        "did you mean `threshold`?",
    ),
    "a day that is not in the calendar": (
        ("gates:\n", "gates:\n  holes: {kind: vulnerabilities, accepted: {CVE-1: {reason: no, until: 2026-02-30}}}\n"),
        "2026-02-30",
        '`until` must be a day such as `2027-01-31`, not the text "2026-02-30"',
        "the last day on which it is accepted, in UTC",
    ),
    "a missing kind": (
        ("        kind: canary\n", ""),
        "strategy",
        "`environments.prod.endpoint.strategy` needs the key `kind`",
        "it is `all_at_once`, `canary`, `linear` or `rolling`",
    ),
    "a malformed instance type": (
        ("        type: ml.m5.large", "        type: m5.large"),
        "m5.large",
        '`type` must be an instance type, not the text "m5.large"',
        "for example `type: ml.m5.large`",
    ),
    "a malformed role": (
        ("deploy_role: arn:aws:iam::222222222222:role/deploy", "deploy_role: deployer"),
        "deployer",
        '`deploy_role` must be a role ARN, not the text "deployer"',
        "for example `deploy_role: arn:aws:iam::123456789012:role/credit-risk-deploy`",
    ),
    "an account that lost its zero": (
        ('account: "222222222222"', "account: 022222222222"),
        "022222222222",
        "`account` must be text, for YAML reads the number 22222222222, which has no leading zeros",
        'quote it, so that YAML keeps its leading zeros: `account: "022222222222"`',
    ),
    "an account with a hyphen": (
        ('account: "222222222222"', "account: 2222-2222-2222"),
        "2222-2222-2222",
        '`account` must be an account id of 12 digits, not the text "2222-2222-2222"',
        "account id of 12 digits; quote it when it starts with a zero",
    ),
    "a hyperparameter that is a list": (
        ("    max_depth: 6", "    max_depth: [6, 7]"),
        "max_depth",
        "`max_depth` must be a text, a finite number, true or false, not a list",
        "",
    ),
    "a project name that buckets cannot have": (
        ("project: credit-risk", "project: Credit_Risk"),
        "Credit_Risk",
        '`project` must be a project name, not the text "Credit_Risk"',
        "for example `project: credit-risk`",
    ),
    "a project name that is too long": (
        ("project: credit-risk", f"project: {'a' * 32}"),
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "`project` must have at most 31 characters",
        "name that buckets, repositories and jobs derive from: lower-case, digits, single hyphens",
    ),
    "a name that does not fit": (
        ("  qa:", "  QA_1:"),
        "QA_1",
        "`QA_1` cannot be a name in `environments`",
        "names here match `^[a-z0-9]+(-[a-z0-9]+)*$` and have at most 20 characters",
    ),
    "a price of no instance type": (
        ("project: credit-risk", "project: credit-risk\nprices: {m5.large: 0.115}"),
        "m5.large",
        "`m5.large` cannot be a name in `prices`",
        "names here match `^ml\\.[a-z0-9-]+\\.[a-z0-9]+$`",
    ),
    "a regular expression without a group": (
        ("train-auc=([0-9.]+)", "train-auc=[0-9.]+"),
        "train-auc=[0-9.]+",
        "`train:auc` has no group in parentheses to read the number from",
        "",
    ),
    "a regular expression that does not compile": (
        ("train-auc=([0-9.]+)", "train-auc=([0-9.]+"),
        "train-auc=([0-9.]+",
        "`train:auc` is not a regular expression: missing ), unterminated subpattern at position 10",
        "",
    ),
    "an answer that is no regular expression": (
        ("answer: 0[.][0-9]+", "answer: (0"),
        "(0",
        "`answer` is not a regular expression: missing ), unterminated subpattern at position 0",
        "regular expression that the whole answer matches, without white space around it",
    ),
    "a request without a body": (
        ("        - body: 24,2,2,1,22\n          answer", "        - answer"),
        "answer: 0[.][0-9]+",
        "`environments.qa.checks.requests.0` needs the key `body`",
        "what is sent; for example `body: 5.1,3.5,1.4,0.2`",
    ),
    "a metric that no sample is measured by": (
        ("        metric: auc\n        rows", "        metric: acu\n        rows"),
        "acu",
        '`metric` must be `accuracy`, `auc`, `mse` or `rmse`, not the text "acu"',
        "did you mean `auc`?",
    ),
    "a path that leaves the repository": (
        ("script: evaluate.py", "script: ../evaluate.py"),
        "../evaluate.py",
        '`script` must be a path inside the repository, relative to this file, not the text "../evaluate.py"',
        "script to run in the model's image",
    ),
    "an empty mapping": (
        ("  metrics:\n    auc: {better: higher}\n    loss: {better: lower}\n", "  metrics: {}\n"),
        "metrics",
        "`metrics` must have at least 1 entry",
        "metrics by name, which the script writes or predictions tell",
    ),
    "a mistake inside an override": (
        ("      max_runtime: 10m", "      max_runtme: 10m"),
        "max_runtme",
        "unknown key `max_runtme` in `training`",
        "did you mean `max_runtime`?",
    ),
    "an override that is no mapping": (
        ("  pr:\n    training:\n", "  pr: true\n  _:\n    training:\n"),
        "true",
        "`pr` must be a mapping, not `true`",
        "for pull requests",
    ),
}


TOGETHER = (
    "a key without a value",
    "an unknown key",
    "a choice with a typing error",
    "an unknown kind",
    "a malformed role",
    "a number that is no choice",
    "a missing kind",
    "a mistake inside an override",
)


def test_the_valid_document_is_valid(tmp_path: Path) -> None:
    assert findings(VALID, tmp_path) == ()


@pytest.mark.parametrize("name", WRONG_VALUES)
def test_a_wrong_value_is_explained_at_its_place(name: str, tmp_path: Path) -> None:
    change, underlined_text, message, hint = WRONG_VALUES[name]
    found = [finding for finding in findings(edited(change), tmp_path) if finding.message == message]
    assert [(underlined(finding), finding.hint) for finding in found] == [(underlined_text, hint)]


def test_everything_is_reported_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    cases = [WRONG_VALUES[name] for name in TOGETHER]
    found = findings(edited(*(change for change, *_ in cases)), tmp_path)
    assert [finding.message for finding in found] == [message for _, _, message, _ in cases]


def test_a_mistake_is_reported_once_although_every_override_shows_it_again(tmp_path: Path) -> None:
    change, _, message, _ = WRONG_VALUES["an unknown key"]
    assert [finding.message for finding in findings(edited(change), tmp_path)] == [message]


def test_findings_for_programs_hold_place_code_and_hint(tmp_path: Path) -> None:
    (found,) = findings(edited(("    volume_gb: 50", "    volumegb: 50")), tmp_path)
    assert found.as_json() == {
        "file": "modelyard.yaml",
        "line": found.place.line,
        "column": 5,
        "length": 8,
        "code": "unknown-key",
        "key": "training.resources.volumegb",
        "message": "unknown key `volumegb` in `training.resources`",
        "hint": "did you mean `volume_gb`?",
        "related": [],
    }
