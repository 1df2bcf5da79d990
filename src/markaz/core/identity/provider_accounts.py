"""The account of somebody for whom the organisation's provider vouches: made when claims first give a right, mapped anew
at each sign-in, and never joined to an account that was made otherwise.

What takes two people is given by no claim alone: the provider asks, and somebody of this centre approves (ADR 0018).
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from markaz.core.audit import end_of_appointer
from markaz.core.db.pool import Connection
from markaz.core.errors import InvalidInput, NotSignedIn
from markaz.core.events import SYSTEM_ACTOR_ID, Event
from markaz.core.identity.accounts import create_account, locked_grants, set_grants
from markaz.core.identity.appointers import lock_appointers, needed_of
from markaz.core.identity.mapping import ClaimMapping, claim_of
from markaz.core.identity.providers import ProviderRefused
from markaz.core.log.entry import Entry, EntryKind, roles_of
from markaz.core.permissions import OFFICES, Grant, Hierarchy, takes_two_people
from markaz.kit.ids import plain_id

LOGIN_MAX, NAME_MAX = 60, 200
_NOT_LOGIN = re.compile(r"[^\w.@-]")


class AwaitsApproval(NotSignedIn):
    """All that the claims give this person waits for somebody of this centre to approve it."""

    code = "provider_waiting"

    def __init__(self) -> None:
        super().__init__("Your organisation asks for a right that a supervisor here must approve: tell them.")


class NoGrants(NotSignedIn):
    """The provider vouches for this person, and no rule gives them a right here."""

    code = "provider_no_grants"

    def __init__(self) -> None:
        super().__init__("Your organisation knows you, but gives you no right here: ask your administrator.")


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What a sign-in through the provider comes to: the account, None where there is none, and what is to be recorded.

    `grants` are those it has now; `asked` are those the claims give on top, which a second person must approve.
    """

    account_id: UUID | None
    grants: tuple[Grant, ...] = ()
    asked: tuple[Grant, ...] = ()
    events: tuple[Event, ...] = ()
    entries: tuple[Entry, ...] = ()


async def take_in(
    connection: Connection,
    claims: Mapping[str, Any],
    given: tuple[Grant, ...],
    *,
    mapping: ClaimMapping,
    issuer: str,
    territories: Hierarchy,
    now: datetime,
) -> TakenIn:
    """Find or make the account of these claims and give it what they give. Raises ProviderRefused for a closed account.

    The caller appends events and entries as the last statements of the transaction.
    """
    subject_hash = hashlib.sha256(f"{issuer}\x1f{claims['sub']}".encode()).digest()
    # One sign-in of one person at a time: two first ones must not make two accounts.
    await connection.execute("SELECT pg_advisory_xact_lock($1)", int.from_bytes(subject_hash[:8], "big", signed=True))
    row = await connection.fetchrow(
        "SELECT a.id, a.is_active FROM provider_links l JOIN accounts a ON a.id = l.account_id WHERE l.subject_hash = $1",
        subject_hash,
    )
    if row is None:
        return await _first_time(
            connection, claims, given, mapping=mapping, issuer=issuer, subject=subject_hash, now=now
        )
    if not row["is_active"]:
        raise ProviderRefused("the account is closed")
    account_id = plain_id(row["id"])
    await lock_appointers(connection)
    held = await locked_grants(connection, account_id)
    offices = tuple(grant for grant in held if grant.role in OFFICES)
    if offices:
        given = ()  # an office is held with no other role, whatever the claims say
    at_once = tuple(grant for grant in given if grant in held or not takes_two_people(grant.role))
    # Whoever fills the provider's groups is one person: claims make those who may appoint no fewer than two.
    needed = await needed_of(connection, account_id, held, at_once, territories)
    wanted = tuple(dict.fromkeys(at_once + offices + needed))
    asked = tuple(grant for grant in given if grant not in wanted)
    if set(wanted) == set(held):
        return TakenIn(account_id, wanted, asked)
    event = await set_grants(connection, account_id, wanted, by=SYSTEM_ACTOR_ID, at=now)
    if not wanted:
        await connection.execute("DELETE FROM sessions WHERE account_id = $1", account_id)
    return TakenIn(account_id, wanted, asked, (event,), (_entry("grants_mapped", account_id, wanted, held),))


async def _first_time(
    connection: Connection,
    claims: Mapping[str, Any],
    given: tuple[Grant, ...],
    *,
    mapping: ClaimMapping,
    issuer: str,
    subject: bytes,
    now: datetime,
) -> TakenIn:
    if not given:
        return TakenIn(None)
    at_once = tuple(grant for grant in given if not takes_two_people(grant.role))
    said = claim_of(claims, mapping.login_claim)
    name = claim_of(claims, mapping.name_claim)
    word = _NOT_LOGIN.sub("", said if isinstance(said, str) else "")[:LOGIN_MAX] or subject.hex()[:12]
    # The provider's host stands in the log-in, so that nobody takes the name of an account made here.
    login = f"{word}@{urlsplit(issuer).hostname or 'provider'}"[:100]
    display_name = _storable(name if isinstance(name, str) else "") or login
    try:
        account_id, event = await create_account(
            connection, login=login, display_name=display_name, password=None, grants=at_once, at=now
        )
    except InvalidInput as error:
        raise ProviderRefused("the log-in is taken") from error
    await connection.execute(
        "INSERT INTO provider_links (subject_hash, account_id, linked_at) VALUES ($1, $2, $3)", subject, account_id, now
    )
    asked = tuple(grant for grant in given if grant not in at_once)
    return TakenIn(account_id, at_once, asked, (event,), (_entry("provider_linked", account_id, at_once),))


def _entry(action: str, account_id: UUID, grants: tuple[Grant, ...], held: tuple[Grant, ...] = ()) -> Entry:
    return Entry(
        kind=EntryKind.ACCESS_CHANGE,
        action=action,
        actor_id=SYSTEM_ACTOR_ID,
        record_kind="account",
        record_id=account_id,
        reason="identity_provider",
        details={"grants": list(roles_of(grants))},
        public=end_of_appointer(account_id, held, grants),
    )


def _storable(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable()).strip()[:NAME_MAX]
