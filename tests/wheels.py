"""Small wheels, made here: what pip and installers read without an index."""

from __future__ import annotations

import hashlib
import zipfile
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

ANY = "py3-none-any"


def make_wheel(
    folder: Path,
    name: str,
    version: str = "1.0",
    *,
    tag: str = ANY,
    files: Mapping[str, str] | None = None,
    needs: Sequence[str] = (),
) -> Path:
    """A wheel of a distribution in ``folder``; ``files`` are its members beside its metadata, by their names.

    ``needs`` are the requirements that its metadata states.
    """
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    needed = "".join(f"Requires-Dist: {need}\n" for need in needs)
    pure = str(tag == ANY).lower()
    members = {
        **({f"{name}.py": f"VERSION = {version!r}\n"} if files is None else files),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needed}",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: {pure}\nTag: {tag}\n",
    }
    record = "".join(f"{member},{_digest(text)},{len(text.encode())}\n" for member, text in members.items())
    path = folder / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, text in {**members, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            entry = zipfile.ZipInfo(member, date_time=(2020, 1, 1, 0, 0, 0))
            entry.external_attr = (0o755 if "/scripts/" in member else 0o644) << 16
            archive.writestr(entry, text)
    return path


def locked(*wheels: Path) -> str:
    """The text of a requirements file that locks these wheels; several of one version give it several hashes."""
    hashes: dict[str, list[str]] = {}
    for wheel in wheels:
        name, version, *_ = wheel.name.split("-")
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        hashes.setdefault(f"{name}=={version}", []).append(f"--hash=sha256:{digest}")
    return "".join(f"{' '.join((pin, *digests))}\n" for pin, digests in hashes.items())


def _digest(text: str) -> str:
    return f"sha256={urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip('=')}"
