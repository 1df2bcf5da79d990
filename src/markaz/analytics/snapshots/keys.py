"""The keys of pseudonyms, one for each period, in HOME/keys/history.json (0600). They never enter the database or a backup.

History can be written again from the log under new keys, so a lost key costs nothing; a key that was destroyed makes every
copy of the files written under it unable to be joined to a record, or to anything written since.
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from uuid import UUID

from markaz.core.db.backup import HISTORY_KEYS
from markaz.core.db.folder import write_private
from markaz.core.sealing import KEY_BYTES, KeysMissing

PSEUDONYM_BYTES = 16  # by chance two of a month meet once in 2**64 records
_VERSION = 1


class HistoryKeys:
    """The keys by their id, as the file holds them."""

    def __init__(self, path: Path, keys: Mapping[str, bytes]) -> None:
        self._path = path
        self._keys = dict(keys)

    @classmethod
    def load(cls, keys_folder: Path) -> "HistoryKeys":
        """Read the file; without one there is no key yet. Raises KeysMissing when it cannot be read."""
        path = keys_folder / HISTORY_KEYS
        try:
            stored = json.loads(path.read_text())
            keys = {id_: base64.b64decode(key, validate=True) for id_, key in stored["keys"].items()}
        except FileNotFoundError:
            return cls(path, {})
        except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
            raise KeysMissing(
                f"The key file {HISTORY_KEYS} cannot be read: remove it, and history is written again under new keys."
            ) from error
        if any(len(key) != KEY_BYTES for key in keys.values()):
            raise KeysMissing(f"The key file {HISTORY_KEYS} is damaged: remove it, and history is written again.")
        return cls(path, keys)

    def __contains__(self, key_id: str) -> bool:
        """Say whether a key is there."""
        return key_id in self._keys

    def make(self) -> str:
        """Make a key and return its id; it is durable before anything is written under it. Raises OSError."""
        key_id = secrets.token_hex(8)
        self._keys[key_id] = os.urandom(KEY_BYTES)
        self._write()
        return key_id

    def destroy_all_but(self, wanted: Iterable[str]) -> int:
        """Destroy every key that is not wanted; return how many. Raises OSError."""
        gone = self._keys.keys() - set(wanted)
        if gone:
            self._keys = {id_: key for id_, key in self._keys.items() if id_ not in gone}
            self._write()
        return len(gone)

    def pseudonym(self, key_id: str, kind: str, record_id: UUID) -> str:
        """Return what stands for a record under a key: 32 hexadecimal digits (HMAC-SHA-256, RFC 2104, cut)."""
        return hmac.digest(self._keys[key_id], kind.encode() + b"\x1f" + record_id.bytes, "sha256")[
            :PSEUDONYM_BYTES
        ].hex()

    def digest_of(self, key_id: str, record_ids: Iterable[UUID]) -> int:
        """Return a number that changes with the set of records, whatever their order; parts of a set may be added up."""
        key = self._keys[key_id]
        return sum(
            int.from_bytes(hmac.digest(key, b"cut\x1f" + one.bytes, hashlib.sha256)[:PSEUDONYM_BYTES])
            for one in record_ids
        )

    def _write(self) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        keys = {id_: base64.b64encode(key).decode() for id_, key in sorted(self._keys.items())}
        write_private(self._path, json.dumps({"version": _VERSION, "keys": keys}))
