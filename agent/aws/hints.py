"""What to do about a refusal, as far as its words tell: AWS says what was refused, and rarely why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.aws.skew import clock_behind, in_words
from agent.errors import AccessDeniedError, ModelyardError, TemporaryError

if TYPE_CHECKING:
    from collections.abc import Mapping

HINTS: Mapping[type[ModelyardError], str] = {
    AccessDeniedError: "grant it (`modelyard bootstrap apply` keeps the policies), or mend the role in modelyard.yaml",
    TemporaryError: "try again later; the retries of this run are used up",
}
"""By the kind of error, where its words tell nothing more."""
_BY_CODE: Mapping[str, str] = {
    "KMS.DisabledException": "an administrator enables the key again: aws kms enable-key",
    "KMS.KMSInvalidStateException": (
        "an administrator takes the key's deletion back, aws kms cancel-key-deletion, and then: aws kms enable-key"
    ),
    "KMS.NotFoundException": "what was encrypted with the key is lost; name another key for what is to come",
}
"""What S3 says of an object's key (S3 API reference, "Error responses")."""
_BOTH = "the role's trust policy, and the policy of whoever enters it, have to allow it (`modelyard bootstrap apply`)"
_NO_MFA = (
    "a build has nobody to answer MFA: let the policy spare its identity, or give it one without MFA (of an instance, "
    "of a pod, or by OIDC)"
)
_BY_WORDS: Mapping[str, str] = {
    "MultiFactorAuth": _NO_MFA,
    "sts:TagSession": f"sessions say which project and environment they are for: {_BOTH}",
    "sts:SetSourceIdentity": f"sessions say who is behind them: {_BOTH}; one that has a source identity keeps it",
    "perform: sts:AssumeRole": "the role's trust policy has to admit this identity, with the external id and the tags "
    "of this project and environment (`modelyard bootstrap apply`), and without aws:MultiFactorAuthPresent: "
    f"{_NO_MFA}",
    "explicit deny": f"a policy forbids it expressly; where it asks for aws:MultiFactorAuthPresent, {_NO_MFA}",
}


def hint(answer: Mapping[str, Any], kind: type[ModelyardError]) -> str:
    """What to do about a service's error; empty where there is nothing to say."""
    behind = clock_behind(answer)
    if behind is not None:
        return in_words(behind)
    error = answer.get("Error", {})
    known = _BY_CODE.get(str(error.get("Code", "")))
    if known is not None:
        return known
    told = str(error.get("Message", ""))
    words = next((words for words in _BY_WORDS if words in told), None) if kind is AccessDeniedError else None
    return HINTS.get(kind, "") if words is None else _BY_WORDS[words]
