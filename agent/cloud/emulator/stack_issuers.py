"""``AWS::IAM::OIDCProvider`` in stacks, which MiniStack does not know, made by its own IAM.

Source: CloudFormation template reference; IAM API reference, ``CreateOpenIDConnectProvider``.
"""

from __future__ import annotations

from typing import Any

Members = dict[str, Any]
KIND = "AWS::IAM::OIDCProvider"


def provider_of_issuers() -> Members:
    """Its provisioner, in the form of MiniStack's own: the physical id is the ARN."""
    from ministack.services import iam

    def created(_logical_id: str, properties: Members, _stack: str) -> tuple[str, Members]:
        lists = {"ClientIDList": "ClientIdList", "ThumbprintList": "ThumbprintList"}
        members = {
            f"{api}.member.{number}": [str(value)]
            for api, name in lists.items()
            for number, value in enumerate(properties.get(name) or (), 1)
        }
        url = str(properties["Url"])
        status, _, answer = iam._create_oidc_provider({"Url": [url], **members})
        if status >= 300:
            raise ValueError(answer.decode() if isinstance(answer, bytes) else str(answer))
        arn = next(arn for arn, provider in iam._oidc_providers.items() if provider["Url"] == url)
        return arn, {"Arn": arn}

    def updated(physical_id: str, _old: Members, new: Members, *_rest: Any) -> tuple[str, Members]:
        provider = iam._oidc_providers[physical_id]
        provider["ClientIDList"] = list(new.get("ClientIdList") or ())
        provider["ThumbprintList"] = list(new.get("ThumbprintList") or ())
        return physical_id, {"Arn": physical_id}

    def deleted(physical_id: str, _properties: Members, *_rest: Any) -> None:
        iam._oidc_providers.pop(physical_id, None)

    return {"create": created, "update": updated, "delete": deleted}
