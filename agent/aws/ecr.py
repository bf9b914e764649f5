"""ECR as whoever pushes an image needs it: a repository that exists, where it answers, and a token for it."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from agent.errors import AccessDeniedError, CloudFailedError

if TYPE_CHECKING:
    from agent.aws.sessions import Clients


@dataclass(frozen=True, kw_only=True)
class Repository:
    """A repository to push to: ``uri`` is ``ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME``.

    The registry is reached at ``base_url`` and told ``host``, which differ on a cloud with one address for all; the
    ``token`` is the password of user ``AWS`` for 12 hours.
    """

    uri: str
    base_url: str
    host: str
    token: str = field(repr=False)


def open_repository(clients: Clients, name: str) -> Repository:
    """The repository of that name in the clients' account, created if it is not there.

    Source: ``CreateRepository``, ``DescribeRepositories``, ``GetAuthorizationToken``. Raises AccessDeniedError and
    CloudFailedError.
    """
    try:
        uri = _uri(clients, name)
        answer = clients.client("ecr").get_authorization_token()
    except (ClientError, BotoCoreError) as error:
        failure = AccessDeniedError if "AccessDenied" in str(error) else CloudFailedError
        raise failure(f"cannot push to the repository {name} in {clients.region}: {error}") from None
    token = base64.b64decode(answer["authorizationData"][0]["authorizationToken"]).decode()
    host = uri.partition("/")[0]
    base_url = clients.endpoint_url or f"https://{host}"
    return Repository(uri=uri, base_url=base_url, host=host, token=token.partition(":")[2])


def _uri(clients: Clients, name: str) -> str:
    ecr = clients.client("ecr")
    try:
        repository = ecr.create_repository(repositoryName=name)["repository"]
    except ecr.exceptions.RepositoryAlreadyExistsException:
        repository = ecr.describe_repositories(repositoryNames=[name])["repositories"][0]
    return str(repository["repositoryUri"])
