"""A step of a sign-in that is not finished: it travels in the browser's own cookie, sealed, and is taken once.

The server keeps nothing for a step, so a stranger who begins a million sign-ins fills nothing. A step is bound to its
kind and to the browser that holds its cookie; what was taken is remembered until it would have ended by itself.
"""

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from markaz.core.db.pool import Connection
from markaz.core.errors import MarkazError

STEP_LIFE = timedelta(minutes=5)  # to read a code off a phone or to touch a key; the W3C asks for minutes, not hours
STEP_MAX_CHARS = 3_000  # browsers keep 4,096 bytes of a cookie
_NONCE_BYTES = 12


class StepKind(StrEnum):
    """What a step waits for."""

    CODE = "code"  # the one-time code after the password
    PASSKEY = "passkey"  # a signature that signs in or proves
    ADD_PASSKEY = "add_passkey"
    ADD_CODES = "add_codes"
    PROVIDER = "provider"  # the return from the organisation's identity provider


class StepEnded(MarkazError):
    """The step was taken, is too old, or belongs to another browser: it begins again."""

    status = 409
    code = "step_ended"

    def __init__(self) -> None:
        super().__init__("This step has ended: begin again.")


@dataclass(frozen=True, slots=True)
class Step:
    """A step that a browser brought back."""

    id: bytes
    values: Mapping[str, str]
    expires_at: datetime


class Steps:
    """Seals and opens steps with one key of 32 bytes."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, kind: StepKind, values: Mapping[str, str], now: datetime, life: timedelta = STEP_LIFE) -> str:
        """Return the text of a cookie that only this centre can read."""
        ends_s = int((now + life).timestamp())
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, orjson.dumps([ends_s, dict(values)]), kind.value.encode())
        text = base64.urlsafe_b64encode(nonce + sealed).decode()
        if len(text) > STEP_MAX_CHARS:
            raise ValueError("a step must fit into a cookie")
        return text

    def open(self, kind: StepKind, text: str | None, now: datetime) -> Step:
        """Return the step in a cookie. Raises StepEnded when it is none of this kind, or too old."""
        try:
            raw = base64.urlsafe_b64decode((text or "")[:STEP_MAX_CHARS])
            opened = self._cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], kind.value.encode())
        except (binascii.Error, InvalidTag, ValueError) as error:
            raise StepEnded from error
        ends_s, values = orjson.loads(opened)
        expires_at = datetime.fromtimestamp(ends_s, UTC)
        if expires_at <= now:
            raise StepEnded
        return Step(raw[:_NONCE_BYTES], values, expires_at)


async def spend(connection: Connection, step: Step) -> None:
    """Take a step inside the caller's transaction. Raises StepEnded when it was taken before."""
    done = await connection.execute(
        "INSERT INTO spent_steps (id, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING", step.id, step.expires_at
    )
    if done == "INSERT 0 0":
        raise StepEnded


async def forget_spent(connection: Connection, now: datetime) -> int:
    """Delete what would have ended by itself and return how many."""
    done = await connection.execute("DELETE FROM spent_steps WHERE expires_at < $1", now)
    return int(done.split()[-1])
