"""Recommending units: reads who is on duty and where, asks for travel times, and lets the domain put them in order.

A read: it writes nothing. What was shown is remembered in memory for a while, without positions, so that a later
sending can keep beside it what had been recommended.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil, floor
from typing import Any
from uuid import UUID

from markaz.contracts.incidents import UnitStatus
from markaz.core.dispatch_rules import DispatchRules
from markaz.core.errors import NotFound
from markaz.core.permissions import Actor, Permission, require, require_seen, territory_filter
from markaz.core.territories import TerritoryTree
from markaz.core.territories.model import Level
from markaz.core.territories.terrain import Terrain
from markaz.kit.clock import iso
from markaz.kit.geometry import Point, distance_m
from markaz.kit.ids import uuid7
from markaz.programmes.incidents import store as base
from markaz.programmes.incidents.acting import Spine
from markaz.programmes.incidents.dispatch import store
from markaz.programmes.incidents.dispatch.domain import Candidate, Choice, recommend
from markaz.programmes.incidents.dispatch.travel import Spot, Travelled, TravelTimes
from markaz.programmes.incidents.positions import STALE_AFTER_S, Fix, Positions

REMEMBERED = 2_000  # recommendations; at a desk's pace that is hours, and an unremembered one is only not kept
KEPT = 10  # recommended units kept with a decision
MINUTE_S = 60
_STATUSES = {status.value: status for status in UnitStatus}

JSON = dict[str, Any]
TerrainOf = Callable[[int], Terrain]


@dataclass(frozen=True, slots=True)
class Shown:
    """What one officer was shown for one incident: the first units with their reasons, no positions."""

    incident_id: UUID
    actor_id: UUID
    considered: int
    suggested: tuple[UUID, ...]
    kept: tuple[JSON, ...]


class Recommending:
    """The recommendations of one centre. `ranks` says how urgent a priority is, 0 most."""

    def __init__(
        self,
        spine: Spine,
        positions: Positions,
        travel: TravelTimes,
        rules: DispatchRules,
        ranks: dict[str, int],
        terrain_of: TerrainOf,
    ) -> None:
        self._spine = spine
        self._positions = positions
        self._travel = travel
        self._rules = rules
        self._ranks = ranks
        self._terrain_of = terrain_of
        self._shown: OrderedDict[UUID, Shown] = OrderedDict()

    async def close(self) -> None:
        """Let go of the road server, if there is one."""
        await self._travel.close()

    def shown(self, recommendation_id: UUID | None, incident_id: UUID, actor_id: UUID) -> Shown | None:
        """Return what this officer was shown for this incident; None when it is not remembered."""
        found = None if recommendation_id is None else self._shown.get(recommendation_id)
        return found if found is not None and (found.incident_id, found.actor_id) == (incident_id, actor_id) else None

    async def recommend(self, actor: Actor, incident_id: UUID, limit: int) -> JSON:
        """Return the first `limit` of all units on duty where this actor may send, the best first, with the reasons.

        Raises NotFound when the actor may not see the incident, Forbidden without the right to send units there.
        """
        tree = self._spine.territories()
        territories = territory_filter(actor, Permission.INCIDENT_DISPATCH, tree)
        # Two single reads, not one moment: it is advice, and a sending names the versions it saw.
        async with self._spine.database.connection() as connection:
            incident = await base.incident(connection, incident_id)
            if incident is None:
                raise NotFound("There is no such incident in your territory.", what="incident")
            require_seen(actor, Permission.INCIDENT_READ, incident["territory_id"], tree, "incident")
            require(actor, Permission.INCIDENT_DISPATCH, incident["territory_id"], tree)
            rows = await store.candidates(connection, territories)
        now = self._spine.clock.now()
        ground = _Ground(tree, self._rules)
        fixes = self._fixes(actor, tree, rows)
        travelled = await self._travelled(incident, rows, fixes, ground, now)
        candidates = [
            self._candidate(row, fixes.get(row["id"]), estimate, ground, now)
            for row, estimate in zip(rows, travelled.estimates, strict=True)
        ]
        rank = self._ranks.get(incident["priority"], len(self._ranks))
        need = self._rules.need(incident["category"])
        choices = recommend(incident_id, rank, need, self._rules.allowances, candidates)
        return {
            "id": str(self._remember(incident_id, actor.id, choices)),
            "at": iso(now),
            "of": len(choices),
            "travel_source": travelled.source.value,
            "travel_fallback": None if travelled.fallback is None else travelled.fallback.value,
            "from_territory": incident["lon"] is None,
            "items": [_item(choice, incident["lon"] is not None) for choice in choices[:limit]],
        }

    def _fixes(self, actor: Actor, tree: TerritoryTree, rows: Sequence[base.Record]) -> dict[UUID, Fix]:
        readable = frozenset(territory_filter(actor, Permission.POSITION_READ, tree))
        return self._positions.last_known(row["id"] for row in rows if row["territory_id"] in readable)

    async def _travelled(
        self,
        incident: base.Record,
        rows: Sequence[base.Record],
        fixes: dict[UUID, Fix],
        ground: "_Ground",
        now: datetime,
    ) -> Travelled:
        to = ground.incident(incident)
        origins = [
            None if to is None else ground.unit(row, fixes.get(row["id"]), now, self._rules.walking_kinds)
            for row in rows
        ]
        nowhere = to or Spot(Point(0.0, 0.0), 0.0)  # with it every origin is None and so is every estimate
        return await self._travel.times(origins, nowhere, self._terrain_of(incident["territory_id"]))

    def _candidate(
        self, row: base.Record, fix: Fix | None, estimate: Any, ground: "_Ground", now: datetime
    ) -> Candidate:
        age_s = None if fix is None else max(0.0, (now - fix.fix_at).total_seconds())
        other = row["other_priority"]
        return Candidate(
            unit_id=row["id"],
            call_sign=row["call_sign"],
            kind=row["kind"],
            status=_STATUSES[row["status"]],
            version=row["version"],
            skills=tuple(row["skills"]),
            crew_size=row["crew_size"],
            district_id=ground.district(row["territory_id"]),
            incident_id=row["incident_id"],
            other_rank=None if other is None else self._ranks.get(other, len(self._ranks)),
            position_age_s=age_s,
            is_stale=age_s is not None and age_s > STALE_AFTER_S,
            travel=estimate,
            is_in_danger=row["is_in_danger"],
        )

    def _remember(self, incident_id: UUID, actor_id: UUID, choices: Sequence[Choice]) -> UUID:
        id_ = uuid7()
        self._shown[id_] = Shown(
            incident_id,
            actor_id,
            len(choices),
            tuple(c.candidate.unit_id for c in choices[:KEPT] if c.is_suggested),
            tuple(_kept(choice) for choice in choices[:KEPT]),
        )
        if len(self._shown) > REMEMBERED:
            self._shown.popitem(last=False)
        return id_


class _Ground:
    """Where things are, with how unsure that is. A territory is looked up once per recommendation."""

    def __init__(self, tree: TerritoryTree, rules: DispatchRules) -> None:
        self._tree = tree
        self._rules = rules
        self._districts: dict[int, int] = {}
        self._middles: dict[int, Spot | None] = {}

    def district(self, territory_id: int) -> int:
        """Return the district around a territory, or the territory itself when it lies above the districts."""
        known = self._districts.get(territory_id)
        if known is None:
            path = self._tree.path(territory_id) if self._tree.current(territory_id) is not None else ()
            inside = [id_ for id_ in path if self._tree.get(id_).level.depth <= Level.DISTRICT.depth]
            known = self._districts[territory_id] = int(inside[-1]) if inside else territory_id
        return known

    def incident(self, row: base.Record) -> Spot | None:
        """Return where an incident is: its place, else the middle of its territory with that territory's reach."""
        if row["lon"] is None:
            return self._middle(row["territory_id"])
        return Spot(Point(row["lon"], row["lat"]), row["place_accuracy_m"] or 0.0)

    def unit(self, row: base.Record, fix: Fix | None, now: datetime, walking: frozenset[str]) -> Spot | None:
        """Return where a unit is: its last fix and how far it may have gone since, else the middle of its territory."""
        on_foot = row["kind"] in walking
        if fix is None:
            middle = self._middle(row["territory_id"])
            return None if middle is None else Spot(middle.point, middle.uncertainty_m, on_foot)
        age_s = max(0.0, (now - fix.fix_at).total_seconds())
        drift_m = min(age_s * self._rules.drift_mps, self._rules.drift_most_m)
        accuracy_m = self._rules.fix_m if fix.accuracy_m is None else fix.accuracy_m
        return Spot(fix.point, accuracy_m + drift_m, on_foot)

    def _middle(self, territory_id: int) -> Spot | None:
        if territory_id not in self._middles:
            box = self._tree.bbox(territory_id)
            self._middles[territory_id] = None
            if box is not None:
                west, south, east, north = box
                middle = Point((west + east) / 2, (south + north) / 2)
                self._middles[territory_id] = Spot(middle, distance_m(middle, Point(west, south)))
        return self._middles[territory_id]


