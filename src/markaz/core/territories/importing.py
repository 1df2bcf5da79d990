"""Brings boundaries from GeoJSON into the hierarchy: new territories, new versions of changed ones, corrected names.

One import is one level of one file in one transaction, held by the caller: all of it or nothing. History stays: a
changed boundary or parent closes the old version and adds a new one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from uuid import UUID

import orjson
import shapely
from shapely.geometry.base import BaseGeometry

from markaz.core import events
from markaz.core.db.pool import Connection
from markaz.core.errors import InvalidInput
from markaz.core.refusals.guard import Kind, load_lists, refused_by
from markaz.core.territories import store
from markaz.core.territories.geojson import Feature
from markaz.core.territories.model import LANGUAGES, Level, Territory
from markaz.core.territories.tree import TerritoryTree
from markaz.kit.geometry import Point
from markaz.kit.ids import TerritoryId, uuid7

IMPORTED = "territory.imported/1"

# Where a name is looked for when the caller names no property; the first that is filled counts.
NAME_PROPERTIES: Mapping[str, tuple[str, ...]] = {
    "uz-Latn": ("name_uz", "name_uz_latn"),
    "uz-Cyrl": ("name_uz_cyrl",),
    "ru": ("name_ru",),
    "en": ("name_en", "name"),
}


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How to read a file: its level, from which day its boundaries stand, and which property holds what.

    `name_properties` maps a language to a property and replaces the usual places for that language. Without
    `parent_property` the parent is found from the map: the deepest shallower territory around the feature.
    """

    level: Level
    valid_from: date
    code_property: str = "code"
    parent_property: str | None = None
    name_properties: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.level is Level.COUNTRY:
            raise InvalidInput("The root stands already: import regions, districts or neighbourhoods.", field="level")
        unknown = set(self.name_properties) - set(LANGUAGES)
        if unknown:
            raise InvalidInput(
                f"Names are in {', '.join(LANGUAGES)}, not in {', '.join(sorted(unknown))}.", field="name"
            )
        for name in self.read():
            refusal = refused_by(Kind.IMPORT, name, load_lists())
            if refusal is not None:
                raise InvalidInput(f"The property {name[:80]!r} is not read. {refusal.says}", field="name")

    def read(self) -> frozenset[str]:
        """Return every property that is read; the rest of a feature is dropped."""
        usual = (NAME_PROPERTIES[language] for language in LANGUAGES if language not in self.name_properties)
        own = (self.code_property, self.parent_property, *self.name_properties.values())
        return frozenset(name for name in own if name is not None).union(*usual)


@dataclass(frozen=True, slots=True)
class Counts:
    """What an import did, in territories."""

    added: int
    changed: int = 0
    renamed: int = 0
    unchanged: int = 0


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did and the number of its event."""

    counts: Counts
    seq: int


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What one feature says a territory is."""

    feature: int
    code: str
    parent_id: TerritoryId
    names: Mapping[str, str]
    geometry: BaseGeometry


@dataclass(slots=True)
class _Work:
    """Rows to write, gathered before anything is written."""

    close: list[tuple[int, date]] = field(default_factory=list)
    insert: list[_Wanted] = field(default_factory=list)
    update: list[tuple[TerritoryId, _Wanted]] = field(default_factory=list)
    added: int = 0
    changed: int = 0
    renamed: int = 0
    unchanged: int = 0


async def import_boundaries(
    connection: Connection,
    features: Iterable[Feature],
    options: ImportOptions,
    *,
    actor_id: UUID,
    at: datetime,
    request_id: str | None = None,
) -> ImportResult:
    """Upsert `features` by code and day inside the caller's transaction; commit right after.

    Raises InvalidInput, naming feature and field, when anything in the file or its place in the hierarchy is wrong.
    """
    # Ids are given out as max + 1, so two imports go one after the other.
    await connection.execute("SELECT pg_advisory_xact_lock(hashtext('markaz.territories'))")
    root_id = await store.ensure_root(connection)
    tree = await store.load_tree(connection, options.valid_from)
    versions = await store.latest_versions(connection)
    work = _Work()
    seen: set[str] = set()
    for feature in features:
        wanted = _read(feature, options, tree)
        if wanted.code in seen:
            feature.refuse(options.code_property, f"{wanted.code!r} stands twice in the file")
        seen.add(wanted.code)
        _compare(work, wanted, versions.get(wanted.code), options, tree)
    if not seen:
        raise InvalidInput("The file holds no feature.", field="features")
    await _write(connection, work, options)
    counts = Counts(work.added, work.changed, work.renamed, work.unchanged)
    event = imported_event(options.level, options.valid_from, counts, root_id, actor_id, at, request_id)
    return ImportResult(counts, await events.append(connection, [event]))


def imported_event(
    level: Level,
    valid_from: date,
    counts: Counts,
    root_id: int,
    actor_id: UUID,
    at: datetime,
    request_id: str | None = None,
) -> events.Event:
    """Return the event of one import of one level; a running centre reads its territories again when it sees it."""
    return events.Event(
        type=IMPORTED,
        aggregate_id=uuid7(),
        territory_id=root_id,
        actor_id=actor_id,
        occurred_at=at,
        occurred_source="import",
        payload={"level": level.value, "valid_from": valid_from.isoformat(), **asdict(counts)},
        request_id=request_id,
    )


