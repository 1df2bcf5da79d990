"""A small centre full of rows that name people, and what each of many actors may meet of them. For tests of row security."""

import random
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg

from markaz.core.permissions import Actor, Grant, Role
from markaz.kit.ids import uuid7

TERRITORIES = 24
INCIDENTS = 60
PEOPLE_ROLES = (Role.DUTY_OFFICER, Role.CALL_TAKER, Role.SUPERVISOR, Role.DATA_PROTECTION_OFFICER)
OTHER_ROLES = (Role.OBSERVER, Role.ADMINISTRATOR)

# Every statement asks for all there is: what an actor meets is decided by the policies alone.
ASKED = {
    "incidents": "SELECT id FROM incidents",
    "calls": "SELECT incident_id AS id FROM calls",
    "notes": "SELECT incident_id AS id FROM notes",
    "parties": "SELECT incident_id AS id FROM parties",
    "drafts": "SELECT account_id AS id FROM call_drafts",
}
# By ids that somebody learnt elsewhere.
ASKED_BY_ID = {
    "fields": "SELECT sealed_id AS id FROM sealed_fields WHERE sealed_id = ANY($1::uuid[])",
    "keys": "SELECT sealed_id AS id FROM keys.sealed_keys WHERE sealed_id = ANY($1::uuid[])",
}


class FlatLand:
    """Territories without levels: each is alone in its subtree, but for 0, which holds them all."""

    def subtree(self, territory_id: int) -> frozenset[int]:
        return frozenset(range(TERRITORIES)) if territory_id == 0 else frozenset({territory_id})


@dataclass
class Rows:
    """Which incident stands where, who opened it, and the sealed record of its one call."""

    places: dict[UUID, int] = field(default_factory=dict)
    opened_by: dict[UUID, UUID] = field(default_factory=dict)
    sealed: dict[UUID, UUID] = field(default_factory=dict)

    def met_by(self, actor: Actor, land: FlatLand) -> dict[str, set[UUID]]:
        """Return what each of ASKED must give this actor: worked out from the grants, without the code under test."""
        people = {t for g in actor.grants if g.role in PEOPLE_ROLES for t in land.subtree(g.territory_id)}
        places = people | {t for g in actor.grants if g.role is Role.OBSERVER for t in land.subtree(g.territory_id)}
        own = {id_ for id_, by in self.opened_by.items() if by == actor.id}
        incidents = {id_ for id_, territory in self.places.items() if territory in places} | own
        persons = {id_ for id_ in incidents if self.places[id_] in people or id_ in own}
        sealed = {self.sealed[id_] for id_ in persons}
        return {
            "incidents": incidents,
            "calls": persons,
            "notes": persons,
            "parties": persons,
            "fields": sealed,
            "keys": sealed,
            "drafts": set(),
        }


async def fill(owner: asyncpg.Connection, dice: random.Random, actors: list[Actor]) -> Rows:
    """Write incidents with a call, a note and a party each, opened by some of the actors. As the owner, past policies."""
    rows = Rows()
    for number in range(INCIDENTS):
        incident_id, sealed_id, opener = uuid7(), uuid7(), dice.choice(actors).id
        rows.places[incident_id] = dice.randrange(TERRITORIES)
        rows.opened_by[incident_id], rows.sealed[incident_id] = opener, sealed_id
        await owner.execute(
            "INSERT INTO incidents (id, number, status, category, priority, initial_priority, channel, territory_id, "
            "received_at, opened_by, updated_by) VALUES ($1, $2, 'open', 'fire', '1', '1', 'phone', $3, now(), $4, $4)",
            incident_id,
            str(number),
            rows.places[incident_id],
            opener,
        )
        await owner.execute("INSERT INTO keys.sealed_keys VALUES ($1, '\\x01')", sealed_id)
        await owner.execute("INSERT INTO sealed_fields VALUES ($1, 'caller_name', '\\x02')", sealed_id)
        await owner.execute(
            "INSERT INTO calls (id, incident_id, channel, received_at, sealed_id) VALUES ($1, $2, 'phone', now(), $3)",
            uuid7(),
            incident_id,
            sealed_id,
        )
        await owner.execute(
            "INSERT INTO notes (id, incident_id, at, by_id, sealed_id) VALUES ($1, $2, now(), $3, $4)",
            uuid7(),
            incident_id,
            opener,
            uuid7(),
        )
        await owner.execute(
            "INSERT INTO parties (id, incident_id, role, is_minor, is_unknown, at, by_id) "
            "VALUES ($1, $2, 'witness', false, false, now(), $3)",
            uuid7(),
            incident_id,
            opener,
        )
    return rows


def mixed_actors(dice: random.Random, count: int) -> list[Actor]:
    """Return people of every kind: wide and narrow, with and without a right to people, in one territory or several."""
    actors = []
    for number in range(count):
        grants = tuple(
            Grant(
                dice.choice(PEOPLE_ROLES + OTHER_ROLES), 0 if dice.random() < 0.03 else dice.randrange(1, TERRITORIES)
            )
            for _ in range(dice.choice((0, 1, 1, 1, 2, 3)))
        )
        actors.append(Actor(uuid7(), f"a{number}", f"A {number}", False, grants, 1))
    return actors
