"""A release as supply-chain tools read it: an in-toto statement with SLSA provenance, always the same bytes.

Sources: in-toto Attestation Framework, "Statement layer specification" v1 and "ResourceDescriptor" v1; SLSA v1.0,
"Provenance". What SLSA has no field for stands in extension fields, which it wants named ``<vendor>_<field>``.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from agent.artifacts import CommitInfo, DataSet, Image, Release, Sbom
from agent.errors import InputMissingError, UsageError
from agent.step import StepModel, canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Document = dict[str, Any]

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "urn:modelyard:release:v1"
BUILDER = "urn:modelyard:agent"
SBOM_TYPE = "application/vnd.cyclonedx+json"

_COMMIT, _IMAGE, _DATA, _SBOM = "commit", "image", "data:", "sbom"
_ALGORITHM = "sha256:"


def encode(release: Release) -> bytes:
    """The release's bytes, which its digest is of; UsageError where model and release name different images."""
    return canonical(statement(release))


def release_digest(release: Release) -> str:
    """The sha256 of the release's bytes, in hexadecimal: its name."""
    return hashlib.sha256(encode(release)).hexdigest()


def decode(content: bytes, origin: str = "the release") -> Release:
    """The release that :func:`encode` made these bytes of; InputMissingError for anything else."""
    try:
        document = json.loads(content)
        if document["_type"] != STATEMENT_TYPE or document["predicate"]["buildDefinition"]["buildType"] != BUILD_TYPE:
            raise InputMissingError(
                f"{origin} is no release of modelyard, or one of a newer version; upgrade modelyard"
            )
        return Release.model_validate_json(json.dumps(_release(document)))
    except (ValueError, LookupError, TypeError, StopIteration, ValidationError) as error:
        raise InputMissingError(f"{origin} is damaged: {error}") from error


def statement(release: Release) -> Document:
    """The in-toto statement: its subjects are what goes into production, its predicate is how they came to be."""
    if release.model.image != release.image:
        raise UsageError(
            f"the model was trained in {release.model.image.uri}, but the release is of {release.image.uri}"
        )
    return {
        "_type": STATEMENT_TYPE,
        "subject": [
            {
                "name": release.model.artifact,
                "digest": {"sha256": release.model.sha256},
                "annotations": {"job": release.model.job},
            },
            {"name": _name(release.image), "digest": {"sha256": _hex(release.image)}},
        ],
        "predicateType": PREDICATE_TYPE,
        "predicate": {"buildDefinition": _build_definition(release), "runDetails": _run_details(release)}
        | {f"modelyard_{name}": value for name, value in _extensions(release).items()},
    }


def _build_definition(release: Release) -> Document:
    return {
        "buildType": BUILD_TYPE,
        "externalParameters": {"project": release.project, "hyperparameters": dict(release.hyperparameters)},
        "resolvedDependencies": [
            _commit_descriptor(release.commit),
            _image_descriptor(release.image),
            *(_data_descriptor(name, data) for name, data in sorted(release.data.items())),
        ],
    }


def _run_details(release: Release) -> Document:
    byproducts = {"byproducts": [_sbom_descriptor(release.sbom)]} if release.sbom else {}
    return {
        "builder": {"id": BUILDER},
        "metadata": {"invocationId": release.run},
        **byproducts,
        "modelyard_buildUrl": release.build_url,
        "modelyard_who": release.who,
    }


def _extensions(release: Release) -> Document:
    """What vouches for the model; a verdict says no more than it knows, so that older ones stay as they were."""
    known = release.model_dump(mode="json", include={"evaluation", "champions", "package"})
    verdicts = [verdict.model_dump(mode="json", exclude_defaults=True) for verdict in release.verdicts]
    return {**known, "verdicts": verdicts}


def _commit_descriptor(commit: CommitInfo) -> Document:
    digest = {"digest": {"gitCommit": commit.sha}} if commit.sha else {}
    return {"name": _COMMIT, **digest, "annotations": _rest(commit, "sha")}


def _image_descriptor(image: Image) -> Document:
    return {"name": _IMAGE, "uri": image.uri, "digest": {"sha256": _hex(image)}, "annotations": _rest(image, "uri")}


def _sbom_descriptor(sbom: Sbom) -> Document:
    return {
        "name": _SBOM,
        "uri": sbom.uri,
        "digest": {"sha256": sbom.sha256},
        "mediaType": SBOM_TYPE,
        "annotations": _rest(sbom, "uri", "sha256"),
    }


def _data_descriptor(name: str, data: DataSet) -> Document:
    return {
        "name": f"{_DATA}{name}",
        "uri": data.manifest,
        "digest": {"sha256": data.digest},
        "annotations": _rest(data, "digest", "manifest"),
    }


def _rest(model: StepModel, *elsewhere: str) -> Document:
    """What a descriptor has no field of its own for."""
    return model.model_dump(mode="json", exclude=set(elsewhere), exclude_defaults=True)


def _name(image: Image) -> str:
    return image.uri.rpartition("@")[0]


def _hex(image: Image) -> str:
    if not image.digest.startswith(_ALGORITHM):
        raise UsageError(f"{image.uri} names no sha256 digest")
    return image.digest.removeprefix(_ALGORITHM)


def _release(document: Mapping[str, Any]) -> Document:
    predicate = document["predicate"]
    definition, details = predicate["buildDefinition"], predicate["runDetails"]
    parameters, dependencies = definition["externalParameters"], definition["resolvedDependencies"]
    artifact = document["subject"][0]
    image = _image(dependencies)
    return {
        "project": parameters["project"],
        "commit": _commit(dependencies),
        "data": dict(_data(found) for found in dependencies if found["name"].startswith(_DATA)),
        "image": image,
        "sbom": _sbom(details.get("byproducts", ())),
        "model": {
            "artifact": artifact["name"],
            "sha256": artifact["digest"]["sha256"],
            "image": image,
            **artifact["annotations"],
        },
        "hyperparameters": parameters["hyperparameters"],
        **{name: predicate[f"modelyard_{name}"] for name in ("evaluation", "champions", "verdicts", "package")},
        "build_url": details["modelyard_buildUrl"],
        "run": details["metadata"]["invocationId"],
        "who": details["modelyard_who"],
    }


def _sbom(byproducts: Iterable[Document]) -> Document | None:
    for found in byproducts:
        if found["name"] == _SBOM:
            return {"uri": found["uri"], "sha256": found["digest"]["sha256"], **found["annotations"]}
    return None


def _dependency(dependencies: list[Document], name: str) -> Document:
    return next(found for found in dependencies if found["name"] == name)


def _commit(dependencies: list[Document]) -> Document:
    found = _dependency(dependencies, _COMMIT)
    return {"sha": found.get("digest", {}).get("gitCommit", ""), **found["annotations"]}


def _image(dependencies: list[Document]) -> Document:
    found = _dependency(dependencies, _IMAGE)
    return {"uri": found["uri"], **found["annotations"]}


def _data(descriptor: Document) -> tuple[str, Document]:
    return descriptor["name"].removeprefix(_DATA), {
        "manifest": descriptor["uri"],
        "digest": descriptor["digest"]["sha256"],
        **descriptor["annotations"],
    }
