"""Travel times: the straight line, and road servers that answer, lag, lie or lead elsewhere."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from markaz.core.dispatch_rules import load_dispatch_rules
from markaz.core.settings import Settings
from markaz.core.territories.terrain import Terrain
from markaz.kit.geometry import Point
from markaz.programmes.incidents.dispatch import routing
from markaz.programmes.incidents.dispatch.routing import ROUTERS, RoadTimes, travel_times
from markaz.programmes.incidents.dispatch.travel import Estimate, Fallback, Source, Spot, StraightLine, drive_s

RULES = load_dispatch_rules()
TO = Spot(Point(69.24, 41.31), 0.0)
NEAR, FAR = Spot(Point(69.25, 41.31), 30.0), Spot(Point(69.60, 41.31), 30.0)


def line(origin: Spot, to: Spot = TO, terrain: Terrain = Terrain.URBAN) -> Estimate:
    estimate = StraightLine(RULES).estimate(origin, to, terrain)
    assert estimate is not None
    return estimate


def test_a_drive_is_continuous_where_speeding_up_ends_and_never_shorter_for_a_longer_way() -> None:
    for pace in (*RULES.terrains.values(), RULES.walking):
        bend_m = pace.cruising_mps**2 / pace.acceleration_mps2
        assert drive_s(bend_m, pace) == pytest.approx(drive_s(bend_m + 1e-6, pace), rel=1e-6)
        ways = [drive_s(way_m, pace) for way_m in range(0, 20_000, 50)]
        assert ways == sorted(ways)
        assert ways[0] == 0


def test_city_minutes_are_of_a_citys_order() -> None:
    estimate = line(Spot(Point(69.24 + 3 / 83.6, 41.31), 0.0))  # about 3 km east
    assert estimate.distance_m == pytest.approx(3_000, rel=0.01)
    assert 5 * 60 < estimate.mid_s < 8 * 60


def test_the_span_grows_with_what_is_unsure_and_holds_the_middle() -> None:
    sure, unsure = line(NEAR), line(Spot(NEAR.point, 2_000.0))
    assert unsure.low_s < sure.low_s < sure.mid_s < sure.high_s < unsure.high_s
    assert unsure.low_s == 0.0
    assert line(Spot(TO.point, 2_000.0)).mid_s > line(Spot(TO.point, 30.0)).mid_s > 0  # never at the door by guess
    rough = line(NEAR, Spot(TO.point, 500.0))
    assert rough.high_s > sure.high_s


def test_mountains_are_slower_than_towns_and_feet_than_wheels() -> None:
    assert line(FAR, terrain=Terrain.MOUNTAIN).mid_s > line(FAR).mid_s > line(FAR, terrain=Terrain.RURAL).mid_s
    assert line(Spot(NEAR.point, 30.0, on_foot=True)).mid_s > line(NEAR).mid_s


async def test_an_unknown_origin_has_no_estimate() -> None:
    travelled = await StraightLine(RULES).times([None, NEAR], TO, Terrain.URBAN)
    assert travelled.estimates[0] is None
    assert travelled.estimates[1] is not None


Answer = Callable[[httpx.Request], httpx.Response]


def road(kind: str, answer: Answer | Any, timeout_s: float = 0.3) -> RoadTimes:
    times = RoadTimes(RULES, ROUTERS[kind], "http://127.0.0.1:5000/base/", timeout_s)
    times._client = httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url=times._client.base_url)
    return times


async def test_osrm_is_asked_for_one_column_of_its_table() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"code": "Ok", "durations": [[240.5], [None]]})

    travelled = await road("osrm", answer).times([NEAR, FAR, None], TO, Terrain.URBAN)
    assert seen[0].url.path == "/base/table/v1/driving/69.240000,41.310000;69.250000,41.310000;69.600000,41.310000"
    assert dict(seen[0].url.params) == {"sources": "1;2", "destinations": "0", "annotations": "duration"}
    near, far, lost = travelled.estimates
    assert near is not None
    assert far is not None
    assert lost is None
    assert (near.mid_s, near.source) == (240.5, Source.ROAD)
    assert near.low_s < near.mid_s < near.high_s
    assert far == line(FAR)  # no road was found: the straight line stays
    assert (travelled.source, travelled.fallback) == (Source.ROAD, None)


async def test_valhalla_is_asked_for_many_sources_and_one_target() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        row = {"distance": 1.2, "time": 200, "to_index": 0, "from_index": 0}
        return httpx.Response(200, json={"sources_to_targets": [[row], [row | {"time": None}]], "units": "kilometers"})

    travelled = await road("valhalla", answer).times([NEAR, FAR], TO, Terrain.URBAN)
    assert seen[0].url.path == "/base/sources_to_targets"
    assert b'"costing":"auto"' in seen[0].content.replace(b" ", b"")
    assert [e and e.source for e in travelled.estimates] == [Source.ROAD, Source.STRAIGHT_LINE]


@pytest.mark.parametrize("kind", ["osrm", "valhalla"])
@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(500),
        httpx.Response(302, headers={"location": "http://198.51.100.1/steal"}),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={"code": "NoTable"}),
        httpx.Response(200, json={"code": "Ok", "durations": [[1]], "sources_to_targets": [[{"time": 1}]]}),
        httpx.Response(200, json={"code": "Ok", "durations": [["1"], [2]], "sources_to_targets": [[{}], [{}]]}),
        httpx.Response(
            200, json={"code": "Ok", "durations": [[-1], [2]], "sources_to_targets": [[{"time": True}], []]}
        ),
    ],
    ids=["500", "redirect", "html", "list", "refusal", "short", "words", "negative"],
)
async def test_an_answer_that_holds_no_times_falls_back_and_says_so(kind: str, response: httpx.Response) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(response.status_code, headers=dict(response.headers), content=response.content)

    travelled = await road(kind, answer).times([NEAR, FAR], TO, Terrain.URBAN)
    assert travelled.estimates == [line(NEAR), line(FAR)]
    assert (travelled.source, travelled.fallback) == (Source.STRAIGHT_LINE, Fallback.REFUSED)
    assert asked == ["127.0.0.1"]  # a redirect leads no position elsewhere


async def test_a_server_that_lags_or_is_away_costs_no_more_than_the_patience() -> None:
    async def lag(_request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(30)
        return httpx.Response(200)

    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    slow = await road("osrm", lag, 0.01).times([NEAR], TO, Terrain.URBAN)
    assert (slow.fallback, slow.estimates) == (Fallback.TIMEOUT, [line(NEAR)])
    gone = await road("osrm", away).times([NEAR], TO, Terrain.URBAN)
    assert (gone.fallback, gone.estimates) == (Fallback.UNREACHABLE, [line(NEAR)])


async def test_an_endless_answer_is_left_at_its_bound() -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 100_000
            yield b" " * 100_000

    travelled = await road("osrm", lambda _request: httpx.Response(200, content=endless()), 30).times(
        [NEAR], TO, Terrain.URBAN
    )
    assert (travelled.fallback, travelled.estimates) == (Fallback.REFUSED, [line(NEAR)])
    assert sent <= routing.ANSWER_BYTES + 100_000


async def test_a_packed_answer_is_not_unpacked() -> None:
    packed = httpx.Response(200, headers={"content-encoding": "gzip"}, content=gzip.compress(b" " * 2_000_000))
    travelled = await road("osrm", lambda _request: packed, 30).times([NEAR], TO, Terrain.URBAN)
    assert travelled.fallback is Fallback.REFUSED


async def test_only_the_nearest_that_drive_are_asked_for() -> None:
    asked: list[int] = []

    def answer(request: httpx.Request) -> httpx.Response:
        count = request.url.path.count(";")
        asked.append(count)
        return httpx.Response(200, json={"code": "Ok", "durations": [[60]] * count})

    many = [Spot(Point(69.25 + n / 1_000, 41.31), 0.0, on_foot=n % 10 == 0) for n in range(200)]
    travelled = await road("osrm", answer).times(many, TO, Terrain.URBAN)
    assert asked == [routing.NEAREST]
    sources = [e.source for e in travelled.estimates if e is not None]
    assert sources.count(Source.ROAD) == routing.NEAREST
    assert sources[0] is Source.STRAIGHT_LINE  # nearest of all, but on foot


async def test_no_proxy_of_the_environment_sees_a_position(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://198.51.100.1:9")
    times = RoadTimes(RULES, ROUTERS["osrm"], "http://127.0.0.1:9")
    assert times._client.trust_env is False
    assert times._client.follow_redirects is False
    assert (await times.times([NEAR], TO, Terrain.URBAN)).fallback is Fallback.UNREACHABLE
    await times.close()


async def test_one_setting_chooses_the_port() -> None:
    assert isinstance(travel_times(RULES, None), StraightLine)
    chosen = travel_times(RULES, "valhalla+http://127.0.0.1:8002")
    assert isinstance(chosen, RoadTimes)
    await chosen.close()
    for wrong in ("http://127.0.0.1:5000", "osrm+ftp://host", "osrm+http://user:word@host", "google+https://host"):
        with pytest.raises(ValueError, match="routing_url"):
            Settings(routing_url=wrong)


def test_every_terrain_has_a_pace() -> None:
    assert set(RULES.terrains) == set(Terrain)
