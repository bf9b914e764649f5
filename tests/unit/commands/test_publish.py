"""`modelyard publish` on the command line: its schemas fit what Jenkins sends, and what is missing is said."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import jsonschema

from agent.cli import main
from agent.errors import ExitCode
from tests import builds

if TYPE_CHECKING:
    import pytest


def test_the_schemas_describe_what_is_sent(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["publish", "--schema"]) == ExitCode.DONE
    schemas = json.loads(capsys.readouterr().out)
    assert schemas.keys() == {"request", "published", "gates"}
    outcomes = [outcome.model_dump(mode="json") for outcome in builds.refused()]
    jsonschema.validate({"contract": 1, "result": "UNSTABLE", "outcomes": outcomes}, schemas["request"])


def test_request_and_folder_are_needed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["publish", "--out", "here"]) == ExitCode.USAGE
    assert "--request FILE" in capsys.readouterr().err
