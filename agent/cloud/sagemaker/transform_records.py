"""Batch transform's records: split from objects, filtered, packed into payloads, joined with what the model answered.

Pure functions of bytes. Source: ``TransformInput``, ``TransformOutput``, ``DataProcessing`` and the developer guide's
"Associate Prediction Results with Input Records".
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from agent.cloud.sagemaker.json_path import JsonPathError, Step, parse, select, select_columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_OUTPUT = "SageMakerOutput"
_INPUT = "SageMakerInput"


class RecordError(ValueError):
    """Records that cannot be transformed as the job asks; its text is the job's failure reason."""


class Format(Enum):
    """How a record reads, from its media type."""

    CSV = "text/csv"
    JSON_LINES = "application/jsonlines"
    JSON = "application/json"

    @classmethod
    def of(cls, media_type: str | None) -> Format | None:
        """The format of a media type, without its parameters; None for one that filters do not know."""
        name = (media_type or "").partition(";")[0].strip().lower()
        return cls.JSON_LINES if name == "application/x-jsonlines" else next((f for f in cls if f.value == name), None)


@dataclass(frozen=True, kw_only=True)
class Payload:
    """One request's worth: the records as they were in the object, and the body that the model is sent."""

    records: tuple[bytes, ...]
    body: bytes


def split_lines(data: bytes) -> list[bytes]:
    """Records of an object split at line ends, without them; empty lines are no records."""
    return [line for line in data.replace(b"\r\n", b"\n").split(b"\n") if line]


def packed(records: Sequence[bytes], bodies: Sequence[bytes], limit: int, *, single: bool) -> Iterator[Payload]:
    """Payloads of one record each, or of as many as fit ``limit`` bytes; raises RecordError for one that cannot."""
    waiting: list[int] = []
    size = 0
    for index, body in enumerate(bodies):
        if len(body) + 1 > limit:
            raise RecordError(f"a record of {len(body)} bytes is larger than MaxPayloadInMB ({limit} bytes)")
        if waiting and (single or size + len(body) + 1 > limit):
            yield _payload(records, bodies, waiting)
            waiting, size = [], 0
        waiting.append(index)
        size += len(body) + 1
    if waiting:
        yield _payload(records, bodies, waiting)


def _payload(records: Sequence[bytes], bodies: Sequence[bytes], indices: Sequence[int]) -> Payload:
    return Payload(records=tuple(records[i] for i in indices), body=b"".join(bodies[i] + b"\n" for i in indices))


class Dialect(Protocol):
    """How records of one format are read, filtered and joined."""

    def keep(self, record: bytes, steps: tuple[Step, ...]) -> bytes:
        """The part of a record that ``InputFilter`` or ``OutputFilter`` selects."""

    def join(self, record: bytes, answer: bytes, steps: tuple[Step, ...]) -> bytes:
        """A record with what the model answered for it, less what ``OutputFilter`` leaves out."""


class CsvDialect:
    """Comma-separated records; the answer's columns come after the input's."""

    def keep(self, record: bytes, steps: tuple[Step, ...]) -> bytes:
        """See :class:`Dialect`."""
        return _csv_line(select_columns(_columns(record), steps)) if steps else record

    def join(self, record: bytes, answer: bytes, steps: tuple[Step, ...]) -> bytes:
        """See :class:`Dialect`."""
        return _csv_line(select_columns(_columns(record) + _columns(answer), steps))


class JsonDialect:
    """JSON records; the answer becomes the member ``SageMakerOutput``."""

    def keep(self, record: bytes, steps: tuple[Step, ...]) -> bytes:
        """See :class:`Dialect`."""
        return _dumped(select(_loaded(record), steps)) if steps else record

    def join(self, record: bytes, answer: bytes, steps: tuple[Step, ...]) -> bytes:
        """See :class:`Dialect`."""
        value = _loaded(record)
        joined = (
            {**value, _OUTPUT: _answer(answer)}
            if isinstance(value, dict)
            else {_INPUT: value, _OUTPUT: _answer(answer)}
        )
        return _dumped(select(joined, steps))


_DIALECTS: Mapping[Format, Dialect] = {
    Format.CSV: CsvDialect(),
    Format.JSON_LINES: JsonDialect(),
    Format.JSON: JsonDialect(),
}


@dataclass(frozen=True, kw_only=True)
class Filters:
    """A job's ``DataProcessing``, ready to use."""

    dialect: Dialect | None
    input_steps: tuple[Step, ...] = ()
    output_steps: tuple[Step, ...] = ()
    join: bool = False

    def selected(self, record: bytes) -> bytes:
        """What the model gets of a record."""
        if self.dialect is None or not self.input_steps:
            return record
        try:
            return self.dialect.keep(record, self.input_steps)
        except JsonPathError as error:
            raise RecordError(f"InputFilter: {error}") from None

    def results(self, payload: Payload, answer: bytes, *, split: bool) -> list[bytes]:
        """What is stored for a payload: the answer as it is, or one result for each record."""
        if self.dialect is None or not (self.join or self.output_steps):
            return [answer]
        answers = split_lines(answer) if split else [answer]
        if len(answers) != len(payload.records):
            raise RecordError(f"the model answered {len(answers)} records for {len(payload.records)}")
        return [self._result(r, a) for r, a in zip(payload.records, answers, strict=True)]

    def _result(self, record: bytes, answer: bytes) -> bytes:
        assert self.dialect is not None
        try:
            if self.join:
                return self.dialect.join(record, answer, self.output_steps)
            return self.dialect.keep(answer, self.output_steps)
        except JsonPathError as error:
            raise RecordError(f"OutputFilter: {error}") from None


def filters(processing: Mapping[str, Any] | None, content_type: str | None) -> Filters:
    """A request's ``DataProcessing``; raises RecordError for what cannot be done with that content type."""
    members = processing or {}
    join = members.get("JoinSource") == "Input"
    try:
        steps = [parse(members.get(name, "$")) for name in ("InputFilter", "OutputFilter")]
    except JsonPathError as error:
        raise RecordError(str(error)) from None
    format_ = Format.of(content_type)
    if format_ is None:
        if join or any(steps):
            raise RecordError(
                f"DataProcessing needs ContentType text/csv, application/jsonlines or application/json, "
                f"not {content_type!r}"
            )
        return Filters(dialect=None)
    return Filters(dialect=_DIALECTS[format_], input_steps=steps[0], output_steps=steps[1], join=join)


def assembled(results: Sequence[bytes], *, by_line: bool) -> bytes:
    """One object of all results: as they came, or each ended by a line end."""
    if not by_line:
        return b"".join(results)
    return b"".join(result if result.endswith(b"\n") else result + b"\n" for result in results)


def _columns(record: bytes) -> list[str]:
    return next(csv.reader([record.decode().rstrip("\r\n")]), [])


def _csv_line(columns: Sequence[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(columns)
    return line.getvalue().encode()


def _loaded(record: bytes) -> Any:
    try:
        return json.loads(record)
    except ValueError:
        raise RecordError(f"a record is not JSON: {record[:80]!r}") from None


def _answer(answer: bytes) -> Any:
    """What the model said, as JSON where it is JSON, else as text."""
    try:
        return json.loads(answer)
    except ValueError:
        return answer.decode(errors="replace").strip()


def _dumped(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
