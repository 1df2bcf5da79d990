"""Who a row is: by the key columns of its mapping, else by all it says and how often the file said it before."""

import hashlib
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from types import TracebackType
from typing import Any, Self

_SEPARATOR = "\x1f"  # cannot stand in a key: control characters are refused


def joined_key(parts: Sequence[str]) -> str:
    """Return one key of several columns. One column is its own key, so it stays readable."""
    return parts[0] if len(parts) == 1 else _SEPARATOR.join(parts)


class Occurrences:
    """Counts how often each row occurred in one file, on disk beyond a few megabytes: memory does not grow.

    A private temporary database of SQLite, gone when it is closed.
    """

    def __init__(self) -> None:
        self._connection = sqlite3.connect("", isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = OFF")
        self._connection.execute("PRAGMA cache_size = -8000")  # kibibytes
        self._connection.execute("CREATE TABLE seen (digest BLOB PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID")
        self._connection.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def count(self, digest: bytes) -> int:
        """Return 1 when the digest is seen for the first time, 2 for the second and so on."""
        with closing(
            self._connection.execute(
                "INSERT INTO seen VALUES (?, 1) ON CONFLICT (digest) DO UPDATE SET n = n + 1 RETURNING n", (digest,)
            )
        ) as answer:
            (number,) = answer.fetchone()
        return int(number)


def row_digest(values: Sequence[Any], text_of: Callable[[Any], str]) -> bytes:
    """Return the SHA-256 of a row: of every field with its length, so that fields never run into one another."""
    digest = hashlib.sha256()
    for value in values:
        text = b"" if value is None else text_of(value).encode()
        digest.update(b"%d:" % (-1 if value is None else len(text)))
        digest.update(text)
    return digest.digest()


def occurrence_key(digest: bytes, number: int) -> str:
    """Return the key of the `number`th row with this digest."""
    return f"{digest.hex()}:{number}"
