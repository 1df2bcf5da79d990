"""One-time codes (TOTP, RFC 6238) and recovery codes: the second factor of who signs in by password.

The secret is sealed; a code works once, one step of 30 s early or late. A recovery code is 80 random bits, kept as a hash
and taken once.
"""

import base64
import hashlib
import re
import secrets
from datetime import datetime
from uuid import UUID

import pyotp
from pyotp.utils import strings_equal

from markaz.core import reach, sealing
from markaz.core.db.pool import Connection
from markaz.core.sealing import Sealer
from markaz.kit.ids import uuid7

STEP_S = 30  # RFC 6238, 5.2
SKEW_STEPS = 1  # the same section: one step for the clock of the phone
SECRET_FIELD = "totp_secret"  # noqa: S105 - the name of a field
RECOVERY_CODES = 10
_RECOVERY_BYTES = 10  # 80 bits: no hash that is slow on purpose is needed, and no limit on guesses
_CODE = re.compile(r"[0-9]{6}")


def new_secret() -> str:
    """Return a secret of 160 bits (RFC 4226, 4) in base 32."""
    return pyotp.random_base32()


def uri_of(secret: str, login: str, issuer: str) -> str:
    """Return the otpauth address that authenticator apps read."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=issuer)


def matching_step(secret: str, code: str, now: datetime, last_step: int) -> int | None:
    """Return the step whose code this is, or None. Steps up to `last_step` were used and match nothing any more."""
    if not _CODE.fullmatch(code):
        return None
    totp, current = pyotp.TOTP(secret), int(now.timestamp()) // STEP_S
    for step in range(current - SKEW_STEPS, current + SKEW_STEPS + 1):
        if step > last_step and strings_equal(totp.generate_otp(step), code):
            return step
    return None


async def has_codes(connection: Connection, account_id: UUID) -> bool:
    """Say whether an account signs in with one-time codes."""
    return bool(
        await connection.fetchval("SELECT EXISTS (SELECT FROM one_time_codes WHERE account_id = $1)", account_id)
    )


async def add_codes(
    connection: Connection, sealer: Sealer, account_id: UUID, secret: str, *, step: int, now: datetime
) -> None:
    """Seal a confirmed secret in place of the one before. `step` is that of the code that confirmed it."""
    await remove_codes(connection, account_id)
    sealed_id = uuid7()
    await sealer.store(connection, sealed_id, {SECRET_FIELD: secret})
    await connection.execute(
        "INSERT INTO one_time_codes (account_id, sealed_id, last_step, added_at) VALUES ($1, $2, $3, $4)",
        account_id,
        sealed_id,
        step,
        now,
    )


async def use_code(connection: Connection, sealer: Sealer, account_id: UUID, code: str, now: datetime) -> bool:
    """Say whether a code is right, and take it: it never is right again."""
    row = await connection.fetchrow(
        "SELECT sealed_id, last_step FROM one_time_codes WHERE account_id = $1 FOR UPDATE", account_id
    )
    if row is None:
        return False
    async with reach.beyond(connection, "nobody has a reach yet who signs in, and no row leads to this secret"):
        opened = (await sealer.read(connection, [row["sealed_id"]]))[row["sealed_id"]]
    secret = "" if opened is None else opened.get(SECRET_FIELD, "")
    step = matching_step(secret, code, now, row["last_step"])
    if step is None:
        return False
    await connection.execute("UPDATE one_time_codes SET last_step = $2 WHERE account_id = $1", account_id, step)
    return True


async def remove_codes(connection: Connection, account_id: UUID) -> bool:
    """Take one-time codes and recovery codes away; return whether there were any."""
    sealed_id = await connection.fetchval(
        "DELETE FROM one_time_codes WHERE account_id = $1 RETURNING sealed_id", account_id
    )
    await connection.execute("DELETE FROM recovery_codes WHERE account_id = $1", account_id)
    if sealed_id is None:
        return False
    async with reach.beyond(connection, "no row leads to this secret"):
        await sealing.discard(connection, sealed_id)
    return True


async def make_recovery_codes(connection: Connection, account_id: UUID) -> list[str]:
    """Replace the recovery codes of an account and return the new ones, which are shown once."""
    codes = [_readable(secrets.token_bytes(_RECOVERY_BYTES)) for _ in range(RECOVERY_CODES)]
    await connection.execute("DELETE FROM recovery_codes WHERE account_id = $1", account_id)
    await connection.executemany(
        "INSERT INTO recovery_codes (account_id, code_hash) VALUES ($1, $2)",
        [(account_id, _hash(account_id, code)) for code in codes],
    )
    return codes


async def use_recovery_code(connection: Connection, account_id: UUID, code: str, now: datetime) -> bool:
    """Say whether a recovery code is right, and take it."""
    done = await connection.execute(
        "UPDATE recovery_codes SET used_at = $3 WHERE account_id = $1 AND code_hash = $2 AND used_at IS NULL",
        account_id,
        _hash(account_id, code),
        now,
    )
    return done == "UPDATE 1"


def _readable(raw: bytes) -> str:
    text = base64.b32encode(raw).decode().lower()
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def _hash(account_id: UUID, code: str) -> bytes:
    plain = re.sub(r"[^a-z2-7]", "", code.lower())
    return hashlib.sha256(account_id.bytes + plain.encode()).digest()
