"""Access keys of IAM users, for the one user that a build server may need."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from agent.aws.refusals import code, refusals
from agent.errors import InputMissingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agent.aws.sessions import Clients


class Users:
    """IAM users of one account; errors are AccessDeniedError, InputMissingError, CloudFailedError, TemporaryError."""

    def __init__(self, clients: Clients, account: str) -> None:
        self._clients = clients
        self._account = account

    def access_keys(self, user: str) -> Sequence[str]:
        """The ids of a user's access keys (``ListAccessKeys``)."""
        with self._refusals("ListAccessKeys", user):
            return [key["AccessKeyId"] for key in self._iam.list_access_keys(UserName=user)["AccessKeyMetadata"]]

    def create_access_key(self, user: str) -> tuple[str, str]:
        """A new access key: its id and its secret (``CreateAccessKey``)."""
        with self._refusals("CreateAccessKey", user):
            key = self._iam.create_access_key(UserName=user)["AccessKey"]
        return key["AccessKeyId"], key["SecretAccessKey"]

    def delete_access_key(self, user: str, access_key_id: str) -> None:
        """``DeleteAccessKey``."""
        with self._refusals("DeleteAccessKey", user):
            self._iam.delete_access_key(UserName=user, AccessKeyId=access_key_id)

    @property
    def _iam(self) -> Any:
        return self._clients.client("iam")

    @contextmanager
    def _refusals(self, operation: str, user: str) -> Iterator[None]:
        with refusals(f"iam:{operation}", f"user {user}", account=self._account, region=self._clients.region):
            try:
                yield
            except ClientError as error:
                if code(error) != "NoSuchEntity":
                    raise
                raise InputMissingError(
                    f"account {self._account} has no user {user}; make it with: modelyard bootstrap apply"
                ) from error
