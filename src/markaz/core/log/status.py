"""How far the log has come and who watches it, for screens and commands. Reads only."""

from datetime import datetime
from typing import Any

from markaz.core.db.pool import Connection
from markaz.core.log import witnesses
from markaz.core.log.keys import KeyRing
from markaz.kit.clock import iso


async def published_size(connection: Connection) -> int:
    """Return how many public leaves the newest published checkpoint covers; 0 before the first."""
    return int(await connection.fetchval("SELECT coalesce(max(size), 0) FROM log_checkpoints"))


async def status_of(connection: Connection, ring: KeyRing | None, now: datetime) -> dict[str, Any]:
    """Return sizes, the age of the newest checkpoint in s, and the witnesses, JSON-ready.

    `unwitnessed` is what the checkpoints say, too: no registered witness has cosigned for a day.
    """
    newest = await connection.fetchrow("SELECT size, at FROM log_checkpoints ORDER BY size DESC LIMIT 1")
    known = await witnesses.registered(connection)
    checkpoint = None
    if newest is not None:
        age_s = max(0.0, round((now - newest["at"]).total_seconds(), 3))
        checkpoint = {"size": newest["size"], "at": iso(newest["at"]), "age_s": age_s}
    return {
        "origin": None if ring is None else ring.origin,
        "vkey": None if ring is None else ring.signer.verifier.vkey,
        "entries": await connection.fetchval("SELECT size FROM log_state"),
        "checkpoint": checkpoint,
        "witnesses": [witnesses.shown(witness, now) for witness in known],
        "unwitnessed": all(witness.is_silent(now) for witness in known),
    }
