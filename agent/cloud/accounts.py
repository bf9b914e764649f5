"""The accounts of an embedded cloud and the credentials their administrators hold."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

DEFAULT_ACCOUNTS = {"tools": "111111111111", "qa": "222222222222", "prod": "333333333333"}
DEFAULT_REGION = "us-east-1"
ADMINISTRATOR = "administrator"


class Administrator(BaseModel):
    """An account with the access key of its IAM user ``administrator`` (nobody is root here)."""

    model_config = ConfigDict(frozen=True)

    name: str
    account: str
    access_key_id: str
    secret_access_key: str = Field(repr=False)
