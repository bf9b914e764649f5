"""How one waits for CloudFormation, and what its events say about a failure."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from agent.errors import AccessDeniedError, CloudFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agent.bootstrap.orders import StackOrder
    from agent.ports.stacks import StackEvent
    from agent.ports.time import Clock

T = TypeVar("T")

_CONSEQUENCES = ("Resource creation cancelled", "Resource update cancelled", "Resource deletion cancelled")
_DENIALS = ("is not authorized to perform", "AccessDenied", "Access Denied")
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0


def until(clock: Clock, look: Callable[[], T], enough: Callable[[T], bool]) -> T:
    """What is found once it is enough; looks come further and further apart."""
    pause = _SHORTEST_PAUSE
    while not enough(found := look()):
        clock.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)
    return found


def where(order: StackOrder) -> str:
    """A stack as errors name it."""
    return f"the stack {order.name} in account {order.account}, {order.region}"


def failure(order: StackOrder, what: str, happened: Sequence[StackEvent]) -> AccessDeniedError | CloudFailedError:
    """The error for what became of a stack, with the first resource that failed and its line in the template."""
    failed = first_failure(happened)
    if failed is None:
        return CloudFailedError(f"{where(order)} {what}; see its events in the CloudFormation console")
    kind = AccessDeniedError if any(word in failed.reason for word in _DENIALS) else CloudFailedError
    place = order.template.place(failed.resource)
    return kind(f"{where(order)} {what}: {place} ({failed.resource}, {failed.kind}): {failed.reason}")


def first_failure(happened: Sequence[StackEvent]) -> StackEvent | None:
    """The event that everything after it follows from."""
    failures = (event for event in happened if event.status.endswith("_FAILED"))
    return next((event for event in failures if not event.reason.startswith(_CONSEQUENCES)), None)


def progress(happened: Sequence[StackEvent]) -> str:
    """The last thing that happened, in a few words."""
    return f"{happened[-1].resource} {happened[-1].status}" if happened else ""
