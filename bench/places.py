"""desk.places: finding a place by what is typed, among a million, beside what a database brings along.

Ours is the whole way of a search inside the server: the index in memory and the rows read from the database by id.
Yardsticks, on the same places and the same questions, asked one right after the other: PostgreSQL's pg_trgm (GIN index,
word similarity, best ten) and SQLite's FTS5 with its trigram tokenizer (any trigram of the question, best ten by bm25).
Both search the folded text of ours, so that script and apostrophes cost them no hit; they get folded questions. A hit
is the place meant, or one of the same names and number, among the first three.
"""

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import numpy as np
import orjson
import uvloop

from bench.cluster import BenchDatabase, bench_cluster
from bench.figures import Figure, alone, compared
from bench.gazetteer import Entry, entries, folded, question
from bench.settings import RUNS, Scale, say
from markaz.core.db.pool import Connection, Database
from markaz.core.places.fold import fold
from markaz.core.places.gazetteer import Gazetteer
from markaz.core.territories import TerritoryTree, ensure_root, load_tree

PLACES = {Scale.FULL: 1_000_000, Scale.SMALL: 20_000}
QUESTIONS = {Scale.FULL: 100, Scale.SMALL: 20}  # of one run; the yardsticks take up to a second for each
SEED = 102
TOP = 3
TAGS = ("uz-Latn", "uz-Cyrl", "ru")
TARGET_P99_MS = 100.0
# Below the default of 0.6 so that a word with one typing error still passes.
TRGM = "SELECT text FROM trgm WHERE $1 <% text ORDER BY $1 <<-> text LIMIT 10"
THRESHOLD = 0.5
FTS5 = "SELECT text FROM fts WHERE fts MATCH ? ORDER BY rank LIMIT 10"

Ask = Callable[[str], Awaitable[list[str]]]


@dataclass(frozen=True, slots=True)
class Answers:
    """What one system did with the questions of one run: 99th percentile, and the share of hits in percent."""

    p99_ms: float
    hits: float


def run(scale: Scale) -> Iterable[Figure]:
    """Measure and return the figures."""
    with bench_cluster() as cluster, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        yield from runner.run(_measure(scale, cluster.empty(), cluster.home / "places.sqlite"))


async def _measure(scale: Scale, database: BenchDatabase, sqlite: Path) -> list[Figure]:
    say(f"places: writing {PLACES[scale]:,} places three times")
    asked = await _fill(scale, database)
    pool, owner = (
        await Database.open(database.access.app_dsn, max_size=2),
        await asyncpg.connect(database.access.owner_dsn),
    )
    fts = _fts5(sqlite, scale)
    try:
        await owner.execute(f"SET pg_trgm.word_similarity_threshold = {THRESHOLD}")
        gazetteer = Gazetteer(pool, _tree_of(await _tree(pool)))
        began = time.perf_counter()
        await gazetteer.load()
        load_s = time.perf_counter() - began
        systems: dict[str, Ask] = {"ours": _ours(gazetteer), "trgm": _trgm(owner), "fts5": _fts5_ask(fts)}
        found: dict[str, list[Answers]] = {name: [] for name in systems}
        for number, questions in enumerate(asked):
            say(f"places: run {number} of {RUNS}" if number else "places: warming up")
            for name, ask in systems.items():
                answers = await _put(questions, ask)
                if number:
                    found[name].append(answers)
    finally:
        fts.close()
        await owner.close()
        await pool.close()
    return _figures(found, gazetteer.nbytes / 1e6, load_s)


def _figures(found: dict[str, list[Answers]], memory_mb: float, load_s: float) -> list[Figure]:
    p99 = {name: [answers.p99_ms for answers in runs] for name, runs in found.items()}
    hits = {name: [answers.hits for answers in runs] for name, runs in found.items()}
    return [
        alone("desk.places", "ms p99", p99["ours"], target=TARGET_P99_MS),
        compared("desk.places_pg_trgm", "ms p99", p99["ours"], p99["trgm"]),
        compared("desk.places_fts5", "ms p99", p99["ours"], p99["fts5"]),
        alone("desk.places_hits", "% in first 3", hits["ours"]),
        alone("desk.places_hits_pg_trgm", "% in first 3", hits["trgm"]),
        alone("desk.places_hits_fts5", "% in first 3", hits["fts5"]),
        alone("desk.places_memory", "MB", [memory_mb]),
        alone("desk.places_load", "s", [load_s]),
    ]


