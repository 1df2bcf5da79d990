"""A centre of a test as backups see it: a database, and a home for its key files."""

from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
from tests.support.database import as_centre

from markaz.core.check import check
from markaz.core.db.backup import BackupReport, backup
from markaz.core.db.embedded import DatabaseAccess
from markaz.core.db.folder import CentreFolder
from markaz.core.db.manifest import TableDigest, digest_tables
from markaz.core.db.restore import RestoreReport, restore
from markaz.core.db.tools import connect_owner
from markaz.core.retention import parse_governance
from markaz.core.sealing import Sealer, erase
from markaz.core.settings import Settings

NAME = "Gulnora Canary"
ACTOR = UUID(int=7)
KEYS_DAYS = parse_governance("").backup_keys_days


class Place:
    """One centre of the test: a database, and a home for its key files."""

    def __init__(self, access: DatabaseAccess, home: Path, settings: Settings) -> None:
        self.access = access
        self.folder = CentreFolder.at(home)
        self.chosen = settings.postgres_bin

    async def backup(self, target: Path, keys: Path | None = None) -> BackupReport:
        return await backup(self.access, self.folder, target, keys, self.chosen)

    async def restore(self, source: Path, keys: Path | None, erased: Path | None = None) -> RestoreReport:
        return await restore(
            self.access,
            self.folder,
            source,
            keys,
            self.chosen,
            keys_days=KEYS_DAYS,
            erased=erased,
            without_erased=erased is None,
        )

    async def digests(self) -> dict[str, TableDigest]:
        connection = await connect_owner(self.access.owner_dsn)
        try:
            return await digest_tables(connection, "public") | await digest_tables(connection, "keys")
        finally:
            await connection.close()

    async def run(self, *statements: str) -> None:
        connection = await asyncpg.connect(self.access.owner_dsn)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    async def seal(self) -> UUID:
        """Seal a caller's name and phone, as the desk does."""
        sealed_id = uuid4()
        async with as_centre(self.access) as connection:
            values = {"caller_name": NAME, "caller_phone": "+998 90 123-45-67"}
            await Sealer.open(self.folder.home).store(connection, sealed_id, values)
        return sealed_id

    async def name_of(self, sealed_id: UUID) -> str | None:
        async with as_centre(self.access) as connection:
            fields = (await Sealer.open(self.folder.home, create=False).read(connection, [sealed_id]))[sealed_id]
            return None if fields is None else fields["caller_name"]

    async def erase(self, sealed_id: UUID) -> None:
        async with as_centre(self.access) as connection:
            assert await erase(connection, sealed_id, ACTOR)

    async def failed_checks(self) -> dict[str, str]:
        """What is not in order, by name; but the tests' shared cluster skips fsync, and check says so."""
        findings = await check(self.access, self.folder)
        return {finding.name: finding.found for finding in findings if not finding.ok and finding.name != "durability"}
