"""Under which rules of contact a number of an incident stands: the incident's, and those of any party it may belong to.

Whoever sees a number must see what binds it, also where the parties themselves are not shown to them. So the numbers of
parties that have rules are opened here, to be compared and for nothing else: what leaves is coded.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from markaz.core.db.pool import Connection
from markaz.core.sealing import Restricted, Sealer
from markaz.programmes.incidents import queries
from markaz.programmes.incidents.store import Record

CALLER = "caller"
DIGITS_LEAST = 7  # a number of a town
DIGITS_MOST = 9  # a national number, however its country code and trunk prefix were written


@dataclass(frozen=True, slots=True)
class Bound:
    """The rules of one party. `number` is None when it gave none, and `is_unread` when it is held back."""

    is_caller: bool
    number: str | None
    is_unread: bool
    rules: frozenset[str]


@dataclass(frozen=True, slots=True)
class ContactRules:
    """The rules of one incident and of its parties that have any."""

    of_incident: frozenset[str]
    parties: tuple[Bound, ...]

    def of_caller(self, number: str | None) -> list[str]:
        """Return what must not be done to the caller: also what a party says who called, has the number, or may have it."""
        return self._joined(one.rules for one in self.parties if one.is_caller or _may_be(one, number))

    def of_party(self, role: str, number: str | None, own: Iterable[str]) -> list[str]:
        """Return the same for a party with rules of its own."""
        others = (one.rules for one in self.parties if _may_be(one, number) or (role == CALLER and one.is_caller))
        return sorted({*own, *self._joined(others)})

    def _joined(self, rules: Iterable[frozenset[str]]) -> list[str]:
        return sorted(self.of_incident.union(*rules))


async def rules_of(connection: Connection, sealer: Sealer, incident: Record) -> ContactRules:
    """Return the rules of an incident whose row was read in this transaction."""
    rows = await queries.bound_parties(connection, incident["id"])
    opened = await sealer.read(connection, [row["sealed_id"] for row in rows if row["sealed_id"] is not None])
    fields = {row["id"]: opened.get(row["sealed_id"]) for row in rows}
    parties = tuple(
        Bound(
            is_caller=row["role"] == CALLER,
            number=(fields[row["id"]] or {}).get("phone"),
            is_unread=isinstance(fields[row["id"]], Restricted),
            rules=frozenset(row["safe_contact"]),
        )
        for row in rows
    )
    return ContactRules(frozenset(incident["safe_contact"]), parties)


def is_same_number(one: str, other: str) -> bool:
    """Say whether two numbers may be the same line; one too many is held back rather than one too few."""
    a, b = (re.sub(r"\D", "", number) for number in (one, other))
    compared = min(len(a), len(b), DIGITS_MOST)
    return a == b != "" or (compared >= DIGITS_LEAST and a[-compared:] == b[-compared:])


def _may_be(party: Bound, number: str | None) -> bool:
    if number is None:
        return False
    return party.is_unread or (party.number is not None and is_same_number(party.number, number))
