"""KMS's asymmetric keys over boto3: wherever the key is, whoever asks."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from agent.aws.refusals import code, refusals
from agent.errors import InputMissingError
from agent.ports.keys import PublicKey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.aws.sessions import Clients

_ALGORITHM = "ECDSA_SHA_256"
_GONE = {
    "NotFoundException": "is not there; create it with: modelyard bootstrap apply",
    "DisabledException": "is disabled: what it signed is not believed any more",
    "KMSInvalidStateException": "is to be deleted: what it signed is not believed any more",
}


class AwsKeys:
    """An :class:`agent.ports.keys.SigningKeys` over boto3."""

    def __init__(self, clients: Clients, account_id: str) -> None:
        self._clients = clients
        self._account = account_id

    def public_key(self, key: str) -> PublicKey:
        """``GetPublicKey``."""
        with self._refusals("kms:GetPublicKey", key):
            answer = self._kms(key).get_public_key(KeyId=key)
        return PublicKey(arn=str(answer["KeyId"]), der=bytes(answer["PublicKey"]))

    def sign(self, key: str, digest: bytes) -> bytes:
        """``Sign``."""
        with self._refusals("kms:Sign", key):
            answer = self._kms(key).sign(KeyId=key, Message=digest, MessageType="DIGEST", SigningAlgorithm=_ALGORITHM)
        return bytes(answer["Signature"])

    def _kms(self, key: str) -> Any:
        """KMS where the key is: its ARN tells the region."""
        region = _region(key) or self._clients.region
        clients = self._clients if region == self._clients.region else self._clients.elsewhere(region)
        return clients.client("kms")

    @contextmanager
    def _refusals(self, action: str, key: str) -> Iterator[None]:
        region = _region(key) or self._clients.region
        with refusals(action, key, account=self._account, region=region):
            try:
                yield
            except ClientError as error:
                if code(error) not in _GONE:
                    raise
                raise InputMissingError(
                    f"{action}: the key {key} of {region}, asked for by account {self._account}, {_GONE[code(error)]}"
                ) from error


def _region(key: str) -> str:
    return key.split(":")[3] if key.startswith("arn:") else ""
