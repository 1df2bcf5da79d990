"""Sealed fields: what names a person stands in one place, encrypted under a key that can be destroyed.

Each sealed record (a caller, a note) has a random 256-bit key of its own, wrapped by the centre's key-encryption key.
A sealed file (a photo) is one record with one key as well.
Wrapped keys stand in the schema `keys`, ciphertexts in the data; the key-encryption key stands in a file outside both.
Destroying a record's key erases it everywhere, in every old copy of the data too, and changes no event and no count.

AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce and the record id and field name as associated data, so a
ciphertext cannot be moved to another record. Equality search is HMAC-SHA-256 (RFC 2104) under a key of its own.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from markaz.core.db.folder import sync_folder
from markaz.core.db.pool import Connection
from markaz.core.errors import MarkazError

KEY_BYTES = 32
NONCE_BYTES = 12
KEY_FILE = Path("keys") / "kek.json"
SEARCHABLE = frozenset({"caller_phone"})

BLOB = "blob"  # bound into a sealed file where a sealed field has its name
_BROKEN = "A sealed field is not what was sealed there: it was changed past this program. Restore it from a backup."

_FIELDS = "SELECT sealed_id, field, ciphertext FROM sealed_fields f WHERE sealed_id = ANY($1::uuid[]) "
_UNRESTRICTED = "AND NOT EXISTS (SELECT FROM restrictions r WHERE r.sealed_id = f.sealed_id AND r.lifted_at IS NULL)"
_KEYS = """
SELECT sealed_id, wrapped_key,
       EXISTS (SELECT FROM restrictions r WHERE r.sealed_id = k.sealed_id AND r.lifted_at IS NULL) AS is_restricted
FROM keys.sealed_keys k WHERE sealed_id = ANY($1::uuid[])
"""
_BLOB = """
SELECT k.wrapped_key, b.ciphertext FROM sealed_blobs b JOIN keys.sealed_keys k USING (sealed_id)
WHERE b.sealed_id = $1
  AND NOT EXISTS (SELECT FROM restrictions r WHERE r.sealed_id = b.sealed_id AND r.lifted_at IS NULL)
"""
# Behind row policies an empty table proves nothing.
_HAS_SEALED = """
SELECT NOT row_security_active('keys.sealed_keys') OR current_setting('markaz.reach', true) = 'system',
       EXISTS (SELECT FROM keys.sealed_keys)