def _read(feature: Feature, options: ImportOptions, tree: TerritoryTree) -> _Wanted:
    code = feature.text(options.code_property)
    if code is None:
        feature.refuse(options.code_property, "is missing: it is the code by which the territory is known")
    names: dict[str, str] = {}
    for language in LANGUAGES:
        own = options.name_properties.get(language)
        for property_ in (own,) if own else NAME_PROPERTIES[language]:
            if name := feature.text(property_):
                names[language] = name
                break
    if not names:
        feature.refuse("name", "no property with a name: say which one holds it")
    return _Wanted(feature.number, code, _parent(feature, options, tree), names, feature.geometry)


def _parent(feature: Feature, options: ImportOptions, tree: TerritoryTree) -> TerritoryId:
    root_id = tree.root_id
    assert root_id is not None  # ensured by the caller
    if options.level is Level.REGION:
        return root_id
    if options.parent_property is not None:
        code = feature.text(options.parent_property)
        if code is None:
            feature.refuse(options.parent_property, "is missing: it is the code of the territory around this one")
        parent_id = tree.find(code)
        if parent_id is None:
            feature.refuse(options.parent_property, f"no territory {code!r} stands on {options.valid_from}")
        if tree.get(parent_id).level.depth >= options.level.depth:
            feature.refuse(options.parent_property, f"{code!r} is not of a level above {options.level}")
        return parent_id
    # A point that is surely inside, which a centroid is not; neighbours' edges never match to the last digit.
    inside = shapely.point_on_surface(feature.geometry)
    found = tree.locate(Point(inside.x, inside.y), above=options.level)
    if found is None and any(tree.geometry(t.id) for t in tree if t.level.depth < options.level.depth):
        why = "lies in no territory of a level above: import that first, or name the parent property"
        feature.refuse("geometry", why)
    # Nothing above has a boundary: a city of neighbourhoods directly under its centre.
    return found if found is not None else root_id


def _compare(
    work: _Work, wanted: _Wanted, latest: Territory | None, options: ImportOptions, tree: TerritoryTree
) -> None:
    """Decide what to do about one feature."""
    if latest is None or (latest.valid_to is not None and latest.valid_to <= options.valid_from):
        work.insert.append(wanted)
        work.added += 1
        return
    _refuse_conflict(wanted, latest, options)
    parent_id = tree.parent(latest.id)
    geometry = tree.geometry(latest.id)
    moved = parent_id != wanted.parent_id or geometry is None or not _same_area(geometry, wanted.geometry)
    if moved and latest.valid_from < options.valid_from:
        work.close.append((latest.id, options.valid_from))
        work.insert.append(wanted)
        work.changed += 1
    elif moved:
        work.update.append((latest.id, wanted))
        work.changed += 1
    elif dict(latest.names) != dict(wanted.names):
        # A corrected spelling is not a new territory: records keep pointing to the same version.
        work.update.append((latest.id, wanted))
        work.renamed += 1
    else:
        work.unchanged += 1


def _refuse_conflict(wanted: _Wanted, latest: Territory, options: ImportOptions) -> None:
    why = None
    if latest.level is not options.level:
        why = f"{wanted.code!r} is known as {latest.level}, not as {options.level}"
    elif latest.valid_from > options.valid_from:
        why = f"{wanted.code!r} has a version from {latest.valid_from}, after {options.valid_from}"
    elif latest.valid_to is not None:
        why = f"{wanted.code!r} ends on {latest.valid_to}, after {options.valid_from}"
    if why is not None:
        raise InvalidInput(
            f"Feature {wanted.feature}, {options.code_property}: {why}.",
            feature=wanted.feature,
            field=options.code_property,
        )


def _same_area(old: BaseGeometry, new: BaseGeometry) -> bool:
    """Say whether two areas have the same corners, wherever their rings begin and whichever way they run."""
    return bool(shapely.equals_exact(shapely.normalize(old), shapely.normalize(new), tolerance=0.0))


async def _write(connection: Connection, work: _Work, options: ImportOptions) -> None:
    await connection.executemany("UPDATE territories SET valid_to = $2 WHERE id = $1", work.close)
    await connection.executemany(
        "UPDATE territories SET parent_id = $2, names = $3::text::jsonb WHERE id = $1",
        [(id_, wanted.parent_id, orjson.dumps(wanted.names).decode()) for id_, wanted in work.update],
    )
    first_id = await store.next_id(connection)
    fresh = [(TerritoryId(first_id + index), wanted) for index, wanted in enumerate(work.insert)]
    await store.insert_territories(
        connection,
        [
            Territory(id_, wanted.code, wanted.parent_id, options.level, wanted.names, options.valid_from)
            for id_, wanted in fresh
        ],
    )
    await store.put_boundaries(connection, [(id_, wanted.geometry) for id_, wanted in fresh + work.update])
