"""Identifiers: new ones sort by time, imported ones are the same at every run."""

import secrets
import time
from typing import NewType
from uuid import UUID, uuid5

AccountId = NewType("AccountId", UUID)
IncidentId = NewType("IncidentId", UUID)
CallId = NewType("CallId", UUID)
UnitId = NewType("UnitId", UUID)
SealedId = NewType("SealedId", UUID)
TerritoryId = NewType("TerritoryId", int)

# A fixed namespace, drawn once at random; changing it would make every import look new.
_IMPORT_NAMESPACE = UUID("6f0b7a52-3c1e-4d5f-9a57-0d6a4be1c8f3")


def uuid7() -> UUID:
    """Return a new time-ordered UUID (RFC 9562, version 7): 48 bits of milliseconds, then random bits."""
    milliseconds = time.time_ns() // 1_000_000
    random_bits = secrets.randbits(74)
    value = (milliseconds & (1 << 48) - 1) << 80 | 0x7 << 76 | (random_bits >> 62) << 64
    value |= 0b10 << 62 | random_bits & (1 << 62) - 1
    return UUID(int=value)


def plain_id(id_: UUID) -> UUID:
    """Return an id as an ordinary UUID: the database driver's are of a class of its own, which some encoders refuse."""
    return UUID(int=id_.int)


def import_id(kind: str, source: str, key: str) -> UUID:
    """Return the UUID of an imported thing: the same for the same kind, source and key, on every machine and run."""
    # The unit separator cannot stand in a source name, so ("a", "bc") and ("ab", "c") never meet.
    return uuid5(_IMPORT_NAMESPACE, f"{kind}\x1f{source}\x1f{key}")
