"""CloudFormation's stacks, as far as proposing, carrying out and explaining a change of one needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, kw_only=True)
class StackState:
    """A stack as DescribeStacks shows it; ``status`` is CloudFormation's own word."""

    status: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class StackRequest:
    """What a stack is to be; an existing stack keeps its own values of the parameters in ``kept``."""

    name: str
    template: str
    parameters: Mapping[str, str]
    kept: frozenset[str] = frozenset()
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ResourceChange:
    """One line of a change set: ``action`` is Add, Modify or Remove; ``properties`` are those that change.

    ``replaced`` by a new one, which may lose what is in it, or ``perhaps``, if CloudFormation cannot tell before;
    ``retained`` where what is removed or replaced outlives that.
    """

    action: str
    resource: str
    kind: str
    replaced: bool = False
    perhaps: bool = False
    retained: bool = False
    properties: tuple[str, ...] = ()


class Readiness(Enum):
    """How far CloudFormation has come with a change set."""

    PENDING = "pending"
    READY = "ready"
    EMPTY = "empty"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A change set; ``reason`` says why it was refused."""

    readiness: Readiness
    changes: tuple[ResourceChange, ...] = ()
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class StackEvent:
    """What happened to one resource; the stack itself is a resource, too."""

    resource: str
    kind: str
    status: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class StackPart:
    """A resource that a stack holds: ``physical_id`` is its name or ARN, as its service knows it."""

    resource: str
    kind: str
    physical_id: str


class Stacks(Protocol):
    """The stacks of one account and region; each method raises AccessDeniedError, CloudFailedError, TemporaryError."""

    @property
    def account(self) -> str:
        """The account's 12 digits."""

    @property
    def region(self) -> str:
        """The region."""

    def describe(self, name: str) -> StackState | None:
        """A stack, or None."""

    def template(self, name: str) -> str:
        """GetTemplate: the template that a stack was made of."""

    def parts(self, name: str) -> Sequence[StackPart]:
        """ListStackResources: what a stack holds."""

    def propose(self, request: StackRequest, *, new: bool) -> str:
        """CreateChangeSet; its ARN. A ``new`` stack comes into being with it, empty and under review."""

    def proposal(self, change_set: str) -> Proposal:
        """DescribeChangeSet."""

    def carry_out(self, change_set: str) -> None:
        """ExecuteChangeSet."""

    def discard(self, change_set: str) -> None:
        """DeleteChangeSet."""

    def delete(self, name: str) -> None:
        """DeleteStack."""

    def events(self, name: str) -> Sequence[StackEvent]:
        """What happened since the last creation, update or deletion of the stack began, oldest first."""
