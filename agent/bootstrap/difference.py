"""What changes inside a resource, line by line: statements of policies by their Sid, and which actions come and go.

A change set names properties only. Both templates are worked out with both sets of parameters; what only CloudFormation
knows stands as the template has it, such as ``${Bucket.Arn}``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.bootstrap.resolving import LINE, Resolved

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.bootstrap.orders import StackOrder
    from agent.bootstrap.template import Deployed, Template

_NAMES = ("Sid", "PolicyName", "Id", "Key")
"""Members by which an entry of a list is known, whatever its place."""
Leaf = tuple[str, str]
"""A block, such as ``Policies.pipeline.RunJobs``, and one value in it, such as ``Action: s3:GetObject``."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What leaves and what enters one block of a resource, such as a statement."""

    block: str
    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()


class _Symbols(Mapping[str, str]):
    """``GetAtt`` of anything, as it stands in the template."""

    def __getitem__(self, name: str) -> str:
        return f"${{{name}}}"

    def __contains__(self, name: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def properties(
    order: StackOrder, template: Template | Deployed, parameters: Mapping[str, str]
) -> Mapping[str, Any] | None:
    """The properties of every resource by logical id; None for a template that says more than is known here."""
    resolved = Resolved(
        template=template,
        parameters=parameters,
        account=order.account,
        region=order.region,
        partition=order.partition,
        attributes=_Symbols(),
    )
    try:
        return {name: resource.get("Properties", {}) for name, resource in resolved.resources.items()}
    except (KeyError, AttributeError):
        # An older version's template may use functions that today's do not.
        return None


def differences(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> tuple[Difference, ...]:
    """Between two sets of properties of one resource, in the order of the new ones; None is a resource that is not."""
    before, after = list(_leaves(old or {})), list(_leaves(new or {}))
    blocks = dict.fromkeys(block for block, _ in (*after, *before))
    gone, come = Counter(before) - Counter(after), Counter(after) - Counter(before)
    found = (Difference(block=block, removed=_values(gone, block), added=_values(come, block)) for block in blocks)
    return tuple(each for each in found if each.removed or each.added)


def changed_parameters(old: Mapping[str, str], new: Mapping[str, str]) -> Mapping[str, tuple[str, str]]:
    """The parameters of a stack that change, each as it was and as it will be."""
    names = (*new, *(name for name in old if name not in new))
    pairs = {name: (old.get(name, ""), new.get(name, "")) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _values(leaves: Counter[Leaf], block: str) -> tuple[str, ...]:
    return tuple(value for found, value in leaves.elements() if found == block)


def _leaves(value: Any, block: Sequence[str] = (), member: Sequence[str] = ()) -> Iterator[Leaf]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name != LINE:
                # A property begins a block, and so does whatever has a name of its own.
                yield from _leaves(inner, block or (name,), (*member, name) if block else ())
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            name = _name(inner)
            if name is not None:
                yield from _leaves(inner, (*block, name), ())
            else:
                yield from _leaves(inner, block, (*member, str(number)) if isinstance(inner, dict) else member)
    else:
        yield ".".join(block), f"{'.'.join(member)}: {value}" if member else str(value)


def _name(entry: Any) -> str | None:
    """The name of a list's entry, if it has one."""
    if not isinstance(entry, dict):
        return None
    return next((str(entry[key]) for key in _NAMES if key in entry), None)
