"""What `docs/permissions.yaml` says about each permission of the templates."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from ruamel.yaml import YAML

from tests.proof.removal import Permission
from tests.sources import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class Declared:
    """``needed``: the step that needs it first; ``told``: such as are missed with a warning only; ``unheard``: by
    silence; ``elsewhere``: why AWS asks for it and the embedded cloud does not, with a source."""

    needed: Mapping[Permission, str]
    told: Mapping[Permission, str]
    unheard: Mapping[Permission, str]
    elsewhere: Mapping[Permission, Mapping[str, str]]

    def of(self, step: str) -> list[Permission]:
        """What a step needs first; what it does without, with a warning, at the end, for then it is done."""
        return sorted((one for one, needing in self.needed.items() if needing == step), key=self.told.__contains__)


@cache
def declared() -> Declared:
    """The file, read."""
    document = YAML(typ="safe").load(ROOT / "docs/permissions.yaml")

    def rows(name: str) -> dict[Permission, object]:
        return {Permission(*key.split(" ")): value for key, value in (document.get(name) or {}).items()}

    return Declared(needed=rows("needed"), told=rows("told"), unheard=rows("unheard"), elsewhere=rows("elsewhere"))  # type: ignore[arg-type]
