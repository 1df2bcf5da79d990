"""access: what a decision costs, and what the same rules cost in a query.

`access.decide_speedup`: one decision, among 100 policies: the ones in force and others of the same forms, as a house with
more programmes would have. Every question differs in person, record, time and reason, so neither a kept decision nor a
person parsed before helps. Ours is the whole port: from values to the answer, over the slice of the rules that can speak
about the action and kind of record. Yardstick: cedarpy as its manual has it, all 100 policies parsed once and reused,
entities and context handed over as ready-made objects. Both must answer alike. `access.decide_kept` is the same question
again, `access.explain` an answer with what was missing.

`access.list`: 10,000 rows of incidents of a region, with the rules as a condition in SQL, which is worked out anew for
each query, beside the same query without any condition. Both return the same rows. `_country` is the same from the top
of the country, with all its 9,231 territories in the condition.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import resources
from random import Random
from typing import Any
from uuid import UUID

import asyncpg
import cedarpy
import orjson
import uvloop

from bench.cluster import BenchDatabase, bench_cluster
from bench.figures import Figure, alone, compared
from bench.settings import RUNS, Scale, say
from markaz.core.access import cedar, columns
from markaz.core.access.decision import Decider
from markaz.core.access.model import (
    Action,
    Context,
    DataClass,
    PurposeHeld,
    Question,
    RecordKind,
    Resource,
    Subject,
    within,
)
from markaz.core.access.policies import POLICY_SUFFIX, load, packaged
from markaz.core.memory import keep_for_good
from markaz.core.permissions import Actor, Grant, Role
from markaz.core.territories.model import LANGUAGES

POLICIES = 100
QUESTIONS = {Scale.SMALL: 300, Scale.FULL: 3_000}  # of one run
QUERIES = {Scale.SMALL: 3, Scale.FULL: 15}
CHUNK = 50
ROWS = 10_000
SEED = 102
TARGET_DECIDE = 1 / 1.2  # the cost of ours over plain cedarpy: at least 1.2 times as fast
TARGET_LIST = 1.3
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
# A question of the desk about an incident is most of what is asked; the rest is spread.
ASKED = {
    (Action.VIEW, RecordKind.INCIDENT): 12,
    (Action.LOOK_UP, RecordKind.INCIDENT): 3,
    (Action.VIEW, RecordKind.PAPER): 2,
    (Action.VIEW, RecordKind.ENTRY): 2,
    (Action.CORRECT, RecordKind.INCIDENT): 1,
}
_FORMS = (
    "resource.within.containsAny(principal.desk)",
    "resource.workers.contains(principal.account)",
    "resource.is_open",
    "context has purpose && context.purpose.data_classes.contains(context.data_class)",
    'principal.roles.contains("supervisor")',
    "resource.recorded_at < context.now",
)


class Country:
    """The hierarchy of a country in memory: 1 country, 14 regions, 208 districts, 9,008 neighbourhoods."""

    REGIONS, DISTRICTS, NEIGHBOURHOODS = 14, 208, 9_008

    def __init__(self) -> None:
        self._above: dict[int, int] = {1: 0}
        regions = range(2, 2 + self.REGIONS)
        districts = range(regions.stop, regions.stop + self.DISTRICTS)
        leaves = range(districts.stop, districts.stop + self.NEIGHBOURHOODS)
        self._above |= dict.fromkeys(regions, 1)
        self._above |= {one: regions[number % len(regions)] for number, one in enumerate(districts)}
        self._above |= {one: districts[number % len(districts)] for number, one in enumerate(leaves)}
        self._below: dict[int, set[int]] = {one: set() for one in self._above}
        for one in self._above:
            for above in self.path(one):
                self._below[above].add(one)

    def current(self, territory_id: int) -> int | None:
        """Return the territory itself: none of them has old versions."""
        return territory_id if territory_id in self._above else None

    def path(self, territory_id: int) -> tuple[int, ...]:
        """Return the ids from the country down."""
        found = [territory_id]
        while above := self._above[found[-1]]:
            found.append(above)
        return tuple(reversed(found))

    def subtree(self, territory_id: int) -> frozenset[int]:
        """Return the territory and all below it."""
        return frozenset(self._below[territory_id])


def run(scale: Scale) -> Iterable[Figure]:
    """Measure and return the figures."""
    land = Country()
    yield from _decisions(scale, land)
    with bench_cluster() as cluster, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        yield from runner.run(_lists(scale, land, cluster.empty()))


# --- one decision ---


def _files() -> dict[str, str]:
    """Return the files of the policies in force and as many others as make 100, each about one action on one kind of record."""
    folder = resources.files("markaz.core.access").joinpath("policies")
    files = {file.name: file.read_text("utf-8") for file in folder.iterdir()}
    chance = Random(SEED)
    words = "\n".join(f'{language} = "."' for language in LANGUAGES)
    pairs = [(action, kind) for action in Action for kind in RecordKind]
    rules, texts = [], [files["words.toml"], f"[conditions.further]\n{words}"]
    for number in range(POLICIES - len(packaged().rules)):
        action, kind = pairs[number % len(pairs)]
        asked = chance.sample(_FORMS, chance.randint(2, 4))
        needs = ", ".join(["further"] * len(asked))
        conditions = " ".join(f"when {{ {one} }}" for one in asked)
        rules.append(
            f'@id("further-{number}") @needs("{needs}") permit (principal, action == Action::"{action}", '
            f"resource is {kind.entity}) {conditions};"
        )
        texts.append(f"[rules.further-{number}]\n{words}")
    return files | {"further.cedar": "\n".join(rules), "words.toml": "\n".join(texts)}


def _question(chance: Random, land: Country) -> Question:
    account = UUID(int=chance.getrandbits(128))
    desk, place = chance.randint(2, 230), chance.randint(2, 9_000)
    roles = (chance.choice([Role.DISPATCHER, Role.CALL_TAKER, Role.SUPERVISOR, Role.UNIT_OFFICER, Role.AUDITOR]),)
    subject = Subject.of(Actor(account, "who", "Who", False, tuple(Grant(role, desk) for role in roles), 1), land)
    others = frozenset(UUID(int=chance.getrandbits(128)) for _ in range(3))
    action, kind = chance.choices(list(ASKED), weights=list(ASKED.values()))[0]
    resource = Resource(
        kind=kind,
        record=UUID(int=chance.getrandbits(128)),
        within=within(land, place if chance.random() < 0.3 else chance.choice(sorted(land.subtree(desk)))),
        is_open=chance.random() < 0.8,
        recorded_at=NOW - timedelta(seconds=chance.randint(1, 10**6)),
        workers=others | ({account} if chance.random() < 0.5 else set()),
        own=frozenset(),
        colleagues=frozenset(),
        shut_out=frozenset(),
        line=frozenset(),
    )
    purpose = _purpose(account, desk) if chance.random() < 0.5 else None
    return Question(subject, action, chance.choice(list(DataClass)), resource, Context(NOW, purpose))


def _purpose(account: UUID, territory_id: int) -> PurposeHeld:
    return PurposeHeld(
        holder=account,
        basis_open=True,
        data_classes=frozenset(DataClass),
        territories=frozenset({territory_id}),
        recorded_from=NOW - timedelta(days=30),
        recorded_to=NOW,
        expires_at=NOW + timedelta(hours=8),
    )


def _plain(question: Question) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return a question as plain cedarpy takes it; making it is not measured."""
    kind = question.resource.kind.entity
    request = {
        "principal": 'Subject::"s"',
        "action": f'Action::"{question.action}"',
        "resource": f'{kind}::"r"',
        "context": orjson.loads(cedar.why(question.data_class, question.context)),
    }
    entities = orjson.loads(cedar.person(question.subject)) + orjson.loads(cedar.record(question.resource))
    return request, entities


