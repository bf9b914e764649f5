"""A picture with its title, and what it shows in words; and the models that pictures of predictions show."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.report.drawing import drawn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from xml.etree import ElementTree as ET

    from agent.measurements import Measurements
    from agent.report.drawing import Measures, Palette


@dataclass(frozen=True, kw_only=True)
class MeasuredModels:
    """What the predictions of a build's model say, and those of ``champions`` by environment, on the same rows."""

    candidate: Measurements
    champions: Mapping[str, Measurements] = field(default_factory=dict)

    def named(self) -> Iterator[tuple[str, Measurements]]:
        """Every model with its name, the build's own first."""
        yield "this build", self.candidate
        yield from ((f"champion of {name}", measured) for name, measured in self.champions.items())


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A picture of the page; ``name`` is its file's, and ``parts`` what it is drawn of in the colours of a scheme."""

    name: str
    title: str
    size: Measures
    parts: Callable[[Palette], Iterable[ET.Element]]

    def svg(self, palette: Palette) -> bytes:
        """The picture as an SVG document."""
        return drawn(self.size, self.parts(palette))
