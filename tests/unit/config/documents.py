"""A valid configuration for the tests to break, and ways to look at what is found in it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from agent.config.loading import check
from agent.config.text import SourceText
from agent.config.tree import FILE_LAYER, MappingNode, plain
from agent.config.yaml_reader import read_yaml

if TYPE_CHECKING:
    from pathlib import Path

    from agent.config.finding import Finding

VALID = """\
project: credit-risk
tools:
  account: "111111111111"
  region: eu-central-1
  role: arn:aws:iam::111111111111:role/pipeline
  execution_role: arn:aws:iam::111111111111:role/jobs
data:
  raw:
    s3: s3://credit-data/2026/
  terms:
    url: https://example.com/terms.csv
    sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
image:
  builder: layers
  base_image: python:3.11-slim
prepare:
  script: prepare.py
  inputs: [raw]
  outputs: [training, evaluation]
  resources:
    instance_type: ml.m5.large
training:
  channels:
    training: training
  hyperparameters:
    max_depth: 6
    eta: 0.3
    objective: binary:logistic
    early_stopping: true
  resources:
    instance_type: ml.m5.large
    instance_count: 2
    volume_gb: 50
  max_runtime: 1h
  spot:
    max_wait: 2h
    checkpoint: true
  metric_definitions:
    train:auc: train-auc=([0-9.]+)
evaluation:
  script: evaluate.py
  data: evaluation
  resources:
    instance_type: ml.m5.large
  metrics:
    auc: {better: higher}
    loss: {better: lower}
gates:
  auc-threshold:
    kind: threshold
    metric: auc
    min: 0.75
    message: The model separates the classes.
  against-prod:
    kind: champion
    metric: auc
    environment: prod
    margin: 0.01
registration:
  approval: manual
when_interrupted: leave_jobs
environments:
  qa:
    account: "222222222222"
    region: eu-central-1
    deploy_role: arn:aws:iam::222222222222:role/deploy
    execution_role: arn:aws:iam::222222222222:role/endpoint
    endpoint:
      name: credit-risk
      serverless:
        memory_mb: 2048
        max_concurrency: 20
    checks:
      requests:
        - body: 24,2,2,1,22
          answer: 0[.][0-9]+
      sample:
        metric: auc
        rows: 500
        min: 0.7
    keep: 1
  prod:
    account: "333333333333"
    region: eu-central-1
    production: true
    deploy_role: arn:aws:iam::333333333333:role/deploy
    external_id: credit-7f3a
    execution_role: arn:aws:iam::333333333333:role/endpoint
    kms_key: arn:aws:kms:eu-central-1:333333333333:alias/credit
    endpoint:
      name: credit-risk
      instance:
        type: ml.m5.large
        count: 2
        autoscaling: {min_count: 2, max_count: 10, invocations_per_instance: 750}
      data_capture:
        percent: 100
        prefix: s3://credit-capture/prod/
      strategy:
        kind: canary
        percent: 10
        interval: 5m
        alarms:
          errors: {metric: Invocation5XXErrors, above: 5}
overrides:
  environments:
    prod:
      gates:
        auc-threshold: {min: 0.78}
  branches:
    feature/*:
      training:
        max_runtime: 20m
  pr:
    training:
      max_runtime: 10m
      hyperparameters: {max_depth: 3}
    gates:
      against-prod: {severity: warn}
"""


def edited(*changes: tuple[str, str]) -> str:
    """The valid document with some of its text replaced, each at its first occurrence."""
    text = VALID
    for old, new in changes:
        assert old in text, f"the valid document has no {old!r}"
        text = text.replace(old, new, 1)
    return text


def findings(text: str, folder: Path) -> tuple[Finding, ...]:
    """Everything that is wrong with a document whose files exist in the folder."""
    for name in ("prepare.py", "evaluate.py"):
        (folder / name).touch()
    return check(SourceText(name="modelyard.yaml", text=text), folder)


def underlined(finding: Finding) -> str:
    """The text that a finding points at."""
    place = finding.place
    return place.text.lines[place.line - 1][place.column - 1 :][: place.length]


def tree(text: str, *, name: str = "modelyard.yaml", layer: str = FILE_LAYER) -> MappingNode:
    """A document whose YAML is right, as it was written."""
    node = read_yaml(SourceText(name=name, text=text), layer=layer).node
    assert isinstance(node, MappingNode)
    return node


def as_json(text: str) -> Any:
    """The document as an editor hands it to a validator."""
    return json.loads(json.dumps(plain(tree(text))))
