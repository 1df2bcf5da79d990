"""An entry of the log: what somebody did with person data or with power, said once, in a form that can be proven.

The leaf of an entry is public material: canonical JSON (RFC 8785) with a kind, a time and a salted commitment. Who, what
and why is the *opening* of that commitment; it stands apart, so that it can end while the leaf and every proof stay.
Nothing here reads or writes a database.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import rfc8785

from markaz.core.log.tree import leaf_hash
from markaz.core.permissions import Grant
from markaz.kit.clock import iso

VERSION: Final = 1
SALT_BYTES: Final = 32  # as wide as the hash: a commitment cannot be searched, however few openings there can be


class EntryKind(StrEnum):
    """What sort of use an entry tells of. A closed list: a new sort is a decision, not a string."""

    LOOK_UP = "look_up"  # a search that could have found a person
    VIEW = "view"
    DISCLOSURE = "disclosure"  # told to somebody outside
    EXPORT = "export"
    PURPOSE = "purpose"
    BREAK_GLASS = "break_glass"
    REFUSAL = "refusal"
    REVIEW = "review"
    CORRECTION = "correction"
    DELETION = "deletion"
    ACCESS_CHANGE = "access_change"
    ADMINISTRATION = "administration"
    POLICY = "policy"
    RIGHT_REQUEST = "right_request"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry before it has a place in the log.

    `action` and `reason` are codes or the number of an incident, case or request, `details` and `public` hold codes,
    ids and whole numbers only: never a name, a phone, an address or free text. `roles` are those held at that moment,
    as `role@territory`. What is in `public` is in the leaf itself and can never be taken back.
    """

    kind: EntryKind
    action: str
    actor_id: UUID
    record_kind: str
    record_id: UUID | None
    reason: str
    territory_id: int | None = None
    purpose_id: UUID | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    public: Mapping[str, Any] = field(default_factory=dict)
    roles: tuple[str, ...] = ()
    request_id: str | None = None

    def opening(self) -> dict[str, Any]:
        """Return what the commitment of this entry hides, JSON-ready."""
        return {
            "action": self.action,
            "actor_id": str(self.actor_id),
            "details": dict(self.details),
            "purpose_id": None if self.purpose_id is None else str(self.purpose_id),
            "reason": self.reason,
            "record_id": None if self.record_id is None else str(self.record_id),
            "record_kind": self.record_kind,
            "request_id": self.request_id,
            "roles": list(self.roles),
            "territory_id": self.territory_id,
        }


@dataclass(frozen=True, slots=True)
class Leaf:
    """An entry as it goes into the log: the leaf's hash and body, and the opening and salt that explain it."""

    kind: EntryKind
    at: datetime
    hash: bytes
    body: bytes
    opening: str
    salt: bytes


def roles_of(grants: Iterable[Grant]) -> tuple[str, ...]:
    """Return grants as an entry names them, in one order."""
    return tuple(sorted(f"{grant.role.value}@{grant.territory_id}" for grant in grants))


def leaf_of(entry: Entry, at: datetime) -> Leaf:
    """Return the leaf of an entry made at `at`, under a fresh salt.

    Raises rfc8785.CanonicalizationError for what canonical JSON cannot hold, such as a number beyond 2**53.
    """
    salt = os.urandom(SALT_BYTES)
    opening = rfc8785.dumps(entry.opening())
    body = rfc8785.dumps(
        {
            "at": iso(at),
            "commitment": commitment_of(salt, opening).hex(),
            "kind": entry.kind.value,
            "public": dict(entry.public),
            "v": VERSION,
        }
    )
    return Leaf(entry.kind, at, leaf_hash(body), body, opening.decode(), salt)


def commitment_of(salt: bytes, opening: bytes) -> bytes:
    """Return the commitment to the canonical bytes of an opening: SHA-256 over salt and opening."""
    return hashlib.sha256(salt + opening).digest()
