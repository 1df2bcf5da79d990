"""Guessing is slowed, and nobody is locked out by a stranger.

Tries are counted for a log-in *and* where they come from. A browser in which the account signed in before is a place of
its own; everything else is told apart by its network address. So a stranger makes only strangers wait, for at most 15
minutes, and a passkey, which cannot be guessed, never waits. (After OWASP's "Slow Down Online Guessing with Device
Cookies".) A try counts before it is looked at, so that many at once are not one. Counts stand in the database: they outlive
a restart, and are forgotten after a day. What goes over many log-ins is seen by `spraying`.
"""

import hmac
import secrets
from datetime import datetime, timedelta
from ipaddress import IPv4Address, ip_address, ip_network
from uuid import UUID

from markaz.core.db.pool import Connection
from markaz.core.errors import RateLimited
from markaz.core.identity.passwords import token_hash

FREE_TRIES = 5  # a person mistypes, and has a second password in mind
FIRST_WAIT_S = 2
LONGEST_WAIT_S = 900  # 15 minutes: 100 guesses a day against a password of 12 characters
CLOCKS_DIFFER = timedelta(minutes=1)  # of two servers, and longer than tries that were sent at once wait for each other
FORGET_AFTER = timedelta(days=1)
GUESSES_MAX = 100_000  # rows kept; beyond it the oldest are forgotten
BROWSER_LIFE = timedelta(days=365)  # as long as its cookie
KNOWN_BROWSERS_MAX = 20  # of one account


def wait_s(tries: int) -> int:
    """Return how long to wait after so many wrong tries: nothing at first, then doubling up to 15 minutes."""
    if tries < FREE_TRIES:
        return 0
    doublings = min(tries - FREE_TRIES, 20)
    return int(min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**doublings))


def coarse_address(host: str) -> str:
    """Return what is counted as one place: an IPv4 address, or the /64 that one line gets in IPv6 (RFC 6177)."""
    try:
        address = ip_address(host)
    except ValueError:
        return "unknown"
    if isinstance(address, IPv4Address):
        return str(address)
    # Some proxies write an IPv4 address as ::ffff:192.0.2.1; all of them in one /64 would be one place for everybody.
    return str(address.ipv4_mapped or ip_network(f"{address}/64", strict=False))


def guess_key(secret: bytes, what: str, whom: str, where: str) -> bytes:
    """Return the key of a count: keyed, so that the table tells nobody which log-ins are tried."""
    return hmac.digest(secret, "\x1f".join((what, whom, where)).encode(), "sha256")


async def count_try(connection: Connection, key: bytes, now: datetime) -> None:
    """Count a try before it is looked at. Raises RateLimited with `retry_after_s` while one has to wait.

    Runs in a transaction of its own, which commits before the password is looked at.
    """
    await connection.execute(
        "INSERT INTO sign_in_guesses (key, tries, last_at, wait_until) VALUES ($1, 0, $2, $2) ON CONFLICT DO NOTHING",
        key,
        now,
    )
    row = await connection.fetchrow(
        "SELECT tries, last_at, wait_until FROM sign_in_guesses WHERE key = $1 FOR UPDATE", key
    )
    # The job may have taken the row away in between: then this is a first try.
    before = 0 if row is None or now - row["last_at"] > FORGET_AFTER else row["tries"]
    # After a clock was set back nobody waits for a time that is hours away; this try counts, and the next one waits.
    is_ahead = row is not None and row["last_at"] - now > CLOCKS_DIFFER
    if row is not None and row["wait_until"] > now and not is_ahead:
        left_s = (row["wait_until"] - now).total_seconds()
        raise RateLimited("Too many wrong tries: wait, or use a passkey.", retry_after_s=round(left_s, 3))
    await connection.execute(
        "UPDATE sign_in_guesses SET tries = $2, last_at = $3, wait_until = $4 WHERE key = $1",
        key,
        before + 1,
        now,
        now + timedelta(seconds=wait_s(before + 1)),
    )


async def forgive(connection: Connection, key: bytes) -> None:
    """Forget the tries of a place from which somebody proved who they are."""
    await connection.execute("DELETE FROM sign_in_guesses WHERE key = $1", key)


async def know_browser(connection: Connection, account_id: UUID, token: str | None, now: datetime) -> str:
    """Remember that an account signed in at this browser and return the token that the browser keeps."""
    token = token or secrets.token_urlsafe(32)
    await connection.execute(
        "INSERT INTO known_browsers (account_id, browser_hash, seen_at) VALUES ($1, $2, $3) "
        "ON CONFLICT (account_id, browser_hash) DO UPDATE SET seen_at = $3",
        account_id,
        token_hash(token),
        now,
    )
    await connection.execute(
        "DELETE FROM known_browsers WHERE account_id = $1 AND browser_hash IN (SELECT browser_hash FROM known_browsers "
        "WHERE account_id = $1 ORDER BY seen_at DESC OFFSET $2)",
        account_id,
        KNOWN_BROWSERS_MAX,
    )
    return token


async def is_known(connection: Connection, login: str, token: str | None) -> bool:
    """Say whether the account of a log-in signed in at this browser before."""
    return bool(
        await connection.fetchval(
            "SELECT EXISTS (SELECT FROM known_browsers b JOIN accounts a ON a.id = b.account_id "
            "WHERE a.login = $1 AND b.browser_hash = $2)",
            login,
            token_hash(token or ""),
        )
    )


async def forget_guesses(connection: Connection, now: datetime) -> int:
    """Delete counts of more than a day ago, the oldest beyond what is kept, and browsers of a year ago; return how many."""
    await connection.execute("DELETE FROM known_browsers WHERE seen_at < $1", now - BROWSER_LIFE)
    done = await connection.execute(
        "DELETE FROM sign_in_guesses WHERE last_at < $1 OR key IN "
        "(SELECT key FROM sign_in_guesses ORDER BY last_at DESC OFFSET $2)",
        now - FORGET_AFTER,
        GUESSES_MAX,
    )
    return int(done.split()[-1])
