"""The routes of the gazetteer: search while typing, one place, and what is nearest to a point.

A gazetteer is public, so no territory is hidden; but only who takes calls asks. Questions are not logged.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response

from markaz.core.acts import Request
from markaz.core.errors import InvalidInput
from markaz.core.permissions import Permission, scope
from markaz.core.places.model import ACCURACY_M, CONFIDENCE_OF, Confidence, Matched
from markaz.core.places.store import StoredPlace
from markaz.core.routes import declares, reply
from markaz.core.territories import TerritoryTree
from markaz.kit.geometry import Point
from markaz.web.centre import Centre

P = Permission
MOST_HITS = 10
MAX_QUESTION = 200  # characters
COORDINATES = "coordinates"  # the kind of a hit that is no place of the gazetteer

Lon = Annotated[float | None, Query(ge=-180, le=180, allow_inf_nan=False)]
Lat = Annotated[float | None, Query(ge=-90, le=90, allow_inf_nan=False)]


def places_router(centre: Centre) -> APIRouter:
    """Return the routes of the gazetteer."""
    router = APIRouter(prefix="/api/places", tags=["places"])
    takes_calls = Depends(centre.guard.requires(P.INCIDENT_OPEN))

    @router.get("", openapi_extra=declares(P.INCIDENT_OPEN))
    async def find_places(
        request: Annotated[Request, takes_calls],
        q: Annotated[str, Query(max_length=MAX_QUESTION)],
        limit: Annotated[int, Query(ge=1, le=MOST_HITS)] = MOST_HITS,
        near_lon: Lon = None,
        near_lat: Lat = None,
    ) -> Response:
        """Return what fits a text, best first; near a point, or else in your own territories, before far away."""
        if (near_lon is None) != (near_lat is None):
            raise InvalidInput("Give both near_lon and near_lat, or neither.", field="near_lon")
        near = Point(near_lon, near_lat) if near_lon is not None and near_lat is not None else None
        tree = centre.tree
        own = scope(request.actor.roots(P.INCIDENT_OPEN), tree)
        found = await centre.gazetteer.find(q, own=own, near=near, limit=limit)
        items = [_coordinates(found.point, tree)] if found.point is not None else []
        items += [
            place_item(one.place, tree) | {"score": round(one.score, 3), "matched": one.matched.value}
            | (_street_only() if one.matched is Matched.STREET_ONLY else {})
            for one in found.places
        ]  # fmt: skip
        return reply(200, {"items": items[:limit]})

    @router.get("/nearest", openapi_extra=declares(P.INCIDENT_OPEN))
    async def nearest_place(
        _request: Annotated[Request, takes_calls],
        lon: Annotated[float, Query(ge=-180, le=180, allow_inf_nan=False)],
        lat: Annotated[float, Query(ge=-90, le=90, allow_inf_nan=False)],
    ) -> Response:
        """Return the nearest street, landmark or neighbourhood, never a house number, and the territory of the point."""
        point = Point(lon, lat)
        found = await centre.gazetteer.nearest(point)
        item = None
        if found is not None:
            item = place_item(found.place, centre.tree) | {"distance_m": round(found.distance_m)}
        return reply(200, {"item": item, "territory_id": centre.tree.locate(point)})

    @router.get("/{place_id:int}", openapi_extra=declares(P.INCIDENT_OPEN))
    async def one_place(
        _request: Annotated[Request, takes_calls], place_id: Annotated[int, Path(ge=1, le=2**62)]
    ) -> Response:
        """Return one place, also one that is no longer searched: a record may still name it."""
        return reply(200, place_item(await centre.gazetteer.get(place_id), centre.tree))

    return router


def place_item(place: StoredPlace, tree: TerritoryTree) -> dict[str, Any]:
    """Return a place as the wire has it. `label` is public; with `house` it is an address and belongs sealed."""
    territory_id = tree.current(place.territory_id) if place.territory_id is not None else None
    return {
        "id": place.id,
        "kind": place.kind.value,
        "label": dict(place.names),
        "house": place.house,
        "detail": list(tree.path(territory_id)) if territory_id is not None else [],
        "place": _place(place.point),
        "territory_id": territory_id,
    } | _sure(CONFIDENCE_OF[place.kind])


def _coordinates(point: Point, tree: TerritoryTree) -> dict[str, Any]:
    territory_id = tree.locate(point)
    label: Mapping[str, str] = {}
    return {
        "id": None,
        "kind": COORDINATES,
        "label": label,
        "house": None,
        "detail": list(tree.path(territory_id)) if territory_id is not None else [],
        "place": _place(point),
        "territory_id": territory_id,
        "score": 1.0,
        "matched": Matched.COORDINATES.value,
    } | _sure(Confidence.EXACT)


def _street_only() -> dict[str, Any]:
    return _sure(Confidence.STREET)


def _sure(confidence: Confidence) -> dict[str, Any]:
    return {"confidence": confidence.value, "accuracy_m": ACCURACY_M[confidence]}


def _place(point: Point) -> dict[str, float]:
    return {"lon": point.lon_deg, "lat": point.lat_deg}