def _decisions(scale: Scale, land: Country) -> Iterable[Figure]:
    text = _files()
    policies = load(text)
    whole = cedarpy.PolicySet.from_str("".join(text[name] for name in sorted(text) if name.endswith(POLICY_SUFFIX)))
    ours: list[float] = []
    plain: list[float] = []
    kept: list[float] = []
    explained: list[float] = []
    chance = Random(SEED)
    for number in range(RUNS + 1):
        say(f"access: decisions, run {number} of {RUNS}" if number else "access: decisions, warming up")
        decider = Decider(policies)
        questions = [_question(chance, land) for _ in range(QUESTIONS[scale])]
        given = [_plain(question) for question in questions]
        keep_for_good()  # as `markaz serve` does once it is up
        mine, theirs = Timed(decider.decide), Timed(lambda one: cedarpy.is_authorized(one[0], whole, one[1]))
        for at in range(0, len(questions), CHUNK):  # in turns: other work on the machine comes in bursts
            mine.ask(questions[at : at + CHUNK])
            theirs.ask(given[at : at + CHUNK])
        if [one.allowed for one in mine.answers] != [one.allowed for one in theirs.answers]:
            raise RuntimeError("the sliced decision and plain cedarpy disagree")
        again, why = Timed(decider.decide), Timed(decider.explain)
        again.ask(questions)
        why.ask([asked for asked, answer in zip(questions, mine.answers, strict=True) if not answer.allowed])
        if number:
            for timed, figures in ((mine, ours), (theirs, plain), (again, kept), (why, explained)):
                figures.append(timed.each_us)
    yield compared("access.decide_speedup", "us CPU", ours, plain, target=TARGET_DECIDE)
    yield alone("access.decide_kept", "us CPU", kept)
    yield alone("access.explain", "us CPU", explained)


