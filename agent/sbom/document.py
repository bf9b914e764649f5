"""An image's contents as a CycloneDX document, always the same bytes: nothing in it is of the moment, or by chance.

Sources: CycloneDX 1.6 (ECMA-424); package-url's types `apk`, `conda`, `deb`, `npm`, `oci` and `pypi`. The library takes
a quarter of a second to import, so that only who writes a document imports this module.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.component_evidence import ComponentEvidence, Occurrence
from cyclonedx.model.license import DisjunctiveLicense, LicenseExpression
from cyclonedx.model.tool import ToolRepository
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.spdx import is_supported_id
from packageurl import PackageURL

from agent.step import canonical

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cyclonedx.model.license import License

    from agent.ports.contents import ImageContents, ImageLayer, Installed, Package, System

_LAYER, _RECORD, _SIZE, _UNREAD = "modelyard:layer", "modelyard:record:sha256", "modelyard:size", "modelyard:unread"
"""What CycloneDX has no field for: who brought a package, the sha256 of its `RECORD`, bytes, what was not read."""
_NORMAL = re.compile(r"[-_.]+")


def encode(contents: ImageContents) -> bytes:
    """The document of an image: image, layers, base image, distribution and packages."""
    image = _image(contents)
    parts = list(_parts(contents))
    bom = Bom(
        components=parts,
        serial_number=uuid5(NAMESPACE_URL, f"urn:modelyard:sbom:{contents.digest}"),
        metadata=BomMetaData(
            component=image,
            timestamp=_moment(contents.created),
            tools=ToolRepository(components=[Component(name="modelyard", type=ComponentType.APPLICATION)]),
        ),
    )
    bom.register_dependency(image, parts)
    return canonical(json.loads(JsonV1Dot6(bom).output_as_string()))


def _parts(contents: ImageContents) -> Iterator[Component]:
    if contents.system:
        yield _system(contents.system)
    for number, layer in enumerate(contents.layers, start=1):
        yield _layer(number, layer)
    for installed in contents.packages:
        yield _package(installed, contents.system)


def _image(contents: ImageContents) -> Component:
    unread = [Property(name=_UNREAD, value=path) for path in contents.unread]
    return Component(
        type=ComponentType.CONTAINER,
        name=contents.name,
        version=contents.digest,
        bom_ref=contents.digest,
        purl=_oci(contents.name, contents.digest, arch=contents.platform.partition("/")[2]),
        hashes=[_sha256(contents.digest)],
        properties=unread,
    )


def _system(system: System) -> Component:
    return Component(
        type=ComponentType.OPERATING_SYSTEM,
        name=system.id,
        version=system.version or None,
        bom_ref=f"system:{system.id}",
        description=system.name or None,
    )


def _layer(number: int, layer: ImageLayer) -> Component:
    """The same layer may be there twice (an empty one), so that its place tells which one it is."""
    return Component(
        type=ComponentType.FILE,
        name=layer.digest,
        bom_ref=f"layer:{number}:{layer.digest}",
        description=f"layer {number}{f': {layer.holds}' if layer.holds else ''}",
        hashes=[_sha256(layer.digest)],
        properties=[Property(name=_SIZE, value=str(layer.size))],
    )


def _package(installed: Installed, system: System | None) -> Component:
    package, purl = installed.package, _purl(installed.package, system)
    properties = [Property(name=_LAYER, value=installed.layer)]
    if package.record:
        properties.append(Property(name=_RECORD, value=package.record))
    return Component(
        type=ComponentType.LIBRARY,
        group=purl.namespace if package.kind == "npm" else None,
        name=purl.name if package.kind == "npm" else package.name,
        version=package.version or None,
        bom_ref=f"{purl}#{installed.path}",
        purl=purl,
        licenses=list(_licenses(package)),
        properties=properties,
        evidence=ComponentEvidence(occurrences=[Occurrence(location=f"/{installed.path}")]),
    )


def _licenses(package: Package) -> Iterator[License]:
    if not package.license:
        return
    if is_supported_id(package.license):
        yield DisjunctiveLicense(id=package.license)
    elif package.spdx:
        yield LicenseExpression(package.license)
    else:
        yield DisjunctiveLicense(name=package.license)


def _purl(package: Package, system: System | None) -> PackageURL:
    qualifiers = {"arch": package.architecture} if package.architecture else {}
    if package.kind == "npm":
        scope, _, name = package.name.rpartition("/")
        return PackageURL("npm", scope or None, name, package.version)
    if package.kind == "pypi":
        return PackageURL("pypi", None, _NORMAL.sub("-", package.name).lower(), package.version)
    if package.kind == "conda":
        return PackageURL("conda", None, package.name, package.version)
    if system and system.version:
        qualifiers["distro"] = f"{system.id}-{system.version}"
    known = {"deb": "debian", "apk": "alpine"}[package.kind]
    return PackageURL(package.kind, system.id if system else known, package.name, package.version, qualifiers)


def _oci(name: str, digest: str, **qualifiers: str) -> PackageURL:
    repository, _, last = name.rpartition("/")
    last = last.partition(":")[0]
    where = {"repository_url": f"{repository}/{last}"} if repository else {}
    return PackageURL("oci", None, last.lower(), digest, {**where, **qualifiers})


def _sha256(digest: str) -> HashType:
    return HashType(alg=HashAlgorithm.SHA_256, content=digest.removeprefix("sha256:"))


def _moment(created: str) -> datetime:
    """When the image says it was made; one that does not say so gets the beginning of time."""
    try:
        moment = datetime.fromisoformat(created)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
