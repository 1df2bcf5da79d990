"""Brings a gazetteer file into the centre: idempotent by source and key, in batches, a broken row never stops the rest.

One import is one transaction: while it runs, searches go on in the old gazetteer, and one that is cut off leaves
nothing. It does not delete: a place that is missing in a newer file stays until its source is removed.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from uuid import UUID

from markaz.core import events
from markaz.core.db.pool import Connection
from markaz.core.errors import InvalidInput, NotFound
from markaz.core.places import store
from markaz.core.places.checking import Reading, place_of
from markaz.core.places.model import NewPlace
from markaz.core.places.reading import Broken, RawRow
from markaz.core.territories.store import ensure_root, load_tree
from markaz.core.territories.tree import TerritoryTree
from markaz.kit.ids import uuid7

IMPORTED = "places.imported/1"
REMOVED = "places.removed/1"
BATCH = 5_000
# More than this share broken means that the file is read wrongly (columns, decimal commas, projection), not that a
# few rows are bad; then nothing of it is taken.
MOST_BROKEN_SHARE = 0.25

_SOURCE = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Counts:
    """What an import did, in places; `broken` in rows."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    broken: int = 0


@dataclass(frozen=True, slots=True)
class Import:
    """What an import did and the number of its event."""

    counts: Counts
    seq: int


def checked_source(name: str) -> str:
    """Return the name of a source. Raises InvalidInput unless it is a code: it stands in events and never has blanks."""
    if not _SOURCE.fullmatch(name):
        raise InvalidInput(
            f"{name[:80]!a} cannot name a source: use up to 64 small letters, digits, '.', '_' and '-', as in "
            "--source streets-2026.",
            field="source",
        )
    return name


async def import_places(
    connection: Connection,
    rows: Iterable[RawRow | Broken],
    source: str,
    reading: Reading,
    *,
    actor_id: UUID,
    at: datetime,
    report: Callable[[Broken], None] = lambda _broken: None,
) -> Import:
    """Take what can be taken inside the caller's transaction; commit right after. Each broken row is reported.

    Raises InvalidInput when nothing could be taken or more than MOST_BROKEN_SHARE of the rows are broken.
    """
    source = checked_source(source)
    await store.lock(connection)
    root_id = await ensure_root(connection)
    tree = await load_tree(connection, at.date())
    added = changed = taken = broken = 0

    def note(one: Broken) -> None:
        nonlocal broken
        broken += 1
        report(one)

    sound = _sound(rows, reading, note)
    while batch := list(islice(sound, BATCH)):
        new, other = await store.take(connection, source, _located(batch, tree))
        added, changed, taken = added + new, changed + other, taken + len(batch)
    await store.clear_incoming(connection)
    if not taken:
        raise InvalidInput(f"Nothing could be taken: {broken} rows, all of them broken.", field="file", broken=broken)
    if broken > MOST_BROKEN_SHARE * (taken + broken):
        raise InvalidInput(
            f"{broken} of {taken + broken} rows are broken, more than {MOST_BROKEN_SHARE:.0%}: the file is probably read "
            "wrongly, so nothing of it was taken. See the rows named above.",
            field="file",
            broken=broken,
        )
    counts = Counts(added, changed, taken - added - changed, broken)
    event = _event(IMPORTED, {"source": source, **asdict(counts)}, root_id, actor_id, at)
    return Import(counts, await events.append(connection, [event]))


async def remove_source(connection: Connection, source: str, *, actor_id: UUID, at: datetime) -> int:
    """Take a source out of the search inside the caller's transaction; return how many places that were.

    Raises NotFound when no place of it is searched.
    """
    await store.lock(connection)
    removed = await store.remove(connection, checked_source(source))
    if not removed:
        raise NotFound(f"There is no place from {source}.", what="source")
    root_id = await ensure_root(connection)
    event = _event(REMOVED, {"source": source, "removed": removed}, root_id, actor_id, at)
    await events.append(connection, [event])
    return removed


def _sound(rows: Iterable[RawRow | Broken], reading: Reading, note: Callable[[Broken], None]) -> Iterator[NewPlace]:
    """Yield the places of sound rows; a key that stands twice counts once, the first time."""
    # Hashes, not the keys: a million of them take 60 MB less. Two keys of one hash come about once in 30,000 such files.
    seen: set[int] = set()
    for row in rows:
        place = row if isinstance(row, Broken) else place_of(row, reading)
        if isinstance(place, NewPlace):
            if hash(place.key) in seen:
                assert isinstance(row, RawRow)
                place = Broken(row.number, "key", "stands twice in the file; the first one counts")
            else:
                seen.add(hash(place.key))
        if isinstance(place, Broken):
            note(place)
        else:
            yield place


def _located(places: list[NewPlace], tree: TerritoryTree) -> list[tuple[NewPlace, int | None]]:
    return list(zip(places, tree.locate_all([place.point for place in places]), strict=True))


def _event(type_: str, payload: dict[str, str | int], root_id: int, actor_id: UUID, at: datetime) -> events.Event:
    return events.Event(
        type=type_,
        aggregate_id=uuid7(),
        territory_id=root_id,
        actor_id=actor_id,
        occurred_at=at,
        occurred_source="import",
        payload=payload,
    )
