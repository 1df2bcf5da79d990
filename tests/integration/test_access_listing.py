"""The list form of a decision equals the single one: row by row, over a real table with NULLs, from fixed seeds.

The first test asks the policies in force, the second rules made at random from everything the closed set holds,
including rules that fail to evaluate.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

import asyncpg
import cedarpy
import pytest
from tests.support.access import LAND, NOW, glass, purpose, resource

from markaz.core.access import columns
from markaz.core.access.closed import check_clause
from markaz.core.access.columns import Column
from markaz.core.access.decision import Decider, decider
from markaz.core.access.model import ASKED, Action, Context, DataClass, Question, RecordKind, Resource, Subject, within
from markaz.core.access.policies import Policies, Rule, packaged
from markaz.core.db.embedded import DatabaseAccess
from markaz.core.permissions import Actor, Grant, Role

SEED = 20261122
RECORDS = 200
PAIRS_LEAST = 10_000
ACCOUNTS = [UUID(int=number) for number in range(1, 7)]
LAND_IDS = [1, 7, 8, 70, 69]
PAIRS = sorted(ASKED)

TABLE = """
CREATE TEMP TABLE looked (number int PRIMARY KEY, id uuid, is_open boolean, recorded_at timestamptz, territory_id int,
    workers uuid[], own uuid[], colleagues uuid[], line uuid[]);
