"""The user's module: which functions it has, and as what it wants its rows."""

from __future__ import annotations

import importlib
import inspect
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from byo.rows import KINDS, Kind

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from byo.settings import Settings


class ProgramError(Exception):
    """The user's module is not what it must be."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """What a module declares.

    - ``columns``: the names of a row's columns (`COLUMNS`); empty when the module does not say.
    - ``kind``: as what `predict` wants its rows (`ROWS`, or the annotation of its second argument).
    """

    module: ModuleType
    kind: Kind
    columns: tuple[str, ...]

    def function(self, name: str) -> Callable[..., Any]:
        """One of `fit`, `load` and `predict`; raises :class:`ProgramError` where the module has none."""
        found = getattr(self.module, name, None)
        if not callable(found):
            raise ProgramError(f"{self.module.__file__} has no function `{name}`")
        return cast("Callable[..., Any]", found)


def imported(settings: Settings) -> Program:
    """Import the user's module; what it raises is the user's to see."""
    folder = str(settings.folder)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        module = importlib.import_module(settings.module)
    except ModuleNotFoundError as error:
        if error.name != settings.module:
            raise
        raise ProgramError(
            f"there is no module `{settings.module}` in {settings.folder}: copy it there, "
            "or say with BYO_FOLDER and BYO_MODULE where it is"
        ) from error
    return declared(module)


def declared(module: ModuleType) -> Program:
    """What a module says about itself."""
    columns = getattr(module, "COLUMNS", ())
    if isinstance(columns, str) or not all(isinstance(name, str) for name in columns):
        raise ProgramError(f"`COLUMNS` of {module.__file__} must be a list of names")
    return Program(module=module, kind=_kind(module), columns=tuple(columns))


def _kind(module: ModuleType) -> Kind:
    """`ROWS`, or the library that the annotation of `predict`'s second argument names, or numpy."""
    said = getattr(module, "ROWS", None) or _annotated(module)
    for kind in KINDS:
        if said == kind:
            return kind
    raise ProgramError(f"`ROWS` of {module.__file__} is {said!r}, not one of {', '.join(KINDS)}")


def _annotated(module: ModuleType) -> str:
    """By name and not by type: an annotation may stand under `if TYPE_CHECKING`, and `pd` may not be imported."""
    predict = getattr(module, "predict", None)
    if not callable(predict):
        return "numpy"
    parameters = list(inspect.signature(predict).parameters.values())
    note = parameters[1].annotation if len(parameters) > 1 else inspect.Parameter.empty
    text = note if isinstance(note, str) else f"{getattr(note, '__module__', '')}.{getattr(note, '__qualname__', '')}"
    first = text.strip("'\"").partition(".")[0]
    return {"pd": "pandas", "pandas": "pandas", "pl": "polars", "polars": "polars"}.get(first, "numpy")
