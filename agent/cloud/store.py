"""Where our services keep their resources: typed records in memory, every change written through to SQLite."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Record(BaseModel):
    """A resource of one account and region; its name is unique among those of its kind."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    account: str
    region: str
    name: str


R = TypeVar("R", bound=Record)
Key = tuple[str, str, str]


class Store:
    """The database file; ``None`` keeps everything in memory only."""

    def __init__(self, path: Path | None) -> None:
        self._database = sqlite3.connect(path or ":memory:", isolation_level=None)
        # The state of a simulator may lose its last instants with the machine, never its consistency.
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS records (kind TEXT, account TEXT, region TEXT, name TEXT, body TEXT,"
            " PRIMARY KEY (kind, account, region, name)) WITHOUT ROWID"
        )
        self._collections: list[Collection[Record]] = []

    def collection(self, kind: str, record: type[R]) -> Collection[R]:
        """The records of one kind, loaded from an earlier life of the cloud."""
        collection = Collection(self, kind, record)
        self._collections.append(collection)  # type: ignore[arg-type]
        return collection

    def load(self, kind: str) -> Iterator[str]:
        """Every record of a kind in its serialised form."""
        query = "SELECT body FROM records WHERE kind = ? ORDER BY account, region, name"
        return (row[0] for row in self._database.execute(query, (kind,)))

    def write(self, kind: str, key: Key, body: str) -> None:
        """Keep one record."""
        self._database.execute("INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?)", (kind, *key, body))

    def erase(self, kind: str, key: Key) -> None:
        """Forget one record."""
        self._database.execute(
            "DELETE FROM records WHERE kind = ? AND account = ? AND region = ? AND name = ?", (kind, *key)
        )

    def has(self, account: str, region: str, arn: str) -> bool:
        """Whether a record of any kind has that ARN."""
        places = (collection.of(account, region) for collection in self._collections)
        return any(getattr(record, "arn", None) == arn for records in places for record in records)

    def reset(self) -> None:
        """Forget everything."""
        self._database.execute("DELETE FROM records")
        for collection in self._collections:
            collection.forget()

    def close(self) -> None:
        """Write what is buffered and let go of the file."""
        self._database.close()


class Collection(Generic[R]):
    """All records of one kind, of every account and region."""

    def __init__(self, store: Store, kind: str, record: type[R]) -> None:
        self._store = store
        self._kind = kind
        self._records: dict[Key, R] = {}
        for body in store.load(kind):
            loaded = record.model_validate_json(body)
            self._records[_key(loaded)] = loaded

    def get(self, account: str, region: str, name: str) -> R | None:
        """The record of that name, if there is one."""
        return self._records.get((account, region, name))

    def save(self, record: R) -> R:
        """Keep a new or changed record."""
        self._records[_key(record)] = record
        self._store.write(self._kind, _key(record), record.model_dump_json())
        return record

    def delete(self, record: R) -> None:
        """Forget a record."""
        self._records.pop(_key(record), None)
        self._store.erase(self._kind, _key(record))

    def of(self, account: str, region: str) -> list[R]:
        """The records of one account and region."""
        return [r for (owner, where, _), r in self._records.items() if (owner, where) == (account, region)]

    def every(self) -> list[R]:
        """The records of every account and region."""
        return list(self._records.values())

    def forget(self) -> None:
        """Drop what is in memory after the store was reset."""
        self._records.clear()


def _key(record: Record) -> Key:
    return record.account, record.region, record.name
