"""The ledger of one project: agents with access to the bucket share one past, and no two write over each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from agent.errors import InputMissingError
from agent.ledger.records import Attempt, Record, StepRecord, parsed, record_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from agent.ports.objects import Listed, Objects

Kept = TypeVar("Kept", bound=Record)

RELEASES = "releases/"
"""Where releases are, each under its own digest."""
_PREFIX = "ledger/"


class Ledger:
    """Documents below ``ledger/`` of the artifact bucket.

    A document is created once, or replaced only by who has seen the version that it replaces: S3's conditional puts
    decide between two writers, so that nothing is ever torn or lost.
    """

    def __init__(self, objects: Objects, bucket: str) -> None:
        self.objects = objects
        self.bucket = bucket

    def done(self, step: str, key: str) -> StepRecord | None:
        """The record of a step that is done, or None."""
        return self.read(record_name(step, key), StepRecord)

    def finish(
        self, record: StepRecord, *, outlived: Callable[[StepRecord], bool] = lambda _known: False
    ) -> StepRecord:
        """Keep the record of a step that is done, and answer the one that counts: the first that was written.

        One of which nothing is left, as ``outlived`` says, gives way to this one.
        """
        while not self.create(record.name, record):
            known = self.version(record.name, StepRecord)
            if known is not None and not outlived(known[0]):
                return known[0]
            if known is not None and self.replace(record.name, record, etag=known[1]):
                return record
        return record

    def note(self, attempt: Attempt) -> None:
        """Keep how one run's attempt at a step stands now."""
        self.put(_attempt(attempt.step, attempt.key, attempt.run), attempt)

    def attempt(self, step: str, key: str, run: str) -> Attempt | None:
        """How one run's attempt at a step stands, or None before it began."""
        return self.read(_attempt(step, key, run), Attempt)

    def read(self, name: str, kind: type[Kept]) -> Kept | None:
        """A document, or None; DamagedError where there is something else by that name."""
        found = self.version(name, kind)
        return None if found is None else found[0]

    def expect(self, name: str, kind: type[Kept]) -> Kept:
        """A document that must be there; InputMissingError if it is not."""
        found = self.read(name, kind)
        if found is None:
            raise InputMissingError(f"the ledger has no s3://{self.bucket}/{_PREFIX}{name}")
        return found

    def version(self, name: str, kind: type[Kept]) -> tuple[Kept, str] | None:
        """A document with the ETag that :meth:`replace` asks for, or None."""
        document = self.objects.read(self.bucket, _PREFIX + name)
        return None if document is None else (parsed(document.body, kind, self.uri(name)), document.etag)

    def create(self, name: str, record: Record) -> bool:
        """Write a new document; False, and nothing written, where there is one already."""
        return self.objects.create(self.bucket, _PREFIX + name, _written(record))

    def append(self, stem: str, record: Record) -> None:
        """Write a document beside those of the same :func:`numbered` stem; nothing is ever written over."""
        number = 1
        # A put whose answer was lost is tried again and finds itself there.
        while not self.create(numbered(stem, number), record):
            if self.read(numbered(stem, number), type(record)) == record:
                return
            number += 1

    def replace(self, name: str, record: Record, *, etag: str) -> bool:
        """Write a document over that very version; False, and nothing written, where it is another one by now."""
        return self.objects.replace(self.bucket, _PREFIX + name, _written(record), etag=etag)

    def put(self, name: str, record: Record) -> None:
        """Write a document over whatever is there, whole: the last of several writers wins."""
        while not self.create(name, record):
            present = self.objects.read(self.bucket, _PREFIX + name)
            if present and self.objects.replace(self.bucket, _PREFIX + name, _written(record), etag=present.etag):
                return

    def read_bytes(self, name: str) -> bytes | None:
        """A document as it is, to the byte, or None."""
        document = self.objects.read(self.bucket, _PREFIX + name)
        return None if document is None else document.body

    def create_bytes(self, name: str, body: bytes) -> bool:
        """Write a new document to the byte; False, and nothing written, where there is one already."""
        return self.objects.create(self.bucket, _PREFIX + name, body)

    def replace_bytes(self, name: str, old: bytes, new: bytes) -> bool:
        """Write a document over that very content; False, and nothing written, where it is another one by now."""
        document = self.objects.read(self.bucket, _PREFIX + name)
        if document is None or document.body != old:
            return False
        return self.objects.replace(self.bucket, _PREFIX + name, new, etag=document.etag)

    def uri(self, name: str) -> str:
        """The S3 address of a document."""
        return f"s3://{self.bucket}/{_PREFIX}{name}"

    def names(self, prefix: str) -> list[str]:
        """The names of all documents below a prefix, in order."""
        return [listed.key.removeprefix(_PREFIX) for listed in self.listed(prefix)]

    def listed(self, prefix: str) -> Iterator[Listed]:
        """All documents below a prefix as S3 lists them, in order, with the time of writing."""
        return self.objects.list(self.bucket, _PREFIX + prefix)


def _attempt(step: str, key: str, run: str) -> str:
    return f"steps/{step}/{key}/attempts/{run}.json"


def _written(record: Record) -> bytes:
    return record.model_dump_json(indent=2, exclude_none=True).encode()


def numbered(stem: str, number: int) -> str:
    """The name of the ``number``-th document of a stem, counted from 1."""
    return f"{stem}{f'-{number}' if number > 1 else ''}.json"
