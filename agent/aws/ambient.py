"""The AWS identity of the shell that a command was typed into; steps and the cloud never use it.

It is an access key, a token, or what an instance, a task or a pod is given by where it runs; any but the first is
renewed as long as the command works.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.credentials import RefreshableCredentials
from botocore.exceptions import CredentialRetrievalError, MetadataRetrievalError, ProfileNotFound

from agent.aws.sessions import Clients, Credentials
from agent.aws.web_identity import web_credentials, web_identity
from agent.errors import AccessDeniedError, UsageError

if TYPE_CHECKING:
    from agent.aws.questions import Asked

_ASSUMED = "assume-role"
"""What botocore calls credentials of a profile's role."""
_NOWHERE = "no AWS region is set in this shell: set AWS_REGION"
_NOBODY = (
    "no AWS credentials in this shell: neither AWS_ACCESS_KEY_ID, nor AWS_WEB_IDENTITY_TOKEN_FILE with AWS_ROLE_ARN, "
    "nor a profile, nor an identity of this container or instance; log in, or use the embedded cloud: "
    'eval "$(modelyard cloud env)"'
)


def ambient_clients(*, profile: str | None = None, region: str | None = None, asked: Asked | None = None) -> Clients:
    """Clients with the shell's credentials, region and ``AWS_ENDPOINT_URL``; UsageError where one is missing.

    A ``profile`` of the shell's AWS configuration, or a ``region``, comes before what the shell says itself. What the
    clients ask is noted in ``asked``.
    """
    session = botocore.session.Session(profile=profile)
    # The first version of the metadata service answers whoever makes the machine ask for an address.
    session.set_config_variable("ec2_metadata_v1_disabled", True)
    endpoint_url = os.environ.get("AWS_ENDPOINT_URL")
    region = region or _region(session)
    session.set_config_variable("region", region)
    credentials = _credentials(session, profile, region, endpoint_url)
    if region is None:
        raise UsageError(_NOWHERE)
    return Clients(
        credentials=credentials,
        region=region,
        endpoint_url=endpoint_url,
        asked=asked,
    )


def _region(session: botocore.session.Session) -> str | None:
    """botocore knows AWS_DEFAULT_REGION only; AWS's other clients, and what starts containers, say AWS_REGION."""
    try:
        return os.environ.get("AWS_REGION") or session.get_config_variable("region")
    except ProfileNotFound as error:
        raise UsageError(f"there is no AWS profile {error.kwargs['profile']} in this shell's configuration") from error


def _credentials(
    session: botocore.session.Session, profile: str | None, region: str | None, endpoint_url: str | None
) -> Credentials | RefreshableCredentials:
    """An access key first, then a token, then what botocore finds; UsageError for nobody."""
    said = profile or os.environ.get("AWS_PROFILE") or os.environ.get("AWS_ACCESS_KEY_ID")
    identity = None if said else web_identity(os.environ)
    if identity is not None:
        if region is None:
            raise UsageError(_NOWHERE)
        return web_credentials(identity, region=region, endpoint_url=endpoint_url)
    try:
        found = session.get_credentials()
    except ProfileNotFound as error:
        raise UsageError(f"there is no AWS profile {error.kwargs['profile']} in this shell's configuration") from error
    except MetadataRetrievalError:
        found = None  # there is no such service where no instance is
    except CredentialRetrievalError as error:
        raise AccessDeniedError(f"this shell's AWS identity could not be had: {error}") from error
    except (OSError, ValueError) as error:
        raise UsageError(f"this shell's AWS identity could not be looked up: {error}") from error
    if found is None:
        raise UsageError(_NOBODY)
    if found.method == _ASSUMED and not sys.stdin.isatty():
        _refuse_mfa(session.get_scoped_config().get("mfa_serial"))
    return _lasting(found)


def _refuse_mfa(device: str | None) -> None:
    """botocore would ask on the terminal for a role's code, and wait."""
    if device is not None:
        raise UsageError(
            f"the role of this shell's AWS profile asks for MFA ({device}), and nobody is here to answer: give builds "
            "an identity without MFA (of an instance, of a pod, or by OIDC)"
        )


def _lasting(found: Any) -> Credentials | RefreshableCredentials:
    """Those that end (of an instance, a pod, a process, a role) are asked for again in time."""
    if isinstance(found, RefreshableCredentials):
        return found
    frozen = found.get_frozen_credentials()
    return Credentials(access_key_id=frozen.access_key, secret_access_key=frozen.secret_key, session_token=frozen.token)
