"""Adding a second factor: who may, and what it ends.

Who knows a password alone may add the first factor of an account and change nothing beside one that is there; and is out
as soon as its owner has one. Both are decided inside the transaction of the act, under the lock of the account's ways in.
"""

from dataclasses import dataclass
from datetime import datetime

from markaz.core.db.pool import Connection
from markaz.core.errors import NotPossibleNow
from markaz.core.identity.sessions import Method, SignedIn, end_password_sessions, raise_session
from markaz.core.identity.ways import Ways, ways_of


@dataclass(frozen=True, slots=True)
class Proven:
    """What a new factor did to the sessions: the new token of the one that added it, None where it keeps its own, and
    the hashes of the tokens that ended, by which their streams are known."""

    token: str | None
    ended: tuple[bytes, ...]


async def changeable_ways(connection: Connection, session: SignedIn) -> Ways:
    """Return the ways in of who asks, locked until the transaction ends.

    Raises NotPossibleNow where a session by the password alone would change them beside a second factor; also where the
    role asks for none: a factor added so would open the account after a stronger role is given.
    """
    held = await ways_of(connection, session.actor.id)
    if session.method is Method.PASSWORD and held.has_second_factor:
        raise NotPossibleNow("This account has a second factor already: sign in again with it.")
    return held


async def factor_added(connection: Connection, session: SignedIn, token: str, method: Method, now: datetime) -> Proven:
    """End every other session that the password alone opened, and make the one that proved the factor one of `method`.

    A session of the organisation's provider, or by another factor, stays what it is. Raises NotSignedIn when the session
    ended meanwhile.
    """
    ended = tuple(await end_password_sessions(connection, session.actor.id, session.id))
    if session.method is not Method.PASSWORD:
        return Proven(None, ended)
    return Proven(await raise_session(connection, token, now=now, method=method), ended)
