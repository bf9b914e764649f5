"""What a step uses of the machine it runs on, so that whoever puts it into a container gives it that and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.config.model import Configuration


def used(step: str, configuration: Configuration) -> tuple[str, ...]:
    """``engine`` for a step that asks a container engine to build, as the model repository is configured."""
    return ("engine",) if step == "build_image" and configuration.image.builder == "engine" else ()
