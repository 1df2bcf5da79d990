"""The witnesses of the log: who is registered, and the cosignatures they send.

A witness is somebody outside the centre who keeps every checkpoint and signs that each began with the one before. Who is
registered is decided at the command line and entered into the log itself.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from markaz.core.db.pool import Connection
from markaz.core.errors import InvalidInput, NotFound
from markaz.core.events import SYSTEM_ACTOR_ID
from markaz.core.log.appending import append
from markaz.core.log.checkpoints import WITNESSED_WITHIN
from markaz.core.log.entry import Entry, EntryKind
from markaz.core.log.note import KeyType, NoteRefused, Signature, Verifier
from markaz.kit.clock import iso

CLOCK_SLACK: Final = timedelta(minutes=5)  # how far a witness's clock may be ahead of ours


@dataclass(frozen=True, slots=True)
class Witness:
    """A registered witness, and when it was last seen."""

    name: str
    vkey: str
    added_at: datetime
    last_seen_at: datetime | None
    last_size: int | None

    def is_silent(self, now: datetime) -> bool:
        """Say whether it has not cosigned for longer than the log waits."""
        return self.last_seen_at is None or now - self.last_seen_at > WITNESSED_WITHIN


async def registered(connection: Connection) -> list[Witness]:
    """Return the witnesses whose cosignatures count, by name."""
    rows = await connection.fetch(
        "SELECT name, vkey, added_at, last_seen_at, last_size FROM log_witnesses WHERE removed_at IS NULL ORDER BY name"
    )
    return [Witness(*row) for row in rows]


async def add(connection: Connection, now: datetime, vkey: str) -> str:
    """Register a witness by its key and return its name; a known name gets the new key. Raises InvalidInput."""
    try:
        verifier = Verifier.parse(vkey)
    except NoteRefused as error:
        raise InvalidInput(f"This is no key of a witness: {error}.", field="vkey") from error
    if verifier.type is not KeyType.COSIGNATURE:
        raise InvalidInput(
            "This key signs logs, not checkpoints of others: ask for the line of `keygen`.", field="vkey"
        )
    await connection.execute(
        "INSERT INTO log_witnesses (name, vkey, added_at) VALUES ($1, $2, $3) "
        "ON CONFLICT (name) DO UPDATE SET vkey = $2, removed_at = NULL",
        verifier.name,
        verifier.vkey,
        now,
    )
    await _enter(connection, now, "log.witness_added", verifier.name, {"key_id": verifier.key_id.hex()})
    return verifier.name


async def remove(connection: Connection, now: datetime, name: str) -> None:
    """Take a witness off the list; what it signed stays. Raises NotFound."""
    done = await connection.execute(
        "UPDATE log_witnesses SET removed_at = $2 WHERE name = $1 AND removed_at IS NULL", name, now
    )
    if done == "UPDATE 0":
        raise NotFound(f"There is no witness {name}.", what="witness")
    await _enter(connection, now, "log.witness_removed", name, {})


async def accept(connection: Connection, now: datetime, size: int, line: str) -> bool:
    """Keep the cosignature `line` of the checkpoint of `size`; return False when it was known.

    Raises NotFound for a stranger or an unknown checkpoint, InvalidInput for a signature that does not verify.
    """
    try:
        signature = Signature.parse(line)
    except NoteRefused as error:
        raise InvalidInput("This is no line of a cosignature.", field="cosignature") from error
    vkey = await connection.fetchval(
        "SELECT vkey FROM log_witnesses WHERE name = $1 AND removed_at IS NULL", signature.name
    )
    body = await connection.fetchval("SELECT body FROM log_checkpoints WHERE size = $1", size)
    if vkey is None:
        raise NotFound("No witness of this name is registered here.", what="witness")
    if body is None:
        raise NotFound("This checkpoint is not known here, or no longer: fetch the newest.", what="checkpoint")
    verifier = Verifier.parse(vkey)
    try:
        at = verifier.check(body, signature.signature) if signature.key_id == verifier.key_id else None
    except NoteRefused as error:
        raise InvalidInput("The cosignature is not of this checkpoint.", field="cosignature") from error
    if at is None or at > (now + CLOCK_SLACK).timestamp():
        raise InvalidInput("The cosignature is by another key, or of the future.", field="cosignature")
    done = await connection.execute(
        "INSERT INTO log_cosignatures (size, witness, line, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        size,
        signature.name,
        signature.line(),
        datetime.fromtimestamp(at, UTC),
    )
    if done == "INSERT 0 0":
        return False
    await connection.execute(
        "UPDATE log_witnesses SET last_seen_at = $2, last_size = greatest(last_size, $3) WHERE name = $1",
        signature.name,
        now,
        size,
    )
    await _enter(connection, now, "log.cosigned", signature.name, {"size": size})
    return True


async def _enter(connection: Connection, now: datetime, action: str, name: str, details: dict[str, Any]) -> None:
    entry = Entry(
        kind=EntryKind.ADMINISTRATION,
        action=action,
        actor_id=SYSTEM_ACTOR_ID,
        record_kind="witness",
        record_id=None,
        reason=name,
        details=details,
    )
    await append(connection, now, [entry])


def shown(witness: Witness, now: datetime) -> dict[str, Any]:
    """Return a witness as a client is told of it."""
    return {
        "name": witness.name,
        "added_at": iso(witness.added_at),
        "last_seen_at": None if witness.last_seen_at is None else iso(witness.last_seen_at),
        "last_size": witness.last_size,
        "is_silent": witness.is_silent(now),
    }
