"""Puts an image together from base, dependencies and code, and pushes what the repository lacks of it."""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from agent.errors import InputMissingError, UsageError
from agent.images.blobs import FileContent
from agent.images.exchange import RegistryEndpoint
from agent.images.ignore import read_rules
from agent.images.layer import FolderLayer, write_layer
from agent.images.layers.base import BaseImages
from agent.images.layers.compose import Layer, Upper, python_version
from agent.images.layers.dependencies import Dependencies, DependencyLayers
from agent.images.layers.push import Push
from agent.images.layout import ImageLayout
from agent.images.manifest import MANIFEST_TYPE
from agent.images.program import PROGRAM
from agent.images.reference import parse_reference
from agent.images.registry import Registry
from agent.images.stored_gzip import Nowhere

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agent.images.layers.base import BaseImage
    from agent.images.retries import Retries
    from agent.ports.images import BuildOrder, PushTarget
    from agent.ports.reporter import Reporter

_FORMAT = 1
"""Part of the sources' digest: to be raised when the same sources would give another image."""


class LayersBuilder:
    """The builder `layers`; Dockerfile, stage and build arguments are no part of such an image, nor of its digest."""

    def __init__(self, retries: Retries, cache: Path, environ: Mapping[str, str]) -> None:
        layout = ImageLayout(cache / "layers")
        self._retries = retries
        self._bases = BaseImages(layout, retries, environ)
        self._dependencies = DependencyLayers(layout, cache / "dependencies")

    def source_digest(self, order: BuildOrder) -> str:
        """The digest of base image, requirements, version of Python, platform, and the files of the context."""
        requirements = _requirements(order)
        made_of = {
            "builder": [order.builder, _FORMAT],
            "base_image": _base_name(order),
            "requirements": hashlib.sha256(requirements.read_bytes()).hexdigest() if requirements else None,
            "python": order.python,
            "platform": order.platform,
            "code": write_layer(_code(order), Nowhere()),
        }
        return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()

    def build_and_push(self, order: BuildOrder, target: PushTarget, tag: str, report: Reporter) -> str:
        """Put the image together, and push it unless the tag names it already."""
        name = _base_name(order)
        endpoint = RegistryEndpoint(base_url=target.base_url, host=target.host, password=target.token)
        with Registry(endpoint, self._retries) as registry, _code_layer(order) as code:
            report.doing(f"reading the base image {name}")
            base = self._bases.read(name, order.platform, target)
            _warn_of_base(name, base.digest, order, report)
            wanted = _wanted(order, base)
            dependencies = (
                self._dependencies.find_or_make(wanted, registry, target.repository, report) if wanted else None
            )
            push = Push(
                registry=registry, repository=target.repository, base=base, dependencies=dependencies, code=code
            )
            image = push.composed(order, wanted.python if wanted else None)
            if registry.digest(target.repository, tag, MANIFEST_TYPE) == image.digest:
                report.fact("the repository has this very image under this tag already; nothing was uploaded")
            else:
                push.run(image, tag, wanted, report)
        return image.digest


@contextmanager
def _code_layer(order: BuildOrder) -> Iterator[Upper]:
    with TemporaryDirectory(prefix="modelyard-image-") as folder:
        layout = ImageLayout(Path(folder))
        with layout.writer() as blob:
            diff_id = write_layer(_code(order), blob)
        layer = Layer(digest=blob.digest, size=blob.size, diff_id=diff_id, holds="code")
        yield Upper(layer=layer, content=FileContent(path=layout.blob_path(blob.digest)))


def _code(order: BuildOrder) -> FolderLayer:
    context = order.folder / order.context
    return FolderLayer(source=context, target=PROGRAM, rules=read_rules(context))


def _base_name(order: BuildOrder) -> str:
    if order.base_image is None:
        raise UsageError(
            "the image builder `layers` needs a base image; set `image.base_image`, for example to python:3.11-slim"
        )
    return order.base_image


def _requirements(order: BuildOrder) -> Path | None:
    if order.requirements is None:
        return None
    file = order.folder / order.requirements
    if not file.is_file():
        raise InputMissingError(f"{file} does not exist; `image.requirements` names it")
    return file


def _wanted(order: BuildOrder, base: BaseImage) -> Dependencies | None:
    requirements = _requirements(order)
    if requirements is None:
        return None
    python = order.python or python_version(base.config, _base_name(order))
    return Dependencies(requirements=requirements, python=python, platform=order.platform)


def _warn_of_base(name: str, digest: str, order: BuildOrder, report: Reporter) -> None:
    reference = parse_reference(name)
    if reference.digest is None:
        report.warn(
            f"the base image {name} is a tag, which may move: now it is {digest}; name that digest in "
            "`image.base_image`, and the image stays the same"
        )
    if order.requirements and "alpine" in name:
        report.warn(f"the base image {name} seems to be Alpine's: wheels for Linux need glibc, which it has not")
