"""What an administrator does on the machine of the centre is an entry of the log before it is done: what is not entered is not done.

Who sits at the machine no program knows: the entry says that it was done there, when, and with what.
"""

import asyncio
from collections.abc import Mapping

from markaz.core.db.embedded import DatabaseAccess
from markaz.core.db.migrate import migrate
from markaz.core.db.pool import Connection, Database
from markaz.core.events import SYSTEM_ACTOR_ID
from markaz.core.log.appending import append
from markaz.core.log.entry import Entry, EntryKind
from markaz.kit.clock import SystemClock

REASON = "machine"


def entry_of(
    action: str, kind: EntryKind = EntryKind.ADMINISTRATION, details: Mapping[str, object] | None = None
) -> Entry:
    """Return the entry; `details` holds codes, ids and whole numbers only."""
    return Entry(kind, action, SYSTEM_ACTOR_ID, "centre", None, REASON, details=details or {})


async def enter(
    dsn: str, action: str, kind: EntryKind = EntryKind.ADMINISTRATION, details: Mapping[str, object] | None = None
) -> None:
    """Append the entry and return when it is durable."""
    database = await Database.open(dsn, max_size=1)
    try:
        async with database.transaction() as connection:
            await enter_within(connection, action, kind, details)
    finally:
        await database.close()


async def enter_within(
    connection: Connection,
    action: str,
    kind: EntryKind = EntryKind.ADMINISTRATION,
    details: Mapping[str, object] | None = None,
) -> None:
    """Append the entry as the last statement of a transaction under way."""
    await append(connection, SystemClock().now(), [entry_of(action, kind, details)])


def migrated(access: DatabaseAccess) -> tuple[str | None, str]:
    """Bring the schema to this version's revision, enter it when that changed anything, and return both revisions.

    The one act entered after it is done: an older schema may have no log to enter it in.
    """
    before, after = migrate(access)
    if before != after:
        asyncio.run(enter(access.app_dsn, "schema.migrated", details={"from": before or "", "to": after}))
    return before, after
