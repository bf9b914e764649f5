"""What an instance type offers, so that containers are told and held to it.

Derived from AWS's published numbers ("Amazon EC2 instance types" and SageMaker's pricing page): a type of size
``Nxlarge`` has 4·N virtual processors, and a family has a fixed amount of memory for each of them. ``EXACT`` holds the
types that break the rule.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.errors import UsageError

_TYPE = re.compile(r"ml\.(?P<family>[a-z]+[0-9][a-z0-9-]*)\.(?P<size>[a-z0-9-]+)")
_LARGE = re.compile(r"(?P<count>\d*)xlarge")
_SMALL_SIZES = {"medium": 1, "large": 2}
_GIB_FOR_EACH_CPU = {"c": 2.0, "m": 4.0, "r": 8.0, "t": 4.0, "x": 16.0, "g": 4.0, "p": 8.0, "inf": 4.0, "trn": 4.0}
_OTHER_FAMILIES = {"c4": 1.875, "c5n": 2.625, "g4dn": 4.0, "g5": 4.0, "g6": 4.0, "inf1": 2.0, "p3": 7.625, "p4d": 12.0}
_GPUS = {
    "g": {"12xlarge": 4, "24xlarge": 4, "48xlarge": 8},
    "p3": {"2xlarge": 1, "8xlarge": 4, "16xlarge": 8},
}


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """Virtual processors, memory in MiB, and GPUs."""

    cpus: int
    memory_mb: int
    gpus: int = 0


EXACT = {
    "ml.t2.medium": Capacity(cpus=2, memory_mb=4096),
    "ml.t3.medium": Capacity(cpus=2, memory_mb=4096),
    "ml.m4.10xlarge": Capacity(cpus=40, memory_mb=163840),
    "ml.c4.8xlarge": Capacity(cpus=36, memory_mb=61440),
    "ml.p2.xlarge": Capacity(cpus=4, memory_mb=62464, gpus=1),
    "ml.p2.8xlarge": Capacity(cpus=32, memory_mb=499712, gpus=8),
    "ml.p2.16xlarge": Capacity(cpus=64, memory_mb=749568, gpus=16),
    "ml.p3dn.24xlarge": Capacity(cpus=96, memory_mb=786432, gpus=8),
    "ml.p4d.24xlarge": Capacity(cpus=96, memory_mb=1179648, gpus=8),
    "ml.p4de.24xlarge": Capacity(cpus=96, memory_mb=1179648, gpus=8),
    "ml.p5.48xlarge": Capacity(cpus=192, memory_mb=2097152, gpus=8),
    "ml.trn1.2xlarge": Capacity(cpus=8, memory_mb=32768),
    "ml.trn1.32xlarge": Capacity(cpus=128, memory_mb=524288),
}


def capacity(instance_type: str) -> Capacity:
    """What a type offers; :class:`agent.errors.UsageError` when the name is not ``ml.<family>.<size>``."""
    if instance_type in EXACT:
        return EXACT[instance_type]
    parts = _TYPE.fullmatch(instance_type)
    cpus = _cpus(parts["size"]) if parts else 0
    if parts is None or not cpus:
        raise UsageError(f"{instance_type!r} is not an instance type; expected one such as ml.m5.large")
    family, size = parts["family"], parts["size"]
    return Capacity(cpus=cpus, memory_mb=int(cpus * _gib_for_each_cpu(family) * 1024), gpus=_gpus(family, size))


def _cpus(size: str) -> int:
    large = _LARGE.fullmatch(size)
    return 4 * int(large["count"] or 1) if large else _SMALL_SIZES.get(size, 0)


def _gib_for_each_cpu(family: str) -> float:
    kind = re.match(r"[a-z]+", family)
    return _OTHER_FAMILIES.get(family) or _GIB_FOR_EACH_CPU.get(kind[0] if kind else "", 4.0)


def _gpus(family: str, size: str) -> int:
    """Every size of the g families has one GPU but for the largest; a type that is not known here has none."""
    if family in _GPUS:
        return _GPUS[family].get(size, 0)
    return _GPUS["g"].get(size, 1) if family in {"g4dn", "g5", "g6", "g6e"} else 0
