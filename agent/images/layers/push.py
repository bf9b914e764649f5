"""The push of one image: what the repository lacks, then the documents that name it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.images.blobs import Blob, BytesContent
from agent.images.layers.compose import compose
from agent.images.layers.record import DependencyRecord
from agent.images.manifest import MANIFEST_TYPE

if TYPE_CHECKING:
    from agent.images.layers.base import BaseImage
    from agent.images.layers.compose import Composed, Upper
    from agent.images.layers.dependencies import Dependencies
    from agent.images.registry import Registry
    from agent.ports.images import BuildOrder
    from agent.ports.reporter import Reporter


@dataclass(frozen=True, kw_only=True)
class Push:
    """An image of a base and our layers above it, the lowest first, on its way into a repository."""

    registry: Registry
    repository: str
    base: BaseImage
    dependencies: Upper | None
    code: Upper

    def composed(self, order: BuildOrder, python: str | None) -> Composed:
        """The image's documents."""
        return compose(
            self.base.config,
            [blob.descriptor for blob in self.base.blobs],
            [upper.layer for upper in self._uppers],
            python=python,
            labels=order.labels,
            created=order.created,
        )

    def run(self, image: Composed, tag: str, wanted: Dependencies | None, report: Reporter) -> None:
        """Upload, record the dependency layer if it is new here, and name the image last."""
        report.doing(f"pushing what {self.repository} lacks of the image")
        blobs = [
            *self.base.blobs,
            *(Blob(descriptor=one.layer.descriptor, content=one.content) for one in self._uppers if one.content),
            Blob(descriptor=image.config_descriptor, content=BytesContent(data=image.config)),
        ]
        sent = self.registry.upload(self.repository, blobs)
        if wanted and self.dependencies and (self.dependencies.made or self.dependencies.layer.digest in sent):
            record = DependencyRecord(key=wanted.key, layer=self.dependencies.layer)
            self.registry.upload(self.repository, [record.config_blob])
            self.registry.push_manifest(self.repository, wanted.tag, MANIFEST_TYPE, record.manifest)
        self.registry.push_manifest(self.repository, tag, MANIFEST_TYPE, image.manifest)
        sizes = {blob.descriptor.digest: blob.descriptor.size for blob in blobs}
        megabytes = sum(sizes[digest] for digest in sent) / 1e6
        report.fact(f"uploaded {len(sent)} of {len(sizes)} blobs ({megabytes:.1f} MB); the registry had the others")

    @property
    def _uppers(self) -> tuple[Upper, ...]:
        return (self.dependencies, self.code) if self.dependencies else (self.code,)
