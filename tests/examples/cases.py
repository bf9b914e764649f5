"""The examples, and the variants of each that its README tells of, with the gates that refuse them."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from tests.sources import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


EXAMPLES = ROOT / "examples"


@dataclass(frozen=True, kw_only=True)
class SharedFile:
    """A file of the data beside this repository, and its name where the example's users get it."""

    file: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Variant:
    """Hyperparameters of a row in the README, and the threshold gates that refuse what they make."""

    settings: Mapping[str, object]
    refused_by: tuple[str, ...] = ()

    @property
    def requests(self) -> tuple[str, ...]:
        """As `modelyard run --set` takes them."""
        return tuple(f"training.hyperparameters.{name}={value}" for name, value in self.settings.items())

    def __str__(self) -> str:
        return ",".join(f"{name}={value}" for name, value in self.settings.items())


@dataclass(frozen=True, kw_only=True)
class Example:
    """A model repository; ``shared`` are its data sources that are not part of it.

    The first of the ``variants`` is what its `modelyard.yaml` says.
    """

    name: str
    variants: tuple[Variant, ...]
    shared: Mapping[str, SharedFile] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def folder(self) -> Path:
        """Where it is."""
        return EXAMPLES / self.name


ALL = (
    Example(
        name="iris-byo",
        variants=(
            Variant(settings={"max_leaf_nodes": 4}),
            Variant(settings={"max_leaf_nodes": 3}),
            Variant(settings={"max_leaf_nodes": 2}, refused_by=("accurate",)),
        ),
    ),
    Example(
        name="tumour-byo",
        variants=(
            Variant(settings={"trees": 150, "malignant_weight": 2}),
            Variant(settings={"trees": 300, "malignant_weight": 2}),
            Variant(settings={"trees": 150, "malignant_weight": 3}),
            Variant(settings={"trees": 40, "malignant_weight": 2}),
            Variant(
                settings={"trees": 10, "malignant_weight": 1},
                refused_by=("misses-few", "worth-asking", "means-what-it-says"),
            ),
            Variant(
                settings={"trees": 1, "malignant_weight": 2},
                refused_by=("separates", "misses-few", "worth-asking", "means-what-it-says"),
            ),
        ),
    ),
    Example(
        name="abalone-byo",
        shared={"abalone": SharedFile(file="abalone.csv", name="abalone.data")},
        variants=(
            Variant(settings={"max_depth": 3, "max_trees": 300}),
            Variant(settings={"max_depth": 2, "max_trees": 300}),
            Variant(settings={"max_depth": 1, "max_trees": 300}, refused_by=("old-look-old",)),
            Variant(
                settings={"max_depth": 3, "max_trees": 5},
                refused_by=("close-enough", "close-for-every-sex", "old-look-old"),
            ),
        ),
    ),
    Example(
        name="credit-byo",
        shared={"clients": SharedFile(file="credit_default.csv.gz", name="credit_default.csv.gz")},
        variants=(
            Variant(settings={"model": "logistic", "class_weight": "equal"}),
            Variant(settings={"model": "boosting", "class_weight": "equal"}),
            Variant(settings={"model": "boosting", "class_weight": "balanced"}, refused_by=("means-what-it-says",)),
            Variant(
                settings={"model": "logistic", "class_weight": "balanced"},
                refused_by=("right-often-enough", "means-what-it-says"),
            ),
        ),
    ),
)
BY_NAME = {example.name: example for example in ALL}
