"""Turns what boto3 raises into modelyard's errors: what was refused, where, on what, and whether to try again."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    ParamValidationError,
)

from agent.aws.hints import HINTS, hint
from agent.errors import AccessDeniedError, CloudFailedError, InputMissingError, ModelyardError, TemporaryError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_BY_CODE: Mapping[str, type[ModelyardError]] = {
    "AccessDenied": AccessDeniedError,
    "AccessDeniedException": AccessDeniedError,
    "ExpiredToken": AccessDeniedError,
    "InvalidSignatureException": AccessDeniedError,
    "RequestExpired": AccessDeniedError,
    "RequestInTheFuture": AccessDeniedError,
    "RequestTimeTooSkewed": AccessDeniedError,
    "ExpiredTokenException": AccessDeniedError,
    "InvalidClientTokenId": AccessDeniedError,
    "SignatureDoesNotMatch": AccessDeniedError,
    "UnrecognizedClientException": AccessDeniedError,
    "UnauthorizedOperation": AccessDeniedError,
    "403": AccessDeniedError,
    "NoSuchBucket": InputMissingError,
    "NoSuchKey": InputMissingError,
    "NotFoundException": InputMissingError,
    "RepositoryNotFoundException": InputMissingError,
    "ResourceNotFound": InputMissingError,
    "ResourceNotFoundException": InputMissingError,
    "404": InputMissingError,
    "KMS.DisabledException": InputMissingError,
    "KMS.KMSInvalidStateException": InputMissingError,
    "KMS.NotFoundException": InputMissingError,
    "Throttling": TemporaryError,
    "ThrottlingException": TemporaryError,
    "ThrottledException": TemporaryError,
    "RequestThrottled": TemporaryError,
    "TooManyRequestsException": TemporaryError,
    "RequestLimitExceeded": TemporaryError,
    "SlowDown": TemporaryError,
    "ConditionalRequestConflict": TemporaryError,
    "RequestTimeout": TemporaryError,
    "ServiceUnavailable": TemporaryError,
    "InternalFailure": TemporaryError,
    "InternalServerError": TemporaryError,
    "InternalError": TemporaryError,
}


@contextmanager
def refusals(action: str, resource: str, *, account: str, region: str) -> Iterator[None]:
    """Raise modelyard's error for whatever boto3 raises in the block.

    ``action`` is the IAM action, such as ``sagemaker:CreateTrainingJob``; ``resource`` what it was about.
    """
    where = f"{action} on {resource} in account {account}, {region}"
    try:
        yield
    except ClientError as error:
        raise refusal(error, where) from error
    except (NoCredentialsError, CredentialRetrievalError) as error:
        raise AccessDeniedError(f"{where}: {error}") from error
    except ParamValidationError as error:
        raise CloudFailedError(f"{where}: {error}") from error
    except BotoCoreError as error:
        raise TemporaryError(f"{where} got no answer: {error}; {HINTS[TemporaryError]}") from error


def refusal(error: ClientError, where: str) -> ModelyardError:
    """The error of the class that the service's code stands for; one that is not known is the service's failure."""
    kind = _BY_CODE.get(code(error)) or (TemporaryError if _status(error) >= 500 else CloudFailedError)
    told = error.response.get("Error", {}).get("Message", "")
    todo = hint(error.response, kind)
    return kind(f"{where}: {code(error)}: {told}{f'; {todo}' if todo else ''}")


def code(error: ClientError) -> str:
    """The service's error code, such as ``AccessDeniedException``."""
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
