"""Passkeys (W3C WebAuthn, level 2): asked for, added, used and removed. The checking is `webauthn`'s.

A passkey is two factors in one: the device, and the finger or PIN that opens it; so user verification is always required.
Its name is its owner's words for it and goes into no event and no log. Attestation is not asked for: which device a
person owns is theirs to know.
"""

import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import orjson
import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from markaz.core.db.pool import Connection
from markaz.core.errors import InvalidInput, NotPossibleNow, NotSignedIn
from markaz.core.permissions import Actor
from markaz.kit.clock import iso
from markaz.kit.ids import plain_id, uuid7

PASSKEYS_MAX = 10  # of one account
CHALLENGE_BYTES = 32  # W3C WebAuthn, 13.4.3, asks for 16 at least
_TRANSPORTS = frozenset(transport.value for transport in AuthenticatorTransport)
_REQUIRED = UserVerificationRequirement.REQUIRED


@dataclass(frozen=True, slots=True)
class Site:
    """Where passkeys work: the address under which people reach this centre, and its host, which the keys are bound to."""

    origin: str
    host: str

    @classmethod
    def of(cls, public_url: str) -> "Site":
        """Return the site of a public address, as in https://markaz.example."""
        parts = urlsplit(public_url)
        return cls(f"{parts.scheme}://{parts.netloc}", parts.hostname or "")


def new_challenge() -> bytes:
    """Return a challenge nobody has seen."""
    return secrets.token_bytes(CHALLENGE_BYTES)


def options_to_add(site: Site, actor: Actor, challenge: bytes, held: Sequence[bytes]) -> dict[str, Any]:
    """Return what a browser needs to make a passkey; `held` are credential ids that must not be made twice."""
    options = webauthn.generate_registration_options(
        rp_id=site.host,
        rp_name="Markaz",
        user_name=actor.login,
        user_id=actor.id.bytes,
        user_display_name=actor.display_name,
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=_REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=credential_id) for credential_id in held],
    )
    return dict(orjson.loads(webauthn.options_to_json(options)))


def options_to_sign(site: Site, challenge: bytes, allowed: Sequence[bytes]) -> dict[str, Any]:
    """Return what a browser needs to sign; with nothing `allowed` it offers the passkeys it knows for this site."""
    options = webauthn.generate_authentication_options(
        rp_id=site.host,
        challenge=challenge,
        allow_credentials=[PublicKeyCredentialDescriptor(id=credential_id) for credential_id in allowed],
        user_verification=_REQUIRED,
    )
    return dict(orjson.loads(webauthn.options_to_json(options)))


async def credentials_of(connection: Connection, login: str, secret: bytes) -> list[bytes]:
    """Return the credential ids of a log-in; for one that has none, made-up ones that stay the same.

    Who asks for somebody's log-in must not learn whether it exists.
    """
    rows = await connection.fetch(
        "SELECT p.credential_id FROM passkeys p JOIN accounts a ON a.id = p.account_id "
        "WHERE a.login = $1 AND a.is_active ORDER BY p.added_at, p.id",
        login,
    )
    return [row["credential_id"] for row in rows] or [hmac.digest(secret, b"no passkey\x1f" + login.encode(), "sha256")]


async def held_by(connection: Connection, account_id: UUID) -> list[bytes]:
    """Return the credential ids of an account."""
    rows = await connection.fetch("SELECT credential_id FROM passkeys WHERE account_id = $1", account_id)
    return [row["credential_id"] for row in rows]


async def add_passkey(
    connection: Connection,
    site: Site,
    account_id: UUID,
    *,
    name: str,
    credential: Mapping[str, Any],
    challenge: bytes,
    now: datetime,
) -> UUID:
    """Check what a new authenticator answered and keep its public key. Raises InvalidInput or NotPossibleNow."""
    # The lock counts: two browsers at once must not make an eleventh.
    await connection.execute("SELECT FROM accounts WHERE id = $1 FOR UPDATE", account_id)
    if len(await held_by(connection, account_id)) >= PASSKEYS_MAX:
        raise NotPossibleNow(f"An account holds {PASSKEYS_MAX} passkeys at most: remove one first.")
    try:
        made = webauthn.verify_registration_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError) as error:
        raise InvalidInput("This passkey could not be checked: try again.", field="credential") from error
    passkey_id = uuid7()
    done = await connection.execute(
        "INSERT INTO passkeys (id, account_id, credential_id, public_key, sign_count, transports, is_backed_up, name, "
        "added_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (credential_id) DO NOTHING",
        passkey_id,
        account_id,
        made.credential_id,
        made.credential_public_key,
        made.sign_count,
        _transports(credential),
        made.credential_backed_up,
        name,
        now,
    )
    if done == "INSERT 0 0":
        raise InvalidInput("This passkey is in use already.", field="credential")
    return passkey_id


async def use_passkey(
    connection: Connection, site: Site, credential: Mapping[str, Any], challenge: bytes, now: datetime
) -> UUID:
    """Return the account whose passkey signed this challenge. Raises NotSignedIn, the same for every cause.

    A counter that did not rise means that the key was copied: it is refused from then on until its owner removes it.
    """
    refused = NotSignedIn("This passkey was not accepted.")
    try:
        credential_id = base64url_to_bytes(str(credential["id"]))
        handle = credential["response"].get("userHandle")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise refused from error
    row = await connection.fetchrow(
        "SELECT p.id, p.account_id, p.public_key, p.sign_count FROM passkeys p JOIN accounts a ON a.id = p.account_id "
        "WHERE p.credential_id = $1 AND a.is_active AND a.kind = 'person' FOR UPDATE OF p",
        credential_id,
    )
    if row is None or (handle is not None and handle != bytes_to_base64url(row["account_id"].bytes)):
        raise refused
    try:
        signed = webauthn.verify_authentication_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=row["public_key"],
            credential_current_sign_count=row["sign_count"],
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError) as error:
        raise refused from error
    await connection.execute(
        "UPDATE passkeys SET sign_count = $2, used_at = $3, is_backed_up = $4 WHERE id = $1",
        row["id"],
        signed.new_sign_count,
        now,
        signed.credential_backed_up,
    )
    return plain_id(row["account_id"])


async def own_passkeys(connection: Connection, account_id: UUID) -> list[dict[str, Any]]:
    """Return the passkeys of an account, oldest first."""
    rows = await connection.fetch(
        "SELECT id, name, added_at, used_at, is_backed_up FROM passkeys WHERE account_id = $1 ORDER BY added_at, id",
        account_id,
    )
    return [
        {
            "id": str(row["id"]),
            "name": row["name"],
            "added_at": iso(row["added_at"]),
            "used_at": None if row["used_at"] is None else iso(row["used_at"]),
            "is_synced": row["is_backed_up"],
        }
        for row in rows
    ]


async def remove_passkey(connection: Connection, account_id: UUID, passkey_id: UUID) -> bool:
    """Take a passkey away; return whether the account had it."""
    done = await connection.execute("DELETE FROM passkeys WHERE id = $1 AND account_id = $2", passkey_id, account_id)
    return done == "DELETE 1"


def _transports(credential: Mapping[str, Any]) -> list[str]:
    response = credential.get("response")
    said = response.get("transports") if isinstance(response, dict) else None
    return sorted({word for word in said if word in _TRANSPORTS}) if isinstance(said, list) else []
