"""The ways in that an account has: which there are, which its roles need, and that the last one is never taken away."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from markaz.core.db.pool import Connection
from markaz.core.errors import Forbidden, NotPossibleNow, NotSignedIn
from markaz.core.events import SYSTEM_ACTOR_ID, Event
from markaz.core.identity import codes
from markaz.core.identity.accounts import locked_grants
from markaz.core.identity.sessions import Level
from markaz.core.permissions import Grant, Role

WAYS_CHANGED = "account.ways_changed/1"


class WayChange(StrEnum):
    """What happened to the ways in."""

    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    CODES_ADDED = "codes_added"
    CODES_REMOVED = "codes_removed"
    RECOVERY_CODES_MADE = "recovery_codes_made"
    SECOND_FACTORS_RESET = "second_factors_reset"


class ProofNeeded(Forbidden):
    """The ways in are changed only shortly after a proof of who one is."""

    code = "proof_needed"

    def __init__(self) -> None:
        super().__init__("Prove once more who you are: the proof holds for five minutes.")


class ProofRefused(Forbidden):
    """The proof was wrong. The session goes on as it was: this is no sign-out."""

    code = "proof_refused"

    def __init__(self) -> None:
        super().__init__("This was not accepted: look at what you typed, or use another way.")


class SecondFactorNeeded(Forbidden):
    """The account's role needs a second factor, and it has none yet."""

    code = "second_factor_needed"

    def __init__(self) -> None:
        super().__init__("Your role needs a second factor: add a passkey or one-time codes first.")


class PasskeyNeeded(NotSignedIn):
    """The password is right, the role needs more than it, and the account has a passkey."""

    code = "passkey_needed"

    def __init__(self) -> None:
        super().__init__("Your role needs more than a password: use your passkey.")


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways in of one account."""

    has_password: bool
    has_codes: bool
    recovery_codes_left: int
    passkeys: int
    has_provider: bool

    @property
    def has_second_factor(self) -> bool:
        """Say whether somebody who knows the password alone stays outside."""
        return self.has_codes or self.passkeys > 0


async def ways_of(connection: Connection, account_id: UUID) -> Ways:
    """Return the ways in of an account, and let nobody else change it until the transaction ends."""
    await connection.execute("SELECT FROM accounts WHERE id = $1 FOR UPDATE", account_id)
    row = await connection.fetchrow(
        "SELECT a.password_hash IS NOT NULL AS has_password, "
        "EXISTS (SELECT FROM one_time_codes c WHERE c.account_id = a.id) AS has_codes, "
        "(SELECT count(*) FROM recovery_codes r WHERE r.account_id = a.id AND r.used_at IS NULL) AS left_over, "
        "(SELECT count(*) FROM passkeys p WHERE p.account_id = a.id) AS passkeys, "
        "EXISTS (SELECT FROM provider_links l WHERE l.account_id = a.id) AS has_provider "
        "FROM accounts a WHERE a.id = $1",
        account_id,
    )
    assert row is not None, "asked for an account that is there"
    return Ways(row["has_password"], row["has_codes"], row["left_over"], row["passkeys"], row["has_provider"])


def needs_second_factor(grants: Iterable[Grant], roles: frozenset[Role]) -> bool:
    """Say whether any role of an account is one that needs a second factor."""
    return any(grant.role in roles for grant in grants)


def level_by_password(ways: Ways, *, is_needed: bool) -> Level | None:
    """Return what a password alone opens where no one-time code is asked for; None where it opens nothing.

    Where a second factor is needed and there is none yet, it opens only the adding of one. Where there is a passkey it
    opens nothing: who knows the password alone could add a factor of their own otherwise.
    """
    if not is_needed:
        return Level.FULL
    return None if ways.has_second_factor else Level.ENROL


def check_may_remove(ways: Ways, *, passkeys: int, has_codes: bool, is_needed: bool) -> None:
    """Raise NotPossibleNow when what would be left is no way in, or no second factor where one is needed."""
    if not (ways.has_password or ways.has_provider or passkeys):
        raise NotPossibleNow("This is your last way in: add another one first.")
    if is_needed and not ways.has_provider and not (passkeys or has_codes):
        raise NotPossibleNow("Your role needs a second factor, and this is your last one: add another one first.")


def ways_event(
    account_id: UUID, change: WayChange, territory_id: int, by: UUID, at: datetime, source: str = "console"
) -> Event:
    """Return the event that says that the ways in changed; what was added or removed is not in it."""
    return Event(
        type=WAYS_CHANGED,
        aggregate_id=account_id,
        territory_id=territory_id,
        actor_id=by,
        occurred_at=at,
        occurred_source=source,
        payload={"change": change.value},
    )


async def reset_second_factors(connection: Connection, account_id: UUID, *, at: datetime) -> Event:
    """Take passkeys, codes, known browsers and sessions away; password and provider stay. Return the event to append."""
    held = await locked_grants(connection, account_id)
    await connection.execute("DELETE FROM passkeys WHERE account_id = $1", account_id)
    await codes.remove_codes(connection, account_id)
    await connection.execute("DELETE FROM known_browsers WHERE account_id = $1", account_id)
    await connection.execute("DELETE FROM sessions WHERE account_id = $1", account_id)
    territory_id = min((grant.territory_id for grant in held), default=0)
    return ways_event(account_id, WayChange.SECOND_FACTORS_RESET, territory_id, SYSTEM_ACTOR_ID, at, "administrator")
