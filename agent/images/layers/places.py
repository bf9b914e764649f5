"""Where the dependency layer is in an image: a prefix of its own, so that it fits above every base image."""

from __future__ import annotations

PREFIX = "/opt/python"
BIN = f"{PREFIX}/bin"


def site_packages(python: str) -> str:
    """Where Python ``3.X`` finds what the layer brings."""
    return f"{PREFIX}/lib/python{python}/site-packages"