class Timed:
    """Asks one question after the other, keeps the answers and the CPU time: nothing here waits for anything."""

    def __init__(self, ask: Callable[[Any], Any]) -> None:
        self._ask = ask
        self._took_s = 0.0
        self.answers: list[Any] = []

    def ask(self, questions: Sequence[Any]) -> None:
        """Ask each in turn."""
        began = time.process_time()
        answers = [self._ask(one) for one in questions]
        self._took_s += time.process_time() - began
        self.answers += answers

    @property
    def each_us(self) -> float:
        """Return the CPU time of one answer, in microseconds."""
        return self._took_s / len(self.answers) * 1e6


# --- a list ---

_COLUMNS = {
    "record": columns.record("i.id"),
    "is_open": columns.flag("i.status = 'open'"),
    "recorded_at": columns.moment("i.received_at"),
    "within": columns.territory("i.territory_id"),
    "workers": columns.membership("i.opened_by = ANY({values}) OR coalesce(i.owner_id = ANY({values}), false)"),
    "own": columns.nobody(),
    "colleagues": columns.nobody(),
    "shut_out": columns.membership(
        "EXISTS (SELECT FROM shut_out_accounts s WHERE s.incident_id = i.id AND s.account_id = ANY({values}))"
    ),
    "line": columns.nobody(),
}
_SELECT = (
    "SELECT i.id, i.number, i.status, i.category, i.priority, i.territory_id, i.lon, i.lat, i.received_at, i.closed_at, "
    "i.outcome, i.version FROM bench_incidents i"
)
_FILL = """
CREATE TABLE bench_incidents (LIKE incidents INCLUDING DEFAULTS INCLUDING INDEXES);
GRANT SELECT ON bench_incidents TO PUBLIC;
"""


async def _lists(scale: Scale, land: Country, database: BenchDatabase) -> list[Figure]:
    connection = await asyncpg.connect(database.access.owner_dsn)
    try:
        await connection.execute(_FILL)
        await _fill(connection, sorted(land.subtree(2)))
        await connection.execute("ANALYZE bench_incidents")
        region = await _list(scale, land, connection, 2)
        country = await _list(scale, land, connection, 1)
    finally:
        await connection.close()
    return [
        compared("access.list", "ms", *region, target=TARGET_LIST),
        compared("access.list_country", "ms", *country),
    ]


async def _fill(connection: asyncpg.Connection, territories: Sequence[int]) -> None:
    chance = Random(SEED)
    rows = []
    for number in range(ROWS):
        account = UUID(int=number % 50)
        codes = (str(number), "open", "theft", "2", "2", "phone")
        at = NOW - timedelta(seconds=number)
        rows.append((UUID(int=chance.getrandbits(128)), *codes, chance.choice(territories), at, account, account))
    names = "id number status category priority initial_priority channel territory_id received_at opened_by updated_by"
    await connection.copy_records_to_table("bench_incidents", columns=names.split(), records=rows)


async def _list(
    scale: Scale, land: Country, connection: asyncpg.Connection, top: int
) -> tuple[list[float], list[float]]:
    account = UUID(int=7)
    subject = Subject.of(Actor(account, "who", "Who", False, (Grant(Role.DISPATCHER, top),), 1), land)
    listing = Decider(packaged()).listing(RecordKind.INCIDENT, [Action.LOOK_UP], _COLUMNS)
    context = Context(NOW, replace(_purpose(account, top), recorded_to=NOW + timedelta(days=1)))
    ours: list[float] = []
    yardstick: list[float] = []
    for number in range(RUNS + 1):
        say(f"access: lists, run {number} of {RUNS}" if number else "access: lists, warming up")
        mine = plain = 0.0
        for _ in range(
            QUERIES[scale]
        ):  # one by one in turns: a query is short, and other work on the machine comes in bursts
            began = time.perf_counter()
            where = listing.where(subject, Action.LOOK_UP, DataClass.CALLER, context, land)
            rows = await connection.fetch(f"{_SELECT} WHERE {where.sql}", *where.parameters)
            middle = time.perf_counter()
            all_rows = await connection.fetch(_SELECT)
            mine, plain = mine + middle - began, plain + time.perf_counter() - middle
            if len(rows) != ROWS or len(all_rows) != ROWS:
                raise RuntimeError("both queries must return every row")
        if number:
            ours.append(mine / QUERIES[scale] * 1e3)
            yardstick.append(plain / QUERIES[scale] * 1e3)
    return ours, yardstick
