"""Reach: which rows a transaction may meet at all, whatever its query says. The second line behind the permissions.

The database's row policies (migration 0016) read it from settings that hold for one transaction only. It is set by the
edge once the actor is known, by the centre for its own work, and by commands; without any, covered tables are empty. It
decides nothing: who may do what stands in core.permissions, and this is derived from that.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass
from typing import Protocol

from markaz.core.permissions import Actor, Grant, Hierarchy, Permission, scope
from markaz.kit.ids import plain_id

# Whoever holds one of these in a territory works with its incidents and may meet their rows.
PLACES_BY = frozenset(
    {
        Permission.INCIDENT_READ,
        Permission.INTAKE,
        Permission.EMERGENCY_RAISE,
        Permission.SUMMARY_READ,
        Permission.FIGURES_READ,
        Permission.PERSON_ERASE,
    }
)
# Whoever holds one of these there may meet rows that name a person or lead to one.
PEOPLE_BY = frozenset({Permission.INCIDENT_READ_SEALED, Permission.INTAKE, Permission.PERSON_ERASE})
# Who reads entries of others in the audit, or judges looks. One's own are always in reach.
AUDIT_BY = frozenset(
    {
        Permission.AUDIT_READ,
        Permission.REVIEW_JUDGE,
        Permission.REVIEW_READ,
        Permission.GLASS_REVIEW,
        Permission.RIGHT_HANDLE,
        Permission.RIGHT_RENEW,
    }
)
# Who answers what persons ask about their own data.
RIGHTS_BY = frozenset({Permission.RIGHT_HANDLE, Permission.RIGHT_RENEW})
# Who works for incidents that the own unit is sent to, wherever these are.
CREW_BY = frozenset({Permission.FIELD_REPORT})

# Ids are given out one after another (core.territories.store), and a country has some 10,000 territories. One beyond this
# is in nobody's reach, so that no transaction begins with a setting larger than 32 KB.
TERRITORY_ID_MOST = 131_071
SYSTEM = "SET LOCAL markaz.reach = 'system';"
KEPT_MOST = 2_000  # different sets of grants remembered by one process; beyond it all are worked out again


@dataclass(frozen=True, slots=True)
class Reach:
    """`begin` is the SQL that puts it into a transaction; it is made here and nowhere else, of ids and flags only."""

    begin: str


class Settings(Protocol):
    """A connection inside a transaction."""

    async def execute(self, query: str) -> str:
        """Run a statement."""
        ...


_reach: ContextVar[Reach | None] = ContextVar("markaz_reach", default=None)


def current() -> Reach | None:
    """Return the reach of the work under way."""
    return _reach.get()


def enter(reach: Reach | None) -> Token[Reach | None]:
    """Give the rest of this task a reach. Meant for the edge and the start of a command; elsewhere use `within`."""
    return _reach.set(reach)


@contextmanager
def within(reach: Reach | None) -> Iterator[None]:
    """Run a block with this reach; None is that of nobody."""
    token = _reach.set(reach)
    try:
        yield
    finally:
        _reach.reset(token)


def system(why: str) -> Reach:
    """Return the reach of the centre's own work, which is everything. `why` names that work for the reader."""
    if not why:
        raise ValueError("say what work needs every row")
    return Reach(SYSTEM)


@asynccontextmanager
async def beyond(connection: Settings, why: str) -> AsyncIterator[None]:
    """Let one read in the midst of an actor's transaction meet every row. `why` names it for the reader.

    The service decides there what of it is shown. After an error the transaction is over, and the setting with it.
    """
    reach = current()
    await connection.execute(system(why).begin)
    yield
    await connection.execute("SET LOCAL markaz.reach = '';" if reach is None else reach.begin)


class Reaches:
    """Works out the reach of actors from their grants and the territories as they are now."""

    def __init__(self, hierarchy: Callable[[], Hierarchy]) -> None:
        self._hierarchy = hierarchy
        self._of: Hierarchy | None = None
        self._kept: dict[tuple[Grant, ...], str] = {}

    def of(self, actor: Actor) -> Reach:
        """Return the reach of one actor."""
        hierarchy = self._hierarchy()
        if hierarchy is not self._of or len(self._kept) >= KEPT_MOST:
            self._of, self._kept = hierarchy, {}
        kept = self._kept.get(actor.grants)
        if kept is None:
            kept = self._kept[actor.grants] = _settings(actor, hierarchy)
        return Reach(f"SET LOCAL markaz.reach = 'actor';SET LOCAL markaz.actor = '{plain_id(actor.id)}';{kept}")


def _settings(actor: Actor, hierarchy: Hierarchy) -> str:
    held = actor.permissions()
    values = {
        "places": bits(_territories(actor, PLACES_BY, hierarchy)),
        "people": bits(_territories(actor, PEOPLE_BY, hierarchy)),
        "audit": "on" if held & AUDIT_BY else "",
        "rights": "on" if held & RIGHTS_BY else "",
        "crew": "on" if held & CREW_BY else "",
    }
    return "".join(f"SET LOCAL markaz.{name} = '{value}';" for name, value in values.items())


def _territories(actor: Actor, permissions: Iterable[Permission], hierarchy: Hierarchy) -> frozenset[int]:
    return scope({root for permission in permissions for root in actor.roots(permission)}, hierarchy)


def bits(territories: Iterable[int]) -> str:
    """Return a set of territory ids in hexadecimal: bit n % 8 of byte n // 8, as PostgreSQL's get_bit counts."""
    there = [int(id_) for id_ in territories if 0 <= id_ <= TERRITORY_ID_MOST]
    packed = bytearray(max(there, default=-1) // 8 + 1)
    for id_ in there:
        packed[id_ // 8] |= 1 << id_ % 8
    return packed.hex()
