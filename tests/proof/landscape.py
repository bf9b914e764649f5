"""A project that uses all of the product at once: every part of both templates is made for it, and made use of.

Three environments, the last with a key, data capture, scaling and alarms; endpoints of pull requests beside the first;
a data source in a bucket of its own; releases signed, with four eyes before production.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from agent import cli
from agent.demo.repository import Repository
from tests.e2e.world import World, settled
from tests.sources import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.cloud.embedded import EmbeddedCloud

PROJECT = "steered"
TOOLS, TESTS, PROD = "111111111111", "222222222222", "333333333333"
REGION = "us-east-1"
SOURCE, CAPTURE = "steered-source", "steered-capture"


@dataclass(frozen=True, kw_only=True)
class Said:
    """How a command ended, and all that it said."""

    code: int
    text: str


def written(folder: Path) -> Path:
    """The repository's files, and where its configuration is."""
    shutil.copytree(ROOT / "tests/e2e/steered", folder, ignore=shutil.ignore_patterns("__pycache__"))
    program = ROOT / "tests/contract/image/program"
    shutil.copytree(program, folder / "program", ignore=shutil.ignore_patterns("__pycache__"))
    file = folder / "modelyard.yaml"
    document = YAML(typ="safe").load(file)
    _extend(document)
    YAML().dump(document, file)
    return file


def landscape(cloud: EmbeddedCloud, folder: Path) -> World:
    """The bootstrapped accounts, the repository and its build server."""
    source = written(folder / "source").parent
    _buckets(cloud)
    world = settled(cloud, Repository(source, folder / PROJECT, os.environ))
    _scanned_on_request(cloud)
    return world


def _extend(document: dict[str, Any]) -> None:
    environments = document["environments"]
    qa, prod = environments["qa"], environments["prod"]
    document["tools"]["kms_key"] = f"arn:aws:kms:{REGION}:{TOOLS}:alias/steered"
    document["training"]["hyperparameters"]["print"] = "trained"
    document["gates"]["no-holes"] = {"kind": "vulnerabilities"}
    dev = {
        **qa,
        "deploy_role": f"arn:aws:iam::{TESTS}:role/steered-dev-deploy",
        "external_id": "steered-dev",
        "execution_role": f"arn:aws:iam::{TESTS}:role/steered-dev-execution",
        "endpoint": {"name": "steered-dev", "instance": {"type": "ml.m5.large"}},
        "keep": 1,
    }
    alarm = {"metric": "Invocation5XXErrors", "statistic": "Sum", "above": 5}
    prod |= {
        "kms_key": f"arn:aws:kms:{REGION}:{PROD}:alias/steered",
        "keep": 1,
        "endpoint": {
            "name": "steered-prod",
            "instance": {
                "type": "ml.m5.large",
                "count": 1,
                "autoscaling": {"min_count": 1, "max_count": 2, "invocations_per_instance": 100},
            },
            "data_capture": {"prefix": f"s3://{CAPTURE}/prod/"},
            "strategy": {"kind": "all_at_once", "alarms": {"errors": alarm}},
        },
        "approval": {"approvers": ["alice", "bob"], "four_eyes": True},
    }
    document["environments"] = {"dev": dev, "qa": qa, "prod": prod}
    document["data"]["more"] = {"s3": f"s3://{SOURCE}/rows/", "content_type": "text/csv"}
    document["pull_requests"] = {"endpoint": {"environment": "dev", "time_to_live": "4h"}}


def _scanned_on_request(cloud: EmbeddedCloud) -> None:
    """Nothing is known against the images, and nobody scans them unasked."""
    cloud.advise(PROJECT, account=TOOLS)
    cloud.client("ecr", TOOLS).put_image_scanning_configuration(
        repositoryName=PROJECT, imageScanningConfiguration={"scanOnPush": False}
    )


def _buckets(cloud: EmbeddedCloud) -> None:
    tools, prod = cloud.client("s3", TOOLS), cloud.client("s3", PROD)
    tools.create_bucket(Bucket=SOURCE)
    tools.put_object(Bucket=SOURCE, Key="rows/1.csv", Body=b"1,2\n")
    prod.create_bucket(Bucket=CAPTURE)


@contextlib.contextmanager
def as_build_server(world: World) -> Iterator[None]:
    """Let commands be run in this process, with the build server's environment and folder."""
    kept, folder = dict(os.environ), Path.cwd()
    os.environ.clear()
    os.environ.update(world.environ)
    os.chdir(world.repository.folder)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)
        os.chdir(folder)


def typed(*words: str) -> Said:
    """Run a command in this process, where it takes a third of the time."""
    heard = StringIO()
    with contextlib.redirect_stdout(heard), contextlib.redirect_stderr(heard):
        code = cli.main(list(words))
    return Said(code=code, text=heard.getvalue())
