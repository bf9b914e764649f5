"""A project over three accounts of an embedded cloud, bootstrapped as users do it, with a steerable image."""

from __future__ import annotations

import base64
import json
import shutil
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.artifacts import Image
from agent.aws.sessions import Clients, Credentials
from agent.bootstrap.access_key import make_access_key
from agent.bootstrap.apply import apply
from agent.bootstrap.orders import orders
from agent.clock import SystemClock
from agent.config.model import Configuration
from agent.images.manifest import MANIFEST_TYPE
from agent.images.program import build_and_push, program_recipe
from agent.images.registry import RegistryEndpoint
from tests.contract.provision import PROGRAM
from tests.fakes import KeptReport

if TYPE_CHECKING:
    from pathlib import Path

    from agent.cloud.embedded import EmbeddedCloud

QA, PROD = "222222222222", "333333333333"
TOOLS = "111111111111"
_NAMES = ("tools", "qa", "prod")
_ORDERED = '''"""Serve as the model's own orders.json says."""

import json
import os
import sys
from pathlib import Path

ORDERS = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")) / "model" / "orders.json"
os.environ.update({f"DO_{name.upper()}": value for name, value in json.loads(ORDERS.read_text()).items()})
sys.path.insert(0, str(Path(__file__).parent))

import server

sys.exit(server.main())
'''


@dataclass(frozen=True, kw_only=True)
class Project:
    """What a bootstrapped project has: its configuration, its build server's key, an image and a model package."""

    configuration: Configuration
    image: Image
    package: str
    keys: Credentials


def new_project(cloud: EmbeddedCloud, folder: Path) -> Project:
    """A project of its own; ``folder`` takes the image's program."""
    name = f"p{uuid.uuid4().hex[:10]}"
    configuration = _configuration(name, cloud.running.region)
    administrators = {cloud.running.administrator(each).account: administrator(cloud, each) for each in _NAMES}
    apply(orders(configuration), administrators.__getitem__, clock=SystemClock(), report=KeptReport())
    _let_administrators_look(cloud, name)
    key = make_access_key(configuration, administrators[TOOLS], replace=False)
    image = Image(uri=_push(cloud, name, folder), media_type=MANIFEST_TYPE)
    return Project(
        configuration=configuration,
        image=image,
        package=new_package(cloud, name, image, "Approved"),
        keys=Credentials(access_key_id=key.access_key_id, secret_access_key=key.secret_access_key),
    )


def administrator(cloud: EmbeddedCloud, account: str) -> Clients:
    """Clients of an account's administrator."""
    keys = cloud.running.administrator(account)
    return Clients(
        credentials=Credentials(access_key_id=keys.access_key_id, secret_access_key=keys.secret_access_key),
        region=cloud.running.region,
        endpoint_url=cloud.endpoint,
    )


def _configuration(project: str, region: str) -> Configuration:
    def environment(name: str, account: str, **members: Any) -> dict[str, Any]:
        return {
            "account": account,
            "region": region,
            "deploy_role": f"arn:aws:iam::{account}:role/{project}-{name}-deploy",
            "external_id": f"{project}-{name}-7f3a9c",
            "execution_role": f"arn:aws:iam::{account}:role/{project}-{name}-hosting",
            "endpoint": {"name": f"{project}-{name}", "instance": {"type": "ml.m5.large"}},
            **members,
        }

    resources = {"instance_type": "ml.m5.large"}
    return Configuration.model_validate(
        {
            "project": project,
            "tools": {
                "account": TOOLS,
                "region": region,
                "role": f"arn:aws:iam::{TOOLS}:role/{project}-pipeline",
                "execution_role": f"arn:aws:iam::{TOOLS}:role/{project}-jobs",
            },
            "data": {"rows": {"path": "rows.csv"}},
            "training": {"channels": {"training": "rows"}, "resources": resources},
            "evaluation": {
                "script": "evaluate.py",
                "data": "rows",
                "resources": resources,
                "metrics": {"auc": {"better": "higher"}},
            },
            "environments": {
                "qa": environment("qa", QA),
                "prod": environment("prod", PROD, production=True),
            },
        }
    )


def _let_administrators_look(cloud: EmbeddedCloud, project: str) -> None:
    """Bootstrapped keys are for the project's own roles; here the administrator plays training jobs and onlookers."""
    kms = cloud.client("kms")
    key = kms.describe_key(KeyId=f"alias/{project}")["KeyMetadata"]["KeyId"]
    policy = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    root = {"AWS": f"arn:aws:iam::{TOOLS}:root"}
    policy["Statement"].append({"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"})
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy))


def _push(cloud: EmbeddedCloud, project: str, folder: Path) -> str:
    program = folder / "program"
    if not program.exists():
        shutil.copytree(PROGRAM, program)
        (program / "ordered.py").write_text(_ORDERED)
        (program / "serve").write_text('#!/bin/sh\nexec python3 -S -u "$(dirname "$0")/ordered.py"\n')
    ecr = cloud.client("ecr")
    uri = str(ecr.describe_repositories(repositoryNames=[project])["repositories"][0]["repositoryUri"])
    token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    password = base64.b64decode(token).decode().partition(":")[2]
    endpoint = RegistryEndpoint(base_url=cloud.endpoint, host=uri.partition("/")[0], password=password)
    return f"{uri}@{build_and_push(program_recipe(program), endpoint, project, tag='latest')}"


def new_package(cloud: EmbeddedCloud, project: str, image: Image, approval: str) -> str:
    """A model package of the project; its ARN."""
    specification = {
        "Containers": [{"Image": image.uri}],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    }
    made = cloud.client("sagemaker").create_model_package(
        ModelPackageGroupName=project, InferenceSpecification=specification, ModelApprovalStatus=approval
    )
    return str(made["ModelPackageArn"])
