"""A timeline is whole: whatever stands on a later page is one request away, and says that it is there."""

from typing import Any

import pytest
from tests.support.centre import RunningCentre
from tests.support.desk import open_incident, register_unit
from tests.support.land import Land, place_in

from markaz.core.permissions import Role
from markaz.kit.clock import iso
from markaz.programmes.incidents import reading


async def test_pages_of_a_timeline_make_up_the_whole_of_it(
    centre: RunningCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    officer = await centre.person(Role.DUTY_OFFICER)
    incident = await open_incident(officer)
    for number in range(7):
        assert (await officer.post(f"/api/incidents/{incident['id']}/notes", {"text": f"{number}"})).status_code == 201
    path = f"/api/incidents/{incident['id']}/timeline"
    everything = (await officer.get(path)).json()
    assert everything["earlier"] is None
    assert len(everything["entries"]) == 8

    monkeypatch.setattr(reading, "TIMELINE_PAGE", 3)
    pages: list[list[dict[str, Any]]] = []
    before = None
    while True:
        page = (await officer.get(path, before=before)).json()
        assert len(page["entries"]) <= 3
        pages.insert(0, page["entries"])
        before = page["earlier"]
        if before is None:
            break
    assert [entry["seq"] for page in pages for entry in page] == [e["seq"] for e in everything["entries"]]


async def test_a_unit_off_duty_has_no_position(centre: RunningCentre) -> None:
    supervisor, device = await centre.person(Role.SUPERVISOR), await centre.person(Role.UNIT_DEVICE)
    unit = await register_unit(supervisor, "P-1")

    async def report() -> int:
        fix = {"unit_id": unit["id"], **place_in(Land.WEST_SOUTH), "fix_at": iso(centre.centre.clock.now())}
        return int((await device.post("/api/units/positions", {"positions": [fix]})).json()["newer"])

    async def shown() -> list[str]:
        return [p["unit_id"] for p in (await supervisor.get("/api/snapshot")).json()["positions"]]

    assert await report() == 1
    assert await shown() == [unit["id"]]
    path = f"/api/units/{unit['id']}/status"
    gone = await supervisor.post(path, {"status": "off_duty", "version": unit["version"]})
    while centre.centre.hub.seq < gone.json()["seq"]:
        await supervisor.get("/api/me")
    assert await shown() == []
    assert await report() == 0
    assert await shown() == []
