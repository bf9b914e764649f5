"""The iris example's container: assembled from its folder without an engine, and pushed through the registry."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import agent
from agent.errors import UsageError
from agent.images.program import build_and_push, program_recipe
from agent.images.registry import RegistryEndpoint


def example() -> Path:
    """The folder of the iris example; raises UsageError outside a checkout of the repository."""
    folder = Path(agent.__file__).resolve().parents[1] / "examples" / "iris-byo"
    if not folder.is_dir():
        raise UsageError(f"the demo needs the repository's examples, and {folder} does not exist; run it in a checkout")
    return folder


def push_example(ecr: Any, endpoint: str, account: str, repository: str) -> str:
    """Answer the image's URI by digest; ``ecr`` is a client that may push, ``endpoint`` the cloud's address."""
    authorization = ecr.get_authorization_token()["authorizationData"][0]
    password = base64.b64decode(authorization["authorizationToken"]).decode().partition(":")[2]
    host = f"{account}.dkr.ecr.{ecr.meta.region_name}.amazonaws.com"
    endpoint_of_account = RegistryEndpoint(base_url=endpoint, host=host, password=password)
    digest = build_and_push(program_recipe(example() / "program"), endpoint_of_account, repository, tag="latest")
    return f"{host}/{repository}@{digest}"