"""

FieldRow = tuple[UUID, str, bytes]
KeyRow = tuple[UUID, bytes]
SearchRow = tuple[UUID, str, bytes]


class KeysMissing(MarkazError):
    """The key file is absent or does not fit the data."""

    status = 503
    code = "keys_missing"


class SealBroken(MarkazError):
    """A sealed field was changed or moved past this program: nothing of its record is shown."""

    status = 500
    code = "seal_broken"


class Restricted(dict[str, str]):
    """The fields of a record under restriction: none. Whoever may see the record is told so; nobody reads "not given"."""


class Sealer:
    """Seals and opens fields with one key-encryption key. Thread-safe: it holds no state but the keys."""

    def __init__(self, kek: bytes, search_key: bytes) -> None:
        if len(kek) != KEY_BYTES or len(search_key) != KEY_BYTES:
            raise ValueError("both keys are 32 bytes")
        self._kek = AESGCM(kek)
        self._search_key = search_key

    @classmethod
    def open(cls, home: Path, *, create: bool = True) -> "Sealer":
        """Read HOME/keys/kek.json, or make it (mode 0600) when the centre is new.

        Raises KeysMissing when it is absent and `create` is false, unreadable, or cannot be made.
        """
        path = home / KEY_FILE
        if not path.exists():
            if not create:
                raise KeysMissing(f"The key file {KEY_FILE} is missing: restore it from the key backup.")
            try:
                _write_new_keys(path)
            except OSError as error:  # a full disk, say
                raise KeysMissing(f"The key file {KEY_FILE} could not be made: {error.strerror}.") from error
        try:
            stored = json.loads(path.read_text())
            return cls(base64.b64decode(stored["kek"]), base64.b64decode(stored["search_key"]))
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise KeysMissing(f"The key file {KEY_FILE} cannot be read: restore it from the key backup.") from error

    @classmethod
    async def open_for(cls, connection: Connection, home: Path) -> "Sealer":
        """Read the key file of the centre behind `connection`, making it only where nothing is sealed yet.

        A new key file beside old data would split them: half of them for ever unreadable under either file. Raises
        KeysMissing as `open` does.
        """
        sees_all, has_sealed = await connection.fetchrow(_HAS_SEALED) or (False, True)
        if not sees_all:
            raise RuntimeError("whether anything is sealed is asked with the reach of the centre's own work")
        return cls.open(home, create=not has_sealed)

    def seal_many(
        self, records: Iterable[tuple[UUID, Mapping[str, str]]]
    ) -> tuple[list[FieldRow], list[KeyRow], list[SearchRow]]:
        """Return the rows to store for new records: of sealed_fields, of keys.sealed_keys and of sealed_search."""
        fields: list[FieldRow] = []
        keys: list[KeyRow] = []
        search: list[SearchRow] = []
        for sealed_id, values in records:
            record_key = os.urandom(KEY_BYTES)
            keys.append((sealed_id, self._wrap(sealed_id, record_key)))
            cipher = AESGCM(record_key)
            for field, text in values.items():
                nonce = os.urandom(NONCE_BYTES)
                sealed = cipher.encrypt(nonce, text.encode(), _bound(sealed_id, field))
                fields.append((sealed_id, field, nonce + sealed))
                if field in SEARCHABLE and _normal(text):
                    search.append((sealed_id, field, self.keyed_hash(field, text)))
        return fields, keys, search

    def keyed_hash(self, field: str, text: str) -> bytes:
        """Return the 32-byte keyed hash by which equal values of `field` find each other."""
        return hmac.digest(self._search_key, f"{field}\x1f{_normal(text)}".encode(), "sha256")

    def word_hash(self, field: str, words: str) -> bytes:
        """Return the 32-byte keyed hash by which equal texts of `field` are known without keeping the text."""
        return hmac.digest(self._search_key, f"words\x1f{field}\x1f{words}".encode(), "sha256")

    def derived_key(self, purpose: str) -> bytes:
        """Return a key of 32 bytes for one purpose, the same for as long as the key file is."""
        return hmac.digest(self._search_key, b"derived key\x1f" + purpose.encode(), "sha256")

    def body_hash(self, body: bytes) -> bytes:
        """Return a keyed hash of a request body, so that an idempotency row gives no oracle for what was in it."""
        return hmac.digest(self._search_key, b"body\x1f" + hashlib.sha256(body).digest(), "sha256")

    async def store(self, connection: Connection, sealed_id: UUID, values: Mapping[str, str]) -> None:
        """Seal a new record inside the caller's transaction."""
        fields, keys, search = self.seal_many([(sealed_id, values)])
        await connection.execute("INSERT INTO keys.sealed_keys (sealed_id, wrapped_key) VALUES ($1, $2)", *keys[0])
        await connection.executemany(
            "INSERT INTO sealed_fields (sealed_id, field, ciphertext) VALUES ($1, $2, $3)", fields
        )
        if search:
            await connection.executemany(
                "INSERT INTO sealed_search (sealed_id, field, keyed_hash) VALUES ($1, $2, $3)", search
            )

    async def read(
        self, connection: Connection, sealed_ids: Iterable[UUID], *, even_restricted: bool = False
    ) -> dict[UUID, dict[str, str] | None]:
        """Return the fields of each record, or None for one whose key was destroyed.

        A record under restriction (a right of the person it is of) is `Restricted` here and has no fields, whoever
        asks, unless the handling of that very right asks with `even_restricted`.

        The caller writes the audit entry of this read in the same transaction. Raises KeysMissing when the key file
        is not the one the records were sealed under, SealBroken when a ciphertext is not the one that was sealed there.
        """
        wanted = list(sealed_ids)
        keys = await connection.fetch(_KEYS, wanted)
        rows = await connection.fetch(_FIELDS + ("" if even_restricted else _UNRESTRICTED), wanted)
        ciphers: dict[UUID, AESGCM] = {
            key["sealed_id"]: AESGCM(self._unwrap(key["sealed_id"], key["wrapped_key"])) for key in keys
        }
        held_back = {key["sealed_id"] for key in keys if key["is_restricted"] and not even_restricted}
        opened: dict[UUID, dict[str, str] | None] = {
            id_: None if id_ not in ciphers else Restricted() if id_ in held_back else {} for id_ in wanted
        }
        for row in rows:
            sealed_id, field = row["sealed_id"], row["field"]
            fields = opened.get(sealed_id)
            if fields is not None:
                fields[field] = _open(ciphers[sealed_id], sealed_id, field, bytes(row["ciphertext"]))
        return opened

    async def store_blob(self, connection: Connection, sealed_id: UUID, data: bytes) -> None:
        """Seal the bytes of one file under a key of its own, inside the caller's transaction."""
        record_key, nonce = os.urandom(KEY_BYTES), os.urandom(NONCE_BYTES)
        sealed = await asyncio.to_thread(AESGCM(record_key).encrypt, nonce, data, _bound(sealed_id, BLOB))
        await connection.execute(
            "INSERT INTO keys.sealed_keys (sealed_id, wrapped_key) VALUES ($1, $2)",
            sealed_id,
            self._wrap(sealed_id, record_key),
        )
        await connection.execute(
            "INSERT INTO sealed_blobs (sealed_id, ciphertext) VALUES ($1, $2)", sealed_id, nonce + sealed
        )

    async def read_blob(self, connection: Connection, sealed_id: UUID) -> bytes | None:
        """Return the bytes of a sealed file, or None when its key was destroyed or it is under restriction.

        Audited and raising as `read` is.
        """
        row = await connection.fetchrow(_BLOB, sealed_id)
        if row is None:
            return None
        cipher, sealed = AESGCM(self._unwrap(sealed_id, row["wrapped_key"])), bytes(row["ciphertext"])
        try:
            return await asyncio.to_thread(
                cipher.decrypt, sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _bound(sealed_id, BLOB)
            )
        except InvalidTag as error:
            raise SealBroken(_BROKEN) from error

    def check_fits(self, sealed_id: UUID, wrapped: bytes) -> None:
        """Raise KeysMissing unless this key file opens the wrapped key of that record."""
        self._unwrap(sealed_id, wrapped)

    async def find(self, connection: Connection, field: str, text: str, *, limit: int = 50) -> list[UUID]:
        """Return the records whose searchable `field` equals `text` after normalising. Raises ValueError for others."""
        if field not in SEARCHABLE:
            raise ValueError(f"{field} is not searchable")
        if not _normal(text):
            return []  # nothing to compare: two callers without a digit are not the same caller
        rows = await connection.fetch(
            "SELECT sealed_id FROM sealed_search s WHERE field = $1 AND keyed_hash = $2 AND NOT EXISTS "
            "(SELECT FROM restrictions r WHERE r.sealed_id = s.sealed_id AND r.lifted_at IS NULL) "
            "ORDER BY sealed_id LIMIT $3",
            field,
            self.keyed_hash(field, text),
            limit,
        )
        return [row["sealed_id"] for row in rows]

    def _wrap(self, sealed_id: UUID, record_key: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._kek.encrypt(nonce, record_key, sealed_id.bytes)

    def _unwrap(self, sealed_id: UUID, wrapped: bytes) -> bytes:
        try:
            return self._kek.decrypt(bytes(wrapped[:NONCE_BYTES]), bytes(wrapped[NONCE_BYTES:]), sealed_id.bytes)
        except (InvalidTag, ValueError) as error:
            raise KeysMissing("The key file does not fit the data: restore the one backed up with it.") from error


async def erase(connection: Connection, sealed_id: UUID, actor_id: UUID) -> bool:
    """Destroy the key of a record and its search hashes; return False when it was erased before.

    The ciphertext stays: without the key it is noise, in this database and in every copy of it.
    """
    done = await connection.execute("DELETE FROM keys.sealed_keys WHERE sealed_id = $1", sealed_id)
    await connection.execute("DELETE FROM sealed_search WHERE sealed_id = $1", sealed_id)
    if done == "DELETE 0":
        return False
    await connection.execute("INSERT INTO erasures (sealed_id, actor_id) VALUES ($1, $2)", sealed_id, actor_id)
    return True


async def erase_many(connection: Connection, sealed_ids: Sequence[UUID], actor_id: UUID) -> int:
    """Erase records in one go, as `erase` does each; return how many still had their key."""
    await connection.execute("DELETE FROM sealed_search WHERE sealed_id = ANY($1::uuid[])", sealed_ids)
    done = await connection.execute(
        "WITH gone AS (DELETE FROM keys.sealed_keys WHERE sealed_id = ANY($1::uuid[]) RETURNING sealed_id) "
        "INSERT INTO erasures (sealed_id, actor_id) SELECT sealed_id, $2 FROM gone",
        sealed_ids,
        actor_id,
    )
    return int(done.split()[-1])


async def discard(connection: Connection, sealed_id: UUID) -> None:
    """Take a record away that nothing ever referred to, such as an unfinished form: key, search hashes and ciphertext."""
    await connection.execute("DELETE FROM keys.sealed_keys WHERE sealed_id = $1", sealed_id)
    await connection.execute("DELETE FROM sealed_search WHERE sealed_id = $1", sealed_id)
    await connection.execute("DELETE FROM sealed_fields WHERE sealed_id = $1", sealed_id)


def _open(cipher: AESGCM, sealed_id: UUID, field: str, blob: bytes) -> str:
    try:
        return cipher.decrypt(blob[:NONCE_BYTES], blob[NONCE_BYTES:], _bound(sealed_id, field)).decode()
    except InvalidTag as error:
        raise SealBroken(_BROKEN) from error


def _bound(sealed_id: UUID, field: str) -> bytes:
    return sealed_id.bytes + field.encode()


def _normal(text: str) -> str:
    """Keep digits only, so that "+998 90 123-45-67" and "998901234567" meet."""
    return re.sub(r"\D", "", text)


def _write_new_keys(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = {name: base64.b64encode(os.urandom(KEY_BYTES)).decode() for name in ("kek", "search_key")}
    staged = path.with_suffix(f".{os.urandom(8).hex()}")
    try:
        with os.fdopen(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump({"version": 1, **fresh}, file)
            file.flush()
            os.fsync(file.fileno())
        # link, not rename: if two processes start a new centre at once, one set of keys wins and none is overwritten.
        with suppress(FileExistsError):
            os.link(staged, path)
    finally:
        staged.unlink(missing_ok=True)
    # The name too must reach the disk before anything is sealed: what is committed later would outlive its key.
    sync_folder(path.parent)
    sync_folder(path.parent.parent)
