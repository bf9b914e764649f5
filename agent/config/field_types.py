"""The small types of the configuration: names, ARNs, durations, each with the limits that AWS sets.

Limits and patterns are those of the SageMaker API reference (``EntityName``, ``RoleArn``, ``KmsKeyId``).
"""

import math
import re
from datetime import date
from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

LONGEST_ADDITION = len("-check-endpoint-") + 12 + len("-a99")
"""What derived SageMaker names add to the project's: ``<project>-<step>-<key12>-a<attempt>``."""
PROJECT_LENGTH = 63 - LONGEST_ADDITION

_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?=.)(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?")
_DURATION_PATTERN = "^(?=.)(\\d+d)?(\\d+h)?(\\d+m)?(\\d+s)?$"


def seconds(value: object) -> int:
    """A duration in seconds, from a number of seconds or a text such as ``90s``, ``2h`` or ``1h30m``."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise PydanticCustomError("duration", "must be a duration: a number of seconds, or such as `30m`, `2h`")
    return sum(int(amount or 0) * unit for amount, unit in zip(found.groups(), _UNITS.values(), strict=True))


def in_words(duration: int) -> str:
    """A duration of so many seconds as it is written in a configuration: ``5400`` is ``1h30m``."""
    words, rest = "", duration
    for letter, unit in _UNITS.items():
        amount, rest = divmod(rest, unit)
        words += f"{amount}{letter}" if amount else ""
    return words or "0s"


def account_digits(value: object) -> str:
    """An account id as text; a number is accepted unless YAML has dropped its leading zeros."""
    digits = f"{value}" if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(digits, str) or not re.fullmatch("[0-9]{12}", digits):
        quoted = f'"{digits:0>12}"' if isinstance(value, int) and value >= 0 and len(str(digits)) < 12 else ""
        raise PydanticCustomError("account", "must be an account id of 12 digits", {"quoted": quoted})
    return digits


def day(value: object) -> object:
    """A day of the calendar, written as ``2027-01-31``."""
    try:
        known = isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        known = False
    if not known:
        raise PydanticCustomError("day", "must be a day such as `2027-01-31`")
    return value


def plain_scalar(value: object) -> object:
    """A hyperparameter as written; lists and mappings are refused, since SageMaker hands over only texts."""
    if not isinstance(value, str | int | float | bool) or value in {math.inf, -math.inf}:
        raise PydanticCustomError("scalar", "must be a text, a finite number, true or false")
    return value


def regular_expression(value: object) -> object:
    """A regular expression that compiles."""
    if not isinstance(value, str):
        raise PydanticCustomError("string_type", "must be text")
    try:
        re.compile(value)
    except re.error as error:
        raise PydanticCustomError("regex", "is not a regular expression: {reason}", {"reason": str(error)}) from error
    return value


def metric_expression(value: object) -> object:
    """A regular expression with a group, which SageMaker reads the number from."""
    if re.compile(str(regular_expression(value))).groups == 0:
        raise PydanticCustomError("regex", "has no group in parentheses to read the number from")
    return value


def is_inside_repository(path: str) -> bool:
    """Whether a path stays below the folder that it is relative to."""
    return not (path.startswith(("/", "~")) or ".." in path.split("/") or "\\" in path or "\0" in path)


def repository_path(value: object) -> object:
    """A path inside the repository, with forward slashes."""
    if isinstance(value, str) and not is_inside_repository(value):
        raise PydanticCustomError("path", "must be a path inside the repository, relative to this file")
    return value


PROJECT_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*$"
_NAME = r"^[a-zA-Z0-9](-*[a-zA-Z0-9])*$"
_ROLE = r"^arn:aws[a-z-]*:iam::\d{12}:role/[a-zA-Z_0-9+=,.@/-]+$"
_KMS_KEY = r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:(key|alias)/[a-zA-Z0-9:/_-]+$"
_DURATION_SCHEMA = {
    "title": "duration",
    "anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": _DURATION_PATTERN}],
}
_ACCOUNT_SCHEMA = {
    "title": "account id",
    "anyOf": [
        {"type": "string", "pattern": "^[0-9]{12}$"},
        {"type": "integer", "minimum": 10**11, "maximum": 10**12 - 1},
    ],
    "examples": ["123456789012"],
}

_DAY_SCHEMA = {
    "title": "day",
    "type": "string",
    "format": "date",
    "pattern": r"^\d{4}-\d{2}-\d{2}$",
    "examples": ["2027-01-31"],
}

ProjectName = Annotated[
    str, Field(pattern=PROJECT_PATTERN, max_length=PROJECT_LENGTH, title="project name", examples=["credit-risk"])
]
EndpointName = Annotated[str, Field(pattern=_NAME, max_length=63, title="endpoint name", examples=["credit-risk-prod"])]
EntryName = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*$", max_length=63, title="name", examples=["training"])
]
MetricName = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@-]*$", max_length=63, title="metric name", examples=["auc"])
]
DataName = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=63, title="name", examples=["training"])
]
EnvironmentName = Annotated[
    str, Field(pattern=PROJECT_PATTERN, max_length=20, title="environment name", examples=["qa"])
]
AccountId = Annotated[str, BeforeValidator(account_digits), WithJsonSchema(_ACCOUNT_SCHEMA)]
Region = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$", title="region of AWS", examples=["eu-central-1"])]
RoleArn = Annotated[
    str,
    Field(
        pattern=_ROLE,
        max_length=2048,
        title="role ARN",
        examples=["arn:aws:iam::123456789012:role/credit-risk-deploy"],
    ),
]
KmsKeyArn = Annotated[
    str,
    Field(
        pattern=_KMS_KEY,
        max_length=2048,
        title="KMS key ARN",
        examples=["arn:aws:kms:eu-central-1:123456789012:alias/credit-risk"],
    ),
]
ExternalId = Annotated[
    str,
    Field(
        pattern=r"^[a-zA-Z0-9_+=,.@:/-]+$",
        min_length=2,
        max_length=1224,
        title="external id",
        examples=["credit-risk-7f3a9c"],
    ),
]
SubnetId = Annotated[
    str, Field(pattern=r"^subnet-[0-9a-z]{1,24}$", title="subnet id", examples=["subnet-0a1b2c3d4e5f60718"])
]
SecurityGroupId = Annotated[
    str, Field(pattern=r"^sg-[0-9a-z]{1,24}$", title="security group id", examples=["sg-0a1b2c3d4e5f60718"])
]
S3Uri = Annotated[
    str,
    Field(
        pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?$",
        max_length=512,
        title="S3 address",
        examples=["s3://my-bucket/credit/2026/"],
    ),
]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", title="sha256 of 64 lower-case hexadecimal digits")]
Fingerprint = Annotated[
    str,
    Field(
        pattern=r"^[0-9a-f]{64}$",
        title="sha256 of a public key, 64 lower-case hexadecimal digits",
        examples=["3f0c5b7e1d9a28466c1f5e0d7b3a99c4e8f2611bd07a5c3e94d86f20a1b7c5e3"],
    ),
]
Url = Annotated[str, Field(pattern=r"^https?://[^\s]+$", title="URL", examples=["https://example.com/data.csv"])]
InstanceType = Annotated[
    str, Field(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9]+$", title="instance type", examples=["ml.m5.large"])
]
Price = Annotated[float, Field(gt=0, title="price", examples=[0.115])]
EntryPoint = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$",
        max_length=200,
        title="entry point: module:function",
        examples=["gates.harm:few_are_missed"],
    ),
]
RepositoryPath = Annotated[str, Field(min_length=1, title="path"), BeforeValidator(repository_path)]
BranchPattern = Annotated[str, Field(min_length=1, title="branch pattern", examples=["feature/*"])]
TagPattern = Annotated[str, Field(min_length=1, title="tag pattern", examples=["v*"])]
Duration = Annotated[int, BeforeValidator(seconds), WithJsonSchema(_DURATION_SCHEMA)]
Day = Annotated[str, BeforeValidator(day), WithJsonSchema(_DAY_SCHEMA)]
Percent = Annotated[int, Field(ge=1, le=100)]
Hyperparameter = Annotated[str | int | float | bool, BeforeValidator(plain_scalar)]
AnswerPattern = Annotated[
    str,
    BeforeValidator(regular_expression),
    Field(max_length=500, title="regular expression", examples=["setosa|versicolor"]),
]
MetricRegex = Annotated[
    str,
    BeforeValidator(metric_expression),
    Field(max_length=500, title="regular expression", examples=["accuracy=([0-9.]+)"]),
]