def _item(choice: Choice, is_placed: bool) -> JSON:
    """Return a choice as the wire has it; a distance only where both ends are known."""
    one, travel = choice.candidate, choice.candidate.travel
    is_measured = is_placed and one.position_age_s is not None
    return {
        "unit_id": str(one.unit_id),
        "call_sign": one.call_sign,
        "kind": one.kind,
        "status": one.status.value,
        "version": one.version,
        "group": choice.group.value,
        "suggested": choice.is_suggested,
        "travel": None
        if travel is None
        else {
            "low_s": round(travel.low_s),
            "mid_s": round(travel.mid_s),
            "high_s": round(travel.high_s),
            "distance_m": round(travel.distance_m) if is_measured else None,
            "source": travel.source.value,
        },
        "counted_s": None if choice.counted_s is None else round(choice.counted_s),
        "position_age_s": None if one.position_age_s is None else round(one.position_age_s),
        "cover_left": choice.cover_left,
        "parts": choice.parts,
    }


def _kept(choice: Choice) -> JSON:
    """Return what is kept of a recommended unit: codes and whole minutes, never where it was or how far away."""
    travel = choice.candidate.travel
    return {
        "unit_id": str(choice.candidate.unit_id),
        "group": choice.group.value,
        "suggested": choice.is_suggested,
        "minutes": None if travel is None else [floor(travel.low_s / MINUTE_S), ceil(travel.high_s / MINUTE_S)],
        "parts": [part["code"] for part in choice.parts],
    }
