"""The AWS identity of the shell that a command was typed into; steps and the cloud never use it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import botocore.session
from botocore.exceptions import ProfileNotFound

from agent.aws.sessions import Clients, Credentials
from agent.errors import UsageError

if TYPE_CHECKING:
    from agent.aws.questions import Asked


def ambient_clients(*, profile: str | None = None, region: str | None = None, asked: Asked | None = None) -> Clients:
    """Clients with the shell's credentials, region and ``AWS_ENDPOINT_URL``; UsageError where one is missing.

    A ``profile`` of the shell's AWS configuration, or a ``region``, comes before what the shell says itself. What the
    clients ask is noted in ``asked``.
    """
    session = botocore.session.Session(profile=profile)
    try:
        found = session.get_credentials()
    except ProfileNotFound as error:
        raise UsageError(f"there is no AWS profile {profile} in this shell's configuration") from error
    if found is None:
        raise UsageError(
            'no AWS credentials in this shell: log in, or use the embedded cloud: eval "$(modelyard cloud env)"'
        )
    # botocore knows AWS_DEFAULT_REGION only; AWS's other clients, and what starts containers for them, say AWS_REGION.
    region = region or os.environ.get("AWS_REGION") or session.get_config_variable("region")
    if region is None:
        raise UsageError("no AWS region is set in this shell: set AWS_REGION")
    frozen = found.get_frozen_credentials()
    return Clients(
        credentials=Credentials(
            access_key_id=frozen.access_key, secret_access_key=frozen.secret_key, session_token=frozen.token
        ),
        region=region,
        endpoint_url=os.environ.get("AWS_ENDPOINT_URL"),
        asked=asked,
    )
