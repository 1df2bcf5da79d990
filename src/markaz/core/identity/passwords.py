"""Passwords: Argon2id (RFC 9106), verified with the same work for every cause of refusal. Never logged."""

import asyncio
import hashlib
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from markaz.core.errors import InvalidInput

# RFC 9106 section 4, second recommended option scaled to a small machine: 19 MiB, two passes (OWASP's minimum).
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_NOBODY_HASH = _HASHER.hash(secrets.token_urlsafe(16))  # verified for unknown log-ins, so that timing tells nothing
MIN_PASSWORD_LENGTH = 12  # NIST SP 800-63B asks for 8 at least; a desk shared by shifts deserves more


def hash_password(password: str) -> str:
    """Return the Argon2id hash of a password, about 20 ms of one core."""
    return _HASHER.hash(password)


def check_new_password(password: str) -> None:
    """Raise InvalidInput when a password is too short to be used outside the demo."""
    if len(password) < MIN_PASSWORD_LENGTH:
        raise InvalidInput(f"The password needs at least {MIN_PASSWORD_LENGTH} characters.", field="password")


def token_hash(token: str) -> bytes:
    """Return the 32 bytes under which a random token is kept."""
    return hashlib.sha256(token.encode()).digest()


async def fits(stored: str | None, password: str) -> bool:
    """Say whether a password fits its hash. One verification is done also where there is no hash to fit."""
    # In a thread: the 20 ms of Argon2 must not hold up every stream and command of this process.
    is_right = await asyncio.to_thread(verify, stored or _NOBODY_HASH, password)
    return is_right and stored is not None


def verify(stored: str, password: str) -> bool:
    """Say whether a password fits an Argon2id hash; a broken hash fits nothing."""
    try:
        return _HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
