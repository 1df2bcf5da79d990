"""The keys of the log: what signs its checkpoints, and what salts its public leaves. They never enter the database.

They stand in HOME/keys/log.json (0600), made at the first start and backed up with the other keys. A key that follows
another is introduced by it: the old one signs the new one, so that a witness who trusts the old one can go on alone.
"""

import base64
import json
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from markaz.core.db.folder import sync_folder, write_private
from markaz.core.log.intervals import Salts
from markaz.core.log.note import KeyType, NoteRefused, Signer, check_name
from markaz.core.sealing import KeysMissing
from markaz.kit.clock import iso

KEY_FILE = Path("keys") / "log.json"
SALT_BYTES = 32
_VERSION = 1


@dataclass(frozen=True, slots=True)
class LogKey:
    """One signing key: the last of a ring signs. `introduced_by` is the signature line of the key before it."""

    signer: Signer
    made_at: str
    introduced_by: str | None

    def statement(self) -> dict[str, Any]:
        """Return what the log publishes of this key."""
        return {"vkey": self.signer.verifier.vkey, "made_at": self.made_at, "introduced_by": self.introduced_by}


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Every key that this log ever had, and its salt keys by id."""

    origin: str
    keys: tuple[LogKey, ...]
    salts: Salts

    @property
    def signer(self) -> Signer:
        """Return the key that signs now."""
        return self.keys[-1].signer

    @property
    def salt_id(self) -> int:
        """Return the id of the salt key of new leaves."""
        return max(self.salts)

    def statement(self) -> dict[str, Any]:
        """Return what the log publishes of its keys."""
        return {"origin": self.origin, "keys": [key.statement() for key in self.keys]}

    def rotated(self, now: datetime) -> "KeyRing":
        """Return the ring with a new key at its end, introduced by the one before."""
        fresh = Signer.of(self.origin, KeyType.ED25519, Ed25519PrivateKey.generate())
        line = self.signer.sign(introduction(self.origin, fresh.verifier.vkey)).line().strip()
        return KeyRing(self.origin, (*self.keys, LogKey(fresh, iso(now), line)), self.salts)


def introduction(origin: str, vkey: str) -> str:
    """Return the text by which a key introduces the next one. No checkpoint reads like it: its second line is no size."""
    return f"markaz log key\n{origin}\n{vkey}\n"


def new_ring(now: datetime, origin: str | None = None, salt_id: int = 1) -> KeyRing:
    """Return a ring of one new key. Without an `origin` the log is named after its key, which is like no other's."""
    private = Ed25519PrivateKey.generate()
    name = origin or f"markaz.log/{private.public_key().public_bytes_raw().hex()[:16]}"
    key = LogKey(Signer.of(name, KeyType.ED25519, private), iso(now), None)
    return KeyRing(name, (key,), {salt_id: os.urandom(SALT_BYTES)})


def load(home: Path) -> KeyRing | None:
    """Read the key file; None when there is none. Raises KeysMissing when it cannot be read."""
    path = home / KEY_FILE
    try:
        stored = json.loads(path.read_text())
        origin = stored["origin"]
        check_name(origin)
        keys = tuple(
            LogKey(
                Signer.of(
                    origin, KeyType.ED25519, Ed25519PrivateKey.from_private_bytes(base64.b64decode(one["private"]))
                ),
                one["made_at"],
                one["introduced_by"],
            )
            for one in stored["keys"]
        )
        salts = {int(id_): base64.b64decode(key) for id_, key in stored["salts"].items()}
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError, OSError, NoteRefused) as error:
        raise KeysMissing(f"The key file {KEY_FILE} cannot be read: restore it from the key backup.") from error
    if not keys or not salts:
        raise KeysMissing(f"The key file {KEY_FILE} holds no key: restore it from the key backup.")
    return KeyRing(origin, keys, salts)


def make(home: Path, ring: KeyRing) -> KeyRing:
    """Write the first ring of a centre, unless another process was faster; return the one that stands. Raises OSError."""
    path = home / KEY_FILE
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    staged = path.with_suffix(f".{os.urandom(8).hex()}")
    try:
        write_private(staged, _text(ring))
        with suppress(FileExistsError):
            os.link(staged, path)
    finally:
        staged.unlink(missing_ok=True)
    sync_folder(path.parent)
    sync_folder(path.parent.parent)
    made = load(home)
    if made is None:
        raise KeysMissing(f"The key file {KEY_FILE} could not be made.")
    return made


def replace(home: Path, ring: KeyRing) -> None:
    """Write a ring over the one that stands. Raises OSError."""
    path = home / KEY_FILE
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(path, _text(ring))


def _text(ring: KeyRing) -> str:
    return json.dumps(
        {
            "version": _VERSION,
            "origin": ring.origin,
            "salts": {str(id_): base64.b64encode(key).decode() for id_, key in ring.salts.items()},
            "keys": [
                {
                    "private": base64.b64encode(key.signer.private.private_bytes_raw()).decode(),
                    "made_at": key.made_at,
                    "introduced_by": key.introduced_by,
                }
                for key in ring.keys
            ],
        }
    )
