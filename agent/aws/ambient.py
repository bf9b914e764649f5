"""The AWS identity of the shell that a command was typed into; steps and the cloud never use it."""

from __future__ import annotations

import os

import botocore.session

from agent.aws.sessions import Clients, Credentials
from agent.errors import UsageError


def ambient_clients() -> Clients:
    """Clients with the shell's credentials, region and ``AWS_ENDPOINT_URL``; UsageError where one is missing."""
    session = botocore.session.get_session()
    found = session.get_credentials()
    if found is None:
        raise UsageError(
            'no AWS credentials in this shell: log in, or use the embedded cloud: eval "$(modelyard cloud env)"'
        )
    region = session.get_config_variable("region")
    if region is None:
        raise UsageError("no AWS region is set in this shell: set AWS_REGION")
    frozen = found.get_frozen_credentials()
    return Clients(
        credentials=Credentials(
            access_key_id=frozen.access_key, secret_access_key=frozen.secret_key, session_token=frozen.token
        ),
        region=region,
        endpoint_url=os.environ.get("AWS_ENDPOINT_URL"),
    )
