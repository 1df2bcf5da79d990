"""A software authenticator (W3C WebAuthn, level 2, sections 6.1 and 6.5): P-256, attestation "none", a counter.

It answers as a browser would hand it over, PublicKeyCredential.toJSON(). Tests bend one thing at a time.
"""

import hashlib
import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

_PRESENT, _VERIFIED, _ATTESTED = 0x01, 0x04, 0x40


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _raw(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Authenticator:
    """One passkey. `is_verified` says whether the finger or PIN was asked for."""

    origin: str = "https://markaz.example"
    host: str = "markaz.example"
    is_verified: bool = True
    counter: int = 0
    user_handle: str = ""
    credential_id: bytes = field(default_factory=lambda: os.urandom(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def make(self, options: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to options for a new passkey."""
        self.user_handle = options["user"]["id"]
        numbers = self.key.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        attested = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id + cbor2.dumps(public)
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": self._data(_ATTESTED) + attested})
        response = {"attestationObject": _text(attestation), "transports": ["internal", "made-up"]}
        return self._answer("webauthn.create", options, response)

    def sign(self, options: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to options for signing in."""
        self.counter += 1
        data = self._data(0)
        client = self._client("webauthn.get", options)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        response = {"authenticatorData": _text(data), "signature": _text(signature), "userHandle": self.user_handle}
        return self._answer("webauthn.get", options, response)

    def _data(self, flags: int) -> bytes:
        flags |= _PRESENT | (_VERIFIED if self.is_verified else 0)
        return hashlib.sha256(self.host.encode()).digest() + bytes([flags]) + self.counter.to_bytes(4, "big")

    def _client(self, kind: str, options: dict[str, Any]) -> bytes:
        return json.dumps({"type": kind, "challenge": options["challenge"], "origin": self.origin}).encode()

    def _answer(self, kind: str, options: dict[str, Any], response: dict[str, Any]) -> dict[str, Any]:
        id_ = _text(self.credential_id)
        client = {"clientDataJSON": _text(self._client(kind, options))}
        return {"id": id_, "rawId": id_, "type": "public-key", "response": response | client}
