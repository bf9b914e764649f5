"""The JSON Schema of `modelyard.yaml`, for editors, for the reference page and for the hints of error messages.

Pydantic generates it from the model; what is added here is what pydantic cannot know: that a key without a value is
as if it were not written, and that overrides are documents in which nothing is required.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from pydantic.json_schema import GenerateJsonSchema

from agent.config.model import Configuration, Document

if TYPE_CHECKING:
    from collections.abc import Mapping

    JsonSchema: TypeAlias = Mapping[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
REFERENCE = "#/$defs/"
NULL = {"type": "null"}
_ANNOTATIONS = ("description", "default", "examples")
_DEMANDS = ("required", "oneOf", "anyOf", "if", "then", "dependentRequired")


class _WithoutTitles(GenerateJsonSchema):
    """Titles name types (see ``field_types``); pydantic's own would only repeat the keys."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 pydantic's signature
        """No."""
        return False


@cache
def document_schema() -> JsonSchema:
    """The JSON Schema (2020-12) of the whole file, overrides included."""
    document = _tidy(Document.model_json_schema(schema_generator=_WithoutTitles))
    definitions = document.pop("$defs")
    effective = _tidy(Configuration.model_json_schema(schema_generator=_WithoutTitles))
    partials = {
        f"Partial{name}": _partial(definition)
        for name, definition in ({"Configuration": effective} | effective.pop("$defs")).items()
    }
    definitions["Overrides"] = _overrides(definitions["Overrides"])
    whole = {name: _with_nulls(definition) for name, definition in definitions.items()}
    head = {"$schema": DIALECT, "$id": "urn:modelyard:configuration", "title": "modelyard.yaml"}
    return head | _with_nulls(document) | {"$defs": whole | partials}


def document_schema_text() -> str:
    """What `docs/modelyard.schema.json` holds."""
    return json.dumps(document_schema(), indent=2) + "\n"


def _tidy(node: Any) -> Any:
    """Without OpenAPI's ``discriminator``, and with key patterns that forbid the keys that do not match."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    tidy = {key: _tidy(value) for key, value in node.items() if key not in {"discriminator", "patternProperties"}}
    for pattern, value in node.get("patternProperties", {}).items():
        tidy["additionalProperties"] = _tidy(value)
        tidy["propertyNames"] = tidy.get("propertyNames", {}) | {"pattern": pattern}
    return tidy


def _with_nulls(definition: JsonSchema) -> dict[str, Any]:
    """The definition of a section in which a key that is not required may be written without a value."""
    required = definition.get("required", ())
    properties = {
        key: value if key in required else _nullable(value) for key, value in definition.get("properties", {}).items()
    }
    return {**definition, "properties": properties}


def _nullable(schema: JsonSchema) -> JsonSchema:
    if NULL in schema.get("anyOf", ()):
        return schema
    annotations = {key: schema[key] for key in _ANNOTATIONS if key in schema}
    return {"anyOf": [{key: schema[key] for key in schema if key not in annotations}, NULL], **annotations}


def _partial(definition: JsonSchema) -> JsonSchema:
    """The definition of the same section inside an override: nothing is required, anything may be removed."""
    undemanding = {key: value for key, value in definition.items() if key not in _DEMANDS}
    return dict(_partial_references(_with_nulls(undemanding)))


def _partial_references(node: Any) -> Any:
    if isinstance(node, list):
        return [_partial_references(item) for item in node]
    if not isinstance(node, dict):
        return node
    partial = {}
    for key, value in node.items():
        if key == "$ref":
            partial[key] = value.replace(REFERENCE, f"{REFERENCE}Partial")
        elif key not in {"default", "minProperties"}:
            partial["anyOf" if key == "oneOf" else key] = _partial_references(value)
    return partial


def _overrides(definition: JsonSchema) -> JsonSchema:
    partial = {"$ref": f"{REFERENCE}PartialConfiguration"}
    properties = dict(definition["properties"])
    for key in ("environments", "branches"):
        properties[key] = properties[key] | {"additionalProperties": partial}
    properties["pr"] = {"description": properties["pr"]["description"]} | partial
    return {**definition, "properties": properties}
