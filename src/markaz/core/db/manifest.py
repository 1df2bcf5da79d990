"""What a backup holds: per table the number of rows and a hash of their content, per file its size and hash.

The hash of a table is independent of the order of its rows, so that a country's table needs neither sort nor memory.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import asyncpg

from markaz.core.db.folder import write_private
from markaz.core.db.trouble import DatabaseRefused

FORMAT = 1
NAME = "manifest.json"
READ_BYTES = 1 << 20


@dataclass(frozen=True)
class TableDigest:
    """A table's content: its rows, and the sums of both ends (60 bits each) of every row's MD5, in hexadecimal.

    MD5 finds loss and damage. It is no seal: whoever can write the backup can also write the manifest.
    """

    rows: int
    content: str


@dataclass(frozen=True)
class FileDigest:
    """A file of the backup."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """One of the two parts of a backup: `kind` is "data" or "keys". Both parts of one backup share `backup_id`."""

    kind: str
    backup_id: str
    made_at: str
    markaz_version: str
    postgres_major: int
    revision: str
    seq: int
    tables: dict[str, TableDigest]
    files: dict[str, FileDigest]

    def write(self, folder: Path) -> None:
        """Write `folder`/manifest.json."""
        write_private(folder / NAME, json.dumps({"format": FORMAT, **asdict(self)}, indent=2, sort_keys=True) + "\n")

    @classmethod
    def read(cls, folder: Path, kind: str) -> "Manifest":
        """Read and check `folder`/manifest.json and the files it names. Raises DatabaseRefused saying what is wrong."""
        try:
            stated = json.loads((folder / NAME).read_text())
            if stated.pop("format") != FORMAT or stated["kind"] != kind:
                raise DatabaseRefused(f"{folder} does not hold the {kind} of a Markaz backup that this version reads.")
            tables = {name: TableDigest(**digest) for name, digest in stated.pop("tables").items()}
            files = {name: FileDigest(**digest) for name, digest in stated.pop("files").items()}
            manifest = cls(**stated, tables=tables, files=files)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DatabaseRefused(f"{folder} does not hold the {kind} of a Markaz backup ({error}).") from error
        for name, digest in manifest.files.items():
            if not (folder / name).is_file() or digest_file(folder / name) != digest:
                raise DatabaseRefused(f"{folder / name} is missing or damaged: use another copy of this backup.")
        return manifest


def digest_file(path: Path) -> FileDigest:
    """Read a whole file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(READ_BYTES):
            digest.update(part)
    return FileDigest(path.stat().st_size, digest.hexdigest())


def digest_files(folder: Path) -> dict[str, FileDigest]:
    """Return the digest of every file below `folder`, by relative name."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): digest_file(path) for path in files}


async def table_names(connection: "asyncpg.Connection[asyncpg.Record]", schema: str) -> list[str]:
    """Return every table of `schema`, partitions included, as `schema.table` ready for use in SQL."""
    names = await connection.fetch(
        "SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind = 'r' ORDER BY 1",
        schema,
    )
    return [record["name"] for record in names]


async def digest_tables(connection: "asyncpg.Connection[asyncpg.Record]", schema: str) -> dict[str, TableDigest]:
    """Return the digest of every table of `schema`, as the connection's transaction sees it."""
    digests = {}
    for name in await table_names(connection, schema):
        found = await connection.fetchrow(
            # The names come from the catalogue, quoted there.
            "SELECT count(*) AS rows, coalesce(sum(('x' || left(h, 15))::bit(60)::bigint), 0) AS head, "  # noqa: S608
            "coalesce(sum(('x' || right(h, 15))::bit(60)::bigint), 0) AS tail "
            f"FROM (SELECT md5(t::text) AS h FROM {name} AS t) AS hashed"
        )
        assert found is not None, "an aggregate always returns its row"
        digests[name] = TableDigest(found["rows"], f"{int(found['head']):x}-{int(found['tail']):x}")
    return digests