async def _put(questions: list[tuple[str, str]], ask: Ask) -> Answers:
    """Put questions one after the other; each comes with the text of the place meant."""
    took_ms, hits = [], 0
    for typed, meant in questions:
        began = time.perf_counter()
        texts = await ask(typed)
        took_ms.append((time.perf_counter() - began) * 1000)
        hits += meant in texts[:TOP]
    return Answers(float(np.percentile(took_ms, 99)), 100 * hits / len(questions))


async def _fill(scale: Scale, database: BenchDatabase) -> list[list[tuple[str, str]]]:
    """Write the places for ours and for pg_trgm; return the questions of each run, that of the warm-up first."""
    random, count, each = Random(SEED), PLACES[scale], QUESTIONS[scale]
    chosen = set(random.sample(range(count), each * (RUNS + 1)))
    questions: list[tuple[str, str]] = []

    def records() -> Iterator[tuple[Any, ...]]:
        for number, entry in enumerate(entries(count, SEED)):
            if number in chosen:
                questions.append((question(entry, random), entry.text))
            yield ("bench", str(number), entry.kind, _names(entry), entry.house, entry.lon, entry.lat)

    owner = await asyncpg.connect(database.access.owner_dsn)
    try:
        await ensure_root(owner)
        columns = ["source", "source_key", "kind", "names", "house", "lon", "lat"]
        await owner.copy_records_to_table("places", columns=columns, records=records())
        await owner.execute("CREATE EXTENSION pg_trgm; CREATE TABLE trgm (text text NOT NULL)")
        texts = ((entry.text,) for entry in entries(count, SEED))
        await owner.copy_records_to_table("trgm", columns=["text"], records=texts)
        await owner.execute("CREATE INDEX ON trgm USING gin (text gin_trgm_ops)")
        await owner.execute("VACUUM ANALYZE trgm")
        await owner.execute("VACUUM ANALYZE places")
    finally:
        await owner.close()
    random.shuffle(questions)
    return [questions[at : at + each] for at in range(0, len(questions), each)]


def _names(entry: Entry) -> str:
    return orjson.dumps(dict(zip(TAGS, entry.names, strict=True))).decode()


async def _tree(pool: Database) -> TerritoryTree:
    async with pool.connection() as connection:
        today = await connection.fetchval("SELECT current_date")
        return await load_tree(connection, today)


def _tree_of(tree: TerritoryTree) -> Callable[[], TerritoryTree]:
    return lambda: tree


def _ours(gazetteer: Gazetteer) -> Ask:
    async def ask(typed: str) -> list[str]:
        found = await gazetteer.find(typed, own=frozenset(), near=None, limit=10)
        return [folded([one.place.names[tag] for tag in TAGS], one.place.house) for one in found.places]

    return ask


def _trgm(connection: Connection) -> Ask:
    async def ask(typed: str) -> list[str]:
        return [row["text"] for row in await connection.fetch(TRGM, fold(typed))]

    return ask


def _fts5(path: Path, scale: Scale) -> sqlite3.Connection:
    connection = sqlite3.connect(path)
    connection.execute("CREATE VIRTUAL TABLE fts USING fts5(text, tokenize='trigram')")
    with connection:
        connection.executemany("INSERT INTO fts VALUES (?)", ((entry.text,) for entry in entries(PLACES[scale], SEED)))
        connection.execute("INSERT INTO fts (fts) VALUES ('optimize')")
    return connection


def _fts5_ask(connection: sqlite3.Connection) -> Ask:
    async def ask(typed: str) -> list[str]:
        text = fold(typed)
        trigrams = dict.fromkeys(text[at : at + 3] for at in range(max(len(text) - 2, 1)))
        any_of = " OR ".join(f'"{trigram}"' for trigram in trigrams)
        return [row[0] for row in connection.execute(FTS5, (any_of,))]

    return ask
