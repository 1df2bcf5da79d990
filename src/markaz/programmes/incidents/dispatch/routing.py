"""Road travel times from the operator's own OSRM or Valhalla server, behind the same port as the straight line.

Positions go to the one configured address only: redirects are not followed and no proxy of the environment is used.
The nearest units by straight line get road times, the rest keep the straight line; when the server is slow, away or
answers something else, all keep it and the answer says so.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

import httpx
import orjson

from markaz.core.dispatch_rules import DispatchRules
from markaz.kit.geometry import Point
from markaz.programmes.incidents.dispatch.travel import (
    Estimate,
    Fallback,
    Source,
    Spot,
    StraightLine,
    Travelled,
    TravelTimes,
    drive_s,
)

TIMEOUT_S = 0.3  # an officer waits for the list; the straight line is there at once
NEAREST = 80  # OSRM refuses more than 100 coordinates in one table by default (--max-table-size)
ANSWER_BYTES = 1_000_000  # a table of 80 is some kilobytes; more is not from a router, and is not read to its end


class RouterError(Exception):
    """The server answered, but not with travel times."""


class Router(Protocol):
    """One kind of road server."""

    async def seconds(self, client: httpx.AsyncClient, origins: Sequence[Point], to: Point) -> list[float | None]:
        """Return the seconds from each origin, None where there is no road. Raises RouterError or httpx.HTTPError."""
        ...


class Osrm:
    """OSRM's table service, HTTP API v1: `/table/v1/driving/...?sources=...&destinations=0` (project-osrm.org)."""

    async def seconds(self, client: httpx.AsyncClient, origins: Sequence[Point], to: Point) -> list[float | None]:
        """Ask for one column of the table: every origin to the destination, which stands first."""
        coordinates = ";".join(f"{p.lon_deg:.6f},{p.lat_deg:.6f}" for p in (to, *origins))
        sources = ";".join(str(number) for number in range(1, len(origins) + 1))
        query = {"sources": sources, "destinations": "0", "annotations": "duration"}
        body = await _ask(client, "GET", f"table/v1/driving/{coordinates}", params=query)
        if body.get("code") != "Ok":
            raise RouterError(str(body.get("code"))[:40])
        return _column(body.get("durations"), len(origins), lambda row: row[0])


class Valhalla:
    """Valhalla's matrix service: `/sources_to_targets` with costing `auto` (valhalla.github.io)."""

    async def seconds(self, client: httpx.AsyncClient, origins: Sequence[Point], to: Point) -> list[float | None]:
        """Ask for many sources and one target."""
        asked = {
            "sources": [_lat_lon(point) for point in origins],
            "targets": [_lat_lon(to)],
            "costing": "auto",
        }
        body = await _ask(client, "POST", "sources_to_targets", json=asked)
        return _column(body.get("sources_to_targets"), len(origins), lambda row: row[0]["time"])


ROUTERS: dict[str, Router] = {"osrm": Osrm(), "valhalla": Valhalla()}


class RoadTimes:
    """The port on a road server, with the straight line below it."""

    def __init__(self, rules: DispatchRules, router: Router, base_url: str, timeout_s: float = TIMEOUT_S) -> None:
        self._rules = rules
        self._straight = StraightLine(rules)
        self._router = router
        self._timeout_s = timeout_s
        self._client = httpx.AsyncClient(
            base_url=base_url.rstrip("/") + "/",
            timeout=timeout_s,
            follow_redirects=False,
            trust_env=False,
            # Bytes are counted as they come, so nothing packed is asked for or taken.
            headers={"Accept-Encoding": "identity"},
            limits=httpx.Limits(max_connections=4),
        )

    async def times(self, origins: Sequence[Spot | None], to: Spot, terrain: str) -> Travelled:
        """Return road times for the nearest origins that drive, straight lines for the rest."""
        straight = (await self._straight.times(origins, to, terrain)).estimates
        asked = self._nearest(origins, straight)
        if not asked:
            return Travelled(straight, Source.STRAIGHT_LINE)
        points = [origin.point for index in asked if (origin := origins[index]) is not None]
        try:
            async with asyncio.timeout(self._timeout_s):
                seconds = await self._router.seconds(self._client, points, to.point)
        except (TimeoutError, httpx.TimeoutException):
            return Travelled(straight, Source.STRAIGHT_LINE, Fallback.TIMEOUT)
        except httpx.HTTPError:
            return Travelled(straight, Source.STRAIGHT_LINE, Fallback.UNREACHABLE)
        except RouterError:
            return Travelled(straight, Source.STRAIGHT_LINE, Fallback.REFUSED)
        for index, road_s in zip(asked, seconds, strict=True):
            origin, line = origins[index], straight[index]
            if road_s is not None and origin is not None and line is not None:
                straight[index] = self._on_road(road_s, line, origin, to, terrain)
        return Travelled(straight, Source.ROAD)

    async def close(self) -> None:
        """Close the connections to the server."""
        await self._client.aclose()

    def _nearest(self, origins: Sequence[Spot | None], straight: Sequence[Estimate | None]) -> list[int]:
        driving = [
            (estimate.distance_m, index)
            for index, estimate in enumerate(straight)
            if estimate is not None and (origin := origins[index]) is not None and not origin.on_foot
        ]
        return [index for _, index in sorted(driving)[:NEAREST]]

    def _on_road(self, road_s: float, line: Estimate, origin: Spot, to: Spot, terrain: str) -> Estimate:
        pace = self._straight.pace(origin, terrain)
        unsure_s = drive_s((origin.uncertainty_m + to.uncertainty_m) * pace.detour, pace)
        low, high = self._rules.spread[Source.ROAD]
        return Estimate(
            max(0.0, low * road_s - unsure_s), road_s, high * road_s + unsure_s, line.distance_m, Source.ROAD
        )


def travel_times(rules: DispatchRules, routing_url: str | None) -> TravelTimes:
    """Return the port that the setting asks for: `osrm+http://...`, `valhalla+http://...`, or None for straight lines."""
    if routing_url is None:
        return StraightLine(rules)
    kind, _, address = routing_url.partition("+")
    return RoadTimes(rules, ROUTERS[kind], address)


def _lat_lon(point: Point) -> dict[str, float]:
    return {"lat": round(point.lat_deg, 6), "lon": round(point.lon_deg, 6)}


async def _ask(client: httpx.AsyncClient, method: str, path: str, **asked: Any) -> dict[str, Any]:
    read = bytearray()
    async with client.stream(method, path, **asked) as response:
        if response.status_code != 200 or "content-encoding" in response.headers:
            raise RouterError(str(response.status_code))
        async for part in response.aiter_bytes():
            read += part
            if len(read) > ANSWER_BYTES:
                raise RouterError("more than a table")
    try:
        body = orjson.loads(bytes(read))
    except orjson.JSONDecodeError as error:
        raise RouterError("no JSON") from error
    if not isinstance(body, dict):
        raise RouterError("not an object")
    return body


def _column(rows: Any, count: int, pick: Any) -> list[float | None]:
    if not isinstance(rows, list) or len(rows) != count:
        raise RouterError("another number of rows")
    try:
        return [_seconds(pick(row)) for row in rows]
    except (KeyError, IndexError, TypeError) as error:
        raise RouterError("not a table of times") from error


def _seconds(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e7:
        raise RouterError("not a time")
    return float(value)
