"""The JSON Schema: current, right by its own rules, and of one mind with `modelyard validate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from agent.config.reference import reference_page
from agent.config.schema import document_schema, document_schema_text
from tests.sources import ROOT
from tests.unit.config.documents import VALID, as_json, edited, findings

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA_FILE = ROOT / "docs" / "modelyard.schema.json"
REFERENCE_FILE = ROOT / "docs" / "reference" / "configuration.md"

INVALID = {
    "unknown key": ("    volume_gb: 50", "    volumegb: 50"),
    "missing key": ("project: credit-risk\n", ""),
    "wrong type": ("    instance_count: 2", '    instance_count: "2"'),
    "out of limits": ("        percent: 10\n", "        percent: 80\n"),
    "unknown choice": ("auc: {better: higher}", "auc: {better: more}"),
    "unknown kind": ("kind: threshold", "kind: limit"),
    "key of the other kind": ("    min: 0.75", "    min: 0.75\n    margin: 1"),
    "malformed region": ("region: eu-central-1", "region: europe"),
    "malformed duration": ("    max_wait: 2h", "    max_wait: 2 hours"),
    "malformed account": ('account: "222222222222"', "account: 22222"),
    "malformed name": ("  qa:", "  QA_1:"),
    "threshold without a limit": ("    min: 0.75\n", ""),
    "sample without a limit": ("        min: 0.7\n", ""),
    "two origins of data": ("    s3: s3://credit-data/2026/", "    s3: s3://credit-data/2026/\n    path: data"),
    "production without external id": ("    external_id: credit-7f3a\n", ""),
    "endpoint without hosting": (
        "      serverless:\n        memory_mb: 2048\n        max_concurrency: 20\n",
        "",
    ),
    "unknown key in an override": ("      max_runtime: 10m", "      max_runtme: 10m"),
    "wrong type in an override": ("      max_runtime: 10m", "      max_runtime: []"),
    "override of overrides": ("  pr:\n", "  pr:\n    overrides: {}\n"),
}


def errors(text: str) -> list[str]:
    return [error.message for error in Draft202012Validator(document_schema()).iter_errors(as_json(text))]


def test_the_schema_in_the_docs_is_current() -> None:
    assert SCHEMA_FILE.read_text() == document_schema_text(), (
        "run `modelyard config --schema > docs/modelyard.schema.json`"
    )


def test_the_reference_page_in_the_docs_is_current() -> None:
    assert REFERENCE_FILE.read_text() == reference_page(), (
        "run `modelyard config --reference > docs/reference/configuration.md`"
    )


def test_the_schema_follows_its_dialect() -> None:
    Draft202012Validator.check_schema(document_schema())
    assert document_schema()["$schema"] == Draft202012Validator.META_SCHEMA["$id"]


def test_the_valid_document_satisfies_the_schema() -> None:
    assert errors(VALID) == []


@pytest.mark.parametrize("name", INVALID)
def test_schema_and_validation_both_refuse(name: str, tmp_path: Path) -> None:
    text = edited(INVALID[name])
    assert errors(text)
    assert findings(text, tmp_path)


@pytest.mark.parametrize("key", ["image", "gates", "overrides"])
def test_a_section_without_a_value_is_right_for_the_schema_too(key: str) -> None:
    document = as_json(VALID)
    document[key] = None
    assert list(Draft202012Validator(document_schema()).iter_errors(document)) == []


def test_an_override_may_remove_a_value() -> None:
    document = as_json(VALID)
    document["overrides"]["pr"]["training"]["spot"] = None
    assert list(Draft202012Validator(document_schema()).iter_errors(document)) == []


def test_every_reference_leads_somewhere() -> None:
    text = document_schema_text()
    named = {part.split('"')[0] for part in text.split('"#/$defs/')[1:]}
    assert named - set(document_schema()["$defs"]) == set()


def test_every_key_has_a_description() -> None:
    sections = {"": document_schema(), **document_schema()["$defs"]}
    silent = [
        f"{name}.{key}"
        for name, section in sections.items()
        for key, schema in section.get("properties", {}).items()
        if not schema.get("description", "").endswith(".")
    ]
    assert silent == []


def test_the_reference_page_names_every_key() -> None:
    page = reference_page()
    sections = [document_schema(), *document_schema()["$defs"].values()]
    keys = {key for section in sections for key in section.get("properties", {})}
    assert [key for key in sorted(keys) if f"| `{key}` |" not in page] == []
