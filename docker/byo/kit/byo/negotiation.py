"""Which format a request is in, and which one it wants back: 415 and 406 come from here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from importlib.util import find_spec
from typing import TYPE_CHECKING

from byo import decoding, encoding
from byo.cells import excerpt
from byo.refusals import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from byo.encoding import Array
    from byo.program import Program
    from byo.rows import Table


@dataclass(frozen=True, kw_only=True)
class Format:
    """A media type, with the functions that read and write it; ``needs`` are libraries of which one is enough."""

    name: str
    aliases: tuple[str, ...] = ()
    decode: Callable[[bytes, Program], Table]
    encode: Callable[[Array], bytes]
    needs: tuple[str, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether a library that it needs is installed."""
        return not self.needs or any(find_spec(library) for library in self.needs)


FORMATS = (
    Format(name="text/csv", decode=decoding.from_csv, encode=encoding.to_csv),
    Format(name="application/json", decode=decoding.from_json, encode=encoding.to_json),
    Format(
        name="application/jsonlines",
        aliases=("application/x-jsonlines", "application/x-ndjson", "application/jsonl"),
        decode=decoding.from_json_lines,
        encode=encoding.to_json_lines,
    ),
    Format(name="application/x-npy", decode=decoding.from_npy, encode=encoding.to_npy),
    Format(
        name="application/x-parquet",
        aliases=("application/vnd.apache.parquet",),
        decode=decoding.from_parquet,
        encode=encoding.to_parquet,
        needs=("polars", "pyarrow"),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """How one request is read and its answer written."""

    reads: Format
    writes: Format


@lru_cache(maxsize=256)
def agree(content_type: str, accept: str) -> Exchange:
    """The formats of a request; raises 415 or 406. Nothing said means CSV, and the same format back."""
    known = _known()
    reads = known.get(_media_type(content_type) or FORMATS[0].name)
    if reads is None:
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send {_listed()}; {excerpt(content_type)!r} is none of them")
    for wanted in _by_preference(accept):
        if wanted in ("", "*/*", f"{reads.name.partition('/')[0]}/*"):
            return Exchange(reads=reads, writes=reads)
        if wanted in known:
            return Exchange(reads=reads, writes=known[wanted])
        if wanted.endswith("/*"):
            for one in FORMATS:
                if one.usable and one.name.startswith(wanted[:-1]):
                    return Exchange(reads=reads, writes=one)
    raise Refused(HTTPStatus.NOT_ACCEPTABLE, f"accept {_listed()}; {excerpt(accept)!r} is none of them")


def _known() -> dict[str, Format]:
    return {name: one for one in FORMATS if one.usable for name in (one.name, *one.aliases)}


def _listed() -> str:
    return ", ".join(one.name for one in FORMATS if one.usable)


def _media_type(header: str) -> str:
    """The type without parameters."""
    return header.partition(";")[0].strip().lower()


def _by_preference(accept: str) -> list[str]:
    """The types of an Accept header, the best liked first; what is not wanted at all (`q=0`) is left out."""
    weighed = [(_weight(part), _media_type(part)) for part in accept.split(",") if part.strip()]
    liked = sorted(((weight, name) for weight, name in weighed if weight > 0), key=lambda one: -one[0])
    return [name for _, name in liked] if weighed else [""]


def _weight(part: str) -> float:
    for parameter in part.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
