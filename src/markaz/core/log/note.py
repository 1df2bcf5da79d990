"""Signed notes and what the log signs with them: checkpoints and cosignatures of witnesses.

The forms are public: C2SP signed-note, tlog-checkpoint and tlog-cosignature (`cosignature/v1`, a timestamped Ed25519
signature). Ed25519 (RFC 8032) is deterministic, so signing the same text again gives the same note. Pure but for the
keys that are handed in; where they are kept is not known here.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from markaz.core.log.tree import HASH_BYTES

NOTE_MAX_CHARACTERS: Final = 16_384
SIGNATURES_MAX: Final = 64  # a verifier must accept at least 16 (signed-note)
DASH: Final = "\N{EM DASH}"
_TIME_BYTES = 8
_SIGNATURE_BYTES = 64


class NoteRefused(ValueError):
    """A note, key or signature is malformed or does not verify."""


class KeyType(IntEnum):
    """What a key signs: notes of its own, or checkpoints of others with the time at which it saw them."""

    ED25519 = 1
    COSIGNATURE = 4


@dataclass(frozen=True, slots=True)
class Verifier:
    """The public half of a key with its name: what a *vkey* says."""

    name: str
    type: KeyType
    public: bytes

    @property
    def key_id(self) -> bytes:
        """Return the four bytes by which signature lines name this key."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.type]) + self.public).digest()[:4]

    @property
    def vkey(self) -> str:
        """Return the key as one line of text."""
        material = base64.b64encode(bytes([self.type]) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{material}"

    @classmethod
    def parse(cls, vkey: str) -> "Verifier":
        """Read a vkey. Raises NoteRefused for a malformed one or one whose id is not that of its key."""
        name, _, rest = vkey.strip().partition("+")
        key_id, _, material = rest.partition("+")
        raw = _decoded(material)
        check_name(name)
        if len(raw) != 33 or raw[0] not in tuple(KeyType):
            raise NoteRefused("not a key of a kind known here: Ed25519 (1) or timestamped Ed25519 (4)")
        verifier = cls(name, KeyType(raw[0]), raw[1:])
        if verifier.key_id.hex() != key_id:
            raise NoteRefused("the id of the key is not that of its name and bytes: it was copied wrongly")
        return verifier

    def check(self, text: str, signature: bytes) -> int | None:
        """Raise NoteRefused unless `signature` is this key's of `text`; return its POSIX time, if it states one."""
        at = None
        message = text.encode()
        if self.type is KeyType.COSIGNATURE:
            at = int.from_bytes(signature[:_TIME_BYTES], "big")
            message, signature = cosigned_message(text, at), signature[_TIME_BYTES:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError) as error:
            raise NoteRefused(f"the signature of {self.name} does not verify") from error
        return at


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: who claims to have signed, and the bytes."""

    name: str
    key_id: bytes
    signature: bytes

    def line(self) -> str:
        """Return the line as it stands in a note, with its newline."""
        return f"{DASH} {self.name} {base64.b64encode(self.key_id + self.signature).decode()}\n"

    @classmethod
    def parse(cls, line: str) -> "Signature":
        """Read one signature line. Raises NoteRefused."""
        dash, _, rest = line.removesuffix("\n").partition(" ")
        name, _, encoded = rest.partition(" ")
        raw = _decoded(encoded)
        if dash != DASH or len(raw) < 5:
            raise NoteRefused("not a signature line")
        check_name(name)
        return cls(name, raw[:4], raw[4:])


@dataclass(frozen=True, slots=True)
class Note:
    """A text, ending in a newline, with the signature lines below it. Nothing is verified yet."""

    text: str
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, note: str) -> "Note":
        """Read a note. Raises NoteRefused for what is none."""
        if len(note) > NOTE_MAX_CHARACTERS or re.search(r"[\x00-\x09\x0b-\x1f]", note):
            raise NoteRefused("too long, or with control characters")
        text, gap, lines = note.rpartition("\n\n")
        if not gap or not lines.endswith("\n") or lines.count("\n") > SIGNATURES_MAX:
            raise NoteRefused("not a signed note")
        return cls(text + "\n", tuple(Signature.parse(line) for line in lines.splitlines()))

    def __str__(self) -> str:
        return self.text + "\n" + "".join(signature.line() for signature in self.signatures)

    def signed_by(self, verifiers: Iterable[Verifier]) -> list[Verifier]:
        """Return which of the known keys signed it. Raises NoteRefused when one of theirs does not verify, or none is there."""
        known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
        found = []
        for signature in self.signatures:
            verifier = known.get((signature.name, signature.key_id))
            if verifier is not None:
                verifier.check(self.text, signature.signature)
                found.append(verifier)
        if not found:
            raise NoteRefused("not signed by any known key")
        return found


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key with its name."""

    verifier: Verifier
    private: Ed25519PrivateKey

    @classmethod
    def of(cls, name: str, type_: KeyType, private: Ed25519PrivateKey) -> "Signer":
        """Return the signer of a key. Raises NoteRefused for a name that notes do not allow."""
        check_name(name)
        return cls(Verifier(name, type_, private.public_key().public_bytes_raw()), private)

    def sign(self, text: str) -> Signature:
        """Sign the text of a note."""
        return Signature(self.verifier.name, self.verifier.key_id, self.private.sign(text.encode()))

    def cosign(self, text: str, at: int) -> Signature:
        """Say that at the POSIX time `at` this was the largest consistent tree head seen of its log."""
        signature = at.to_bytes(_TIME_BYTES, "big") + self.private.sign(cosigned_message(text, at))
        return Signature(self.verifier.name, self.verifier.key_id, signature)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a checkpoint says: which log, how many leaves, their root, and lines of its own (opaque to verifiers)."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """Return the text that is signed."""
        lines = (self.origin, str(self.size), base64.b64encode(self.root).decode(), *self.extensions)
        if any(not line or "\n" in line for line in lines):
            raise ValueError("a checkpoint has no empty lines")
        return "".join(line + "\n" for line in lines)

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Read the text of a checkpoint. Raises NoteRefused."""
        lines = text.removesuffix("\n").split("\n")
        if len(lines) < 3 or not all(lines) or not re.fullmatch(r"0|[1-9]\d{0,18}", lines[1]):
            raise NoteRefused("not a checkpoint")
        root = _decoded(lines[2])
        if len(root) != HASH_BYTES:
            raise NoteRefused("not a checkpoint: its root is no SHA-256")
        return cls(lines[0], int(lines[1]), root, tuple(lines[3:]))


def cosigned_message(text: str, at: int) -> bytes:
    """Return the bytes that a witness signs for a checkpoint's text at a POSIX time."""
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def check_name(name: str) -> None:
    """Raise NoteRefused for a name that a note does not allow."""
    if not name or len(name) > 200 or not name.isprintable() or any(c.isspace() or c == "+" for c in name):
        raise NoteRefused("the name of a key is 1 to 200 printable characters without spaces and without +")


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteRefused("not base64") from error
