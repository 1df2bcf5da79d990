"""Many rows at once into a table that row policies cover: PostgreSQL refuses COPY there.

One INSERT from arrays, one for each column. It decides nothing; names come from the code, never from a request.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from markaz.core.db.pool import Connection

TEXTS = "text[]"


async def add_rows(
    connection: Connection, table: str, columns: Mapping[str, str], records: Sequence[Sequence[Any]]
) -> None:
    """Insert `records`; `columns` gives the SQL type of each, in their order. A value of text[] is a list of text."""
    kinds = list(columns.values())
    arrays = [
        [_literal(value) for value in values] if kind == TEXTS else list(values)
        for kind, values in zip(kinds, zip(*records, strict=True), strict=True)
    ]
    sent = ", ".join(f"${n}::{'text' if kind == TEXTS else kind}[]" for n, kind in enumerate(kinds, 1))
    taken = ", ".join(f"c{n}::{kind}" for n, kind in enumerate(kinds, 1))
    names = ", ".join(f"c{n}" for n in range(1, len(kinds) + 1))
    await connection.execute(
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {taken} FROM unnest({sent}) AS given ({names})",  # noqa: S608
        *arrays,
    )


def _literal(texts: Iterable[str] | None) -> str | None:
    """Return a list of text as PostgreSQL writes an array, so that a column of lists can be sent as one of text."""
    if texts is None:
        return None
    quoted = (text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    return "{" + ",".join(f'"{text}"' for text in quoted) + "}"