CREATE TEMP TABLE looked_shut_out (number int, account_id uuid);
"""
COLUMNS: dict[str, Column] = {
    "record": columns.record("r.id", nullable=True),
    "is_open": columns.flag("r.is_open", nullable=True),
    "recorded_at": columns.moment("r.recorded_at", nullable=True),
    "within": columns.territory("r.territory_id", nullable=True),
    "workers": columns.members("r.workers", nullable=True),
    "own": columns.members("r.own", nullable=True),
    "colleagues": columns.members("r.colleagues", nullable=True),
    "shut_out": columns.membership(
        "EXISTS (SELECT FROM looked_shut_out s WHERE s.number = r.number AND s.account_id = ANY({values}))"
    ),
    "line": columns.members("r.line", nullable=True),
}


@dataclass(frozen=True)
class Row:
    """A record of the table and what a single decision is asked about."""

    number: int
    territory_id: int | None
    resource: Resource


def some(chance: Random, of: Sequence[UUID], share: float = 0.25) -> frozenset[UUID]:
    return frozenset(one for one in of if chance.random() < share)


def maybe(chance: Random, value: Any, share: float = 0.06) -> Any:
    """Return the value, or now and then None: not known."""
    return None if chance.random() < share else value


def made_rows(chance: Random) -> list[Row]:
    rows = []
    for number in range(RECORDS):
        territory_id = maybe(chance, chance.choice(LAND_IDS))
        at = NOW - timedelta(seconds=chance.choice([-1, 0, 1, 2, 3]), microseconds=chance.choice([0, 1, 999_999]))
        known = resource(
            record=maybe(chance, UUID(int=100 + number % 40)),
            within=within(LAND, territory_id),
            is_open=maybe(chance, chance.random() < 0.7),
            recorded_at=maybe(chance, at),
            workers=maybe(chance, some(chance, ACCOUNTS, 0.4)),
            own=maybe(chance, some(chance, ACCOUNTS, 0.05)),
            colleagues=maybe(chance, some(chance, ACCOUNTS, 0.1)),
            shut_out=some(chance, ACCOUNTS, 0.05),
            line=maybe(chance, some(chance, ACCOUNTS, 0.2)),
        )
        rows.append(Row(number, territory_id, known))
    return rows


def subject(chance: Random) -> Subject:
    roles = chance.choices(list(Role), weights=[9 if role in {"dispatcher", "supervisor"} else 2 for role in Role], k=2)
    grants = tuple(Grant(role, chance.choice(LAND_IDS)) for role in roles)
    return Subject.of(Actor(chance.choice(ACCOUNTS), "who", "Who", False, grants, 1), LAND)


def context(chance: Random, account: UUID) -> Context:
    held = purpose(
        holder=chance.choice([account, account, account, ACCOUNTS[0]]),
        basis_open=chance.random() < 0.9,
        data_classes=frozenset(chance.sample(list(DataClass), 12)),
        territories=frozenset(chance.sample(LAND_IDS, chance.randint(0, 3))),
        recorded_from=NOW - timedelta(seconds=chance.choice([0, 1, 2, 40])),
        recorded_to=NOW + timedelta(seconds=chance.choice([-1, 0, 1, 40])),
        expires_at=NOW + timedelta(seconds=chance.choice([0, 60, 60])),
        records=maybe(chance, frozenset(UUID(int=100 + number) for number in range(30)), 0.5),
    )
    broken = glass(holder=account, record=UUID(int=100 + chance.randint(0, 40)))
    return Context(
        NOW,
        maybe(chance, held, 0.3),
        maybe(chance, broken, 0.6),
    )


@pytest.fixture
async def connection(database: DatabaseAccess) -> AsyncIterator[asyncpg.Connection]:
    opened = await asyncpg.connect(database.owner_dsn)
    yield opened
    await opened.close()


async def fill(connection: asyncpg.Connection, rows: Iterable[Row]) -> None:
    await connection.execute(TABLE)
    for row in rows:
        known = row.resource
        sets = (known.workers, known.own, known.colleagues, known.line)
        await connection.execute(
            "INSERT INTO looked VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            row.number,
            known.record,
            known.is_open,
            known.recorded_at,
            row.territory_id,
            *(None if one is None else list(one) for one in sets),
        )
        shut = [(row.number, account) for account in known.shut_out or ()]
        await connection.executemany("INSERT INTO looked_shut_out VALUES ($1, $2)", shut)


async def compared(
    connection: asyncpg.Connection, ours: Decider, rows: Sequence[Row], asked: Question, of: Counter[str]
) -> None:
    """Compare one query with as many single decisions, and count what decided."""
    kind = asked.resource.kind
    listing = ours.listing(kind, [asked.action], COLUMNS)
    where = listing.where(asked.subject, asked.action, asked.data_class, asked.context, LAND, first=2)
    sql = f"SELECT r.number FROM looked r WHERE r.number >= $1 AND {where.sql}"
    listed = {row["number"] for row in await connection.fetch(sql, 0, *where.parameters)}
    nulls = await connection.fetchval(
        f"SELECT count(*) FROM looked r WHERE r.number < $1 OR ({where.sql}) IS NULL", 0, *where.parameters
    )
    assert nulls == 0
    for row in rows:
        question = replace(asked, resource=replace(row.resource, kind=kind))
        decision = ours.decide(question)
        of.update([decision.ground, *decision.policy_ids, "allowed" if decision.allowed else "refused"])
        assert decision.allowed == (row.number in listed), (question, decision, where)


async def test_a_list_shows_exactly_what_single_decisions_allow(connection: asyncpg.Connection) -> None:
    chance, ours, seen = Random(SEED), decider(), Counter[str]()
    rows = made_rows(chance)
    await fill(connection, rows)
    for _ in range(PAIRS_LEAST // RECORDS + 1):
        somebody = subject(chance)
        action, kind = chance.choices(PAIRS, weights=[4 if of is RecordKind.INCIDENT else 2 for _, of in PAIRS])[0]
        data_class = chance.choice(list(DataClass))
        why = context(chance, somebody.account)
        asked = Question(somebody, action, data_class, resource(kind), why)
        await compared(connection, ours, rows, asked, seen)
    assert seen["allowed"] + seen["refused"] >= PAIRS_LEAST
    assert min(seen["allowed"], seen["unknown"], seen["rule"], seen["no_rule"]) > 200, seen


# --- rules made at random ---

ATOMS = [
    "resource.is_open",
    "resource.is_open == (context.now < 5)",
    'resource.record == "{record}"',
    'resource.record != "no id at all"',
    '["{record}", "no id"].contains(resource.record)',
    "context.purpose.records.contains(resource.record)",  # fails without a purpose
    "context.purpose.basis_open",
    "principal.nothing",  # fails always
    'principal.roles.contains("dispatcher")',
    "resource.recorded_at < {second}",
    "resource.recorded_at <= {second}",
    "resource.recorded_at > {second}",
    "{second} <= resource.recorded_at",
    "{second} > resource.recorded_at",
    "resource.recorded_at == {second}",
    "resource.recorded_at != context.now",
    "resource.recorded_at < 9223372036854775807",
    "resource.within.contains({land})",
    "resource.within.containsAny([{land}, 8])",
    "principal.desk.containsAny(resource.within)",
    "resource.within.containsAny(context.purpose.territories)",
    "resource.workers.contains(principal.account)",
    'resource.own.containsAny([principal.account, "nobody"])',
    "resource.line.containsAny(context.purpose.records)",
    "resource.shut_out.contains(principal.account)",
    "resource.colleagues.contains(context.glass.holder)",
    "resource is Incident",
    "resource is Entry",
    "context has purpose",
]


def expression(chance: Random, depth: int) -> str:
    if depth == 0 or chance.random() < 0.2:
        return chance.choice(ATOMS).format(
            record=UUID(int=100 + chance.randint(0, 40)),
            second=int(NOW.timestamp()) + chance.choice([-3, -2, -1, 0, 1]),
            land=chance.choice([1, 7, 8, 70, 69, 404]),
        )
    left, right = expression(chance, depth - 1), expression(chance, depth - 1)
    return chance.choice([f"({left} && {right})", f"({left} || {right})", f"!({left})"])


def random_rules(chance: Random) -> Policies:
    """Return rules that Cedar's validator would partly refuse: what fails must deny, not surprise."""
    text = "".join(
        f"{effect} (principal, action, resource) when {{ {expression(chance, 3)} }};\n"
        for effect in ("permit", "permit", "forbid")
    )
    parsed = cedarpy.policies_to_pst(text).static_policies
    rules = tuple(
        Rule(
            id=policy.id,
            is_permit=policy.effect == "permit",
            actions=frozenset(Action),
            kinds=frozenset(RecordKind),
            clauses=policy.clauses,
            needs=("some",) * len(policy.clauses),
            attributes=frozenset().union(*(check_clause(policy.id, clause) for clause in policy.clauses)),
            words=packaged().answers["no_rule"],
        )
        for policy in parsed.values()
    )
    return replace(packaged(), rules=rules)


async def test_every_form_of_the_closed_set_means_the_same_in_both(connection: asyncpg.Connection) -> None:
    chance, seen = Random(SEED + 1), Counter[str]()
    rows = made_rows(chance)
    await fill(connection, rows)
    for _ in range(PAIRS_LEAST // RECORDS + 1):
        ours = Decider(random_rules(chance))
        somebody = subject(chance)
        asked = Question(
            somebody,
            Action.VIEW,
            DataClass.CALLER,
            resource(chance.choice([RecordKind.INCIDENT, RecordKind.ENTRY])),
            context(chance, somebody.account),
        )
        await compared(connection, ours, rows, asked, seen)
    assert min(seen["allowed"], seen["unknown"], seen["rule"], seen["no_rule"]) > 200, seen
