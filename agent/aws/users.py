"""IAM for the build server's identity: the access keys of its user, and who has its policy."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from agent.aws.refusals import code, refusals
from agent.errors import InputMissingError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from agent.aws.sessions import Clients


class Users:
    """IAM of one account; errors are AccessDeniedError, InputMissingError, CloudFailedError, TemporaryError."""

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

    def detach(self, policy: str, *, but: Collection[str]) -> Sequence[str]:
        """Take a policy from everybody but these, and say from whom (``ListEntitiesForPolicy``)."""
        with self._refusals("ListEntitiesForPolicy", policy):
            pages = list(self._iam.get_paginator("list_entities_for_policy").paginate(PolicyArn=policy))
        holders = [
            (kind, each[f"{kind}Name"])
            for page in pages
            for kind in ("User", "Role", "Group")
            for each in page[f"Policy{kind}s"]
        ]
        taken = [(kind, name) for kind, name in holders if name not in but]
        for kind, name in taken:
            with self._refusals(f"Detach{kind}Policy", name):
                getattr(self._iam, f"detach_{kind.lower()}_policy")(PolicyArn=policy, **{f"{kind}Name": name})
        return [f"{kind.lower()} {name}" for kind, name in taken]

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
