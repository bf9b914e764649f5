"""Who holds a credential, with all policies and condition keys that follow from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agent.cloud.errors import AwsError
from agent.cloud.policy.decision import Granted
from agent.cloud.policy.document import parse
from agent.cloud.policy.principals import Principal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.cloud.clock import Clock
    from agent.cloud.policy.wildcards import Value

_TYPES = {"Root": "Account", "User": "User", "AssumedRole": "AssumedRole", "FederatedUser": "FederatedUser"}


@dataclass(frozen=True, kw_only=True)
class Holder:
    """One authenticated principal as policies see it; ``keys`` are its condition keys by lower-case name."""

    principal: Principal
    granted: Granted
    access_key_id: str = ""
    keys: Mapping[str, Value] = field(default_factory=dict)
    session: Mapping[str, Any] | None = None

    @property
    def arn(self) -> str:
        """What ``GetCallerIdentity`` answers."""
        return self.principal.arn

    @property
    def account(self) -> str:
        """The principal's account."""
        return self.principal.account


class Holders:
    """Everyone whom MiniStack knows by an access key."""

    def __init__(self, clock: Clock) -> None:
        from ministack.core import iam_evaluator, responses
        from ministack.services import iam, s3, sts

        self._clock = clock
        self._evaluator = iam_evaluator
        self._responses = responses
        self._iam = iam
        self._sts = sts
        self._resolve = iam_evaluator.resolve_credential
        for module in (iam_evaluator, s3, sts):
            module.resolve_credential = self._resolved
        iam_evaluator.parse_policy_document = parse

    def account_of(self, access_key_id: str) -> str:
        """The account that an access key belongs to; empty for one that is not known."""
        session = self._responses._account_from_sts_session(access_key_id)
        return session or self._evaluator.find_iam_access_key_account(access_key_id) or ""

    def name_of(self, access_key_id: str) -> str:
        """The ARN of whoever holds an access key, valid or expired; empty for one that is not known."""
        credential = self._resolve(access_key_id, self.account_of(access_key_id) or "0" * 12)
        return "" if isinstance(credential, self._evaluator.CredentialResolutionError) else credential.principal_arn

    def of_key(self, access_key_id: str) -> Holder:
        """Whoever holds an access key; raises AwsError for an unknown, inactive or expired one."""
        account = self.account_of(access_key_id)
        credential = self._resolved(access_key_id, account or "0" * 12)
        if isinstance(credential, self._evaluator.CredentialResolutionError):
            raise AwsError(credential.code, credential.message)
        return self.of(credential)

    def of(self, credential: Any) -> Holder:
        """Whoever a credential was resolved to."""
        account = credential.account_id
        session = self._sts._sessions.get(credential.access_key_id)
        role = self._role_arn(account, credential.principal_arn) if credential.principal_type == "AssumedRole" else None
        with self._responses.request_scope(account, self._responses.get_region()):
            granted = self._granted(credential, session)
        return Holder(
            principal=Principal(arn=credential.principal_arn, account=account, role=role),
            granted=granted,
            access_key_id=credential.access_key_id,
            keys=self._keys(credential, session, role),
            session=session,
        )

    def of_entity(self, arn: str) -> Holder | None:
        """A user or role by its ARN, as it is without any session; None when it does not exist."""
        account, _, name = arn.split(":")[4], *arn.rpartition("/")[1:]
        kind = arn.split(":")[5].partition("/")[0]
        store = {"role": self._iam._roles, "user": self._iam._users}.get(kind)
        record = store.get_scoped(account, None, name) if store is not None else None
        if record is None or record["Arn"] != arn:
            return None
        with self._responses.request_scope(account, self._responses.get_region()):
            gather = {"role": self._evaluator._gather_role_policies, "user": self._evaluator._gather_user_policies}
            granted = Granted(identity=gather[kind](name, account), boundary=self._boundary(store, name, account))
        tags = {f"aws:principaltag/{tag['Key'].lower()}": tag["Value"] for tag in record.get("Tags") or []}
        keys = {"aws:principalarn": arn, "aws:principalaccount": account, **tags}
        role = arn if kind == "role" else None
        return Holder(principal=Principal(arn=arn, account=account, role=role), granted=granted, keys=keys)

    def _resolved(self, access_key_id: str, *rest: Any, **options: Any) -> Any:
        """In place of MiniStack's: sessions end on the cloud's clock, which a test may advance."""
        expires = (self._sts._sessions.get(access_key_id) or {}).get("Expiration")
        if expires is not None and self._clock.time() > expires:
            return self._evaluator.CredentialResolutionError(
                "ExpiredTokenException", "The security token included in the request is expired"
            )
        return self._resolve(access_key_id, *rest, **options)

    def _granted(self, credential: Any, session: Mapping[str, Any] | None) -> Granted:
        account, kind = credential.account_id, credential.principal_type
        if kind == "AssumedRole":
            name = self._evaluator._role_name_from_assumed_arn(credential.principal_arn)
            identity = self._evaluator._gather_role_policies(name, account)
            boundary = self._boundary(self._iam._roles, name, account)
        elif kind in {"User", "FederatedUser"}:
            name = credential.principal_name or (session or {}).get("PrincipalName", "")
            identity = self._evaluator._gather_user_policies(name, account)
            boundary = self._boundary(self._iam._users, name, account)
        else:
            raise AwsError("UnrecognizedClientException", "The security token included in the request is invalid.")
        limits = self._evaluator._session_policy_limits(session or {}, account)
        return Granted(identity=identity, boundary=boundary, session=limits[0] if limits else None)

    def _boundary(self, store: Any, name: str, account: str) -> list[Any] | None:
        limits = self._evaluator._permissions_boundary(store, name, account)
        return limits[0] if limits else None

    def _role_arn(self, account: str, session_arn: str) -> str:
        """The ARN, with its path, of the role behind a session; sessions outlive their role."""
        name = self._evaluator._role_name_from_assumed_arn(session_arn)
        role = self._iam._roles.get_scoped(account, None, name)
        return str(role["Arn"]) if role else f"arn:aws:iam::{account}:role/{name}"

    def _keys(self, credential: Any, session: Mapping[str, Any] | None, role: str | None) -> dict[str, Value]:
        """Source: IAM user guide, "AWS global condition context keys", properties of the principal and session."""
        keys = dict(self._evaluator._principal_keys(credential))
        keys["aws:principalarn"] = role or credential.principal_arn
        keys["aws:principalaccount"] = credential.account_id
        keys["aws:principaltype"] = _TYPES[credential.principal_type]
        keys["aws:principalisawsservice"] = "false"
        keys["aws:viaawsservice"] = "false"
        if session:
            keys["aws:multifactorauthpresent"] = "false"  # a user's own key has no such key at all
        if session and session.get("Issued"):
            keys["aws:tokenissuetime"] = datetime.fromtimestamp(int(session["Issued"]), UTC).isoformat()
        if session and session.get("SourceIdentity"):
            keys["aws:sourceidentity"] = session["SourceIdentity"]
        organization = self._evaluator._principal_org_id(credential.account_id)
        if organization:
            keys["aws:principalorgid"] = organization
        return keys
