"""Kill -9 around an emergency: what was answered is there, the same press again is the same emergency, and it goes on."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.faults.served import ServedCentre
from tests.support.land import Land
from tests.support.people import cookie, make_person, new_key, open_session

from markaz.core.db.pool import Database
from markaz.core.permissions import Grant, Role
from markaz.core.settings import Settings


@pytest.fixture
def served(embedded_settings: Settings) -> Iterator[ServedCentre]:
    centre = ServedCentre(embedded_settings)
    yield centre
    centre.stop()


async def client(served: ServedCentre, database: Database, role: Role, login: str) -> httpx.AsyncClient:
    now = datetime.now(UTC)
    account_id = await make_person(database, login, (Grant(role, Land.REGION),), now=now)
    token = await open_session(database, account_id, now=now, life=timedelta(hours=1))
    return httpx.AsyncClient(base_url=served.base_url, headers=cookie(token), timeout=20)


async def post(person: httpx.AsyncClient, path: str, body: Any, key: str | None = None) -> dict[str, Any]:
    response = await person.post(path, json=body, headers={"Idempotency-Key": key or new_key()})
    assert response.is_success, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def open_ids(person: httpx.AsyncClient) -> list[str]:
    return [alarm["id"] for alarm in (await person.get("/api/snapshot")).json()["alarms"]]


async def test_an_emergency_survives_kills_of_server_and_database(served: ServedCentre) -> None:
    database = await served.prepare()
    supervisor = await client(served, database, Role.SUPERVISOR, "shift.supervisor")
    await database.close()
    served.start()
    body = {"call_sign": "P-17", "kind": "patrol_car", "territory_id": int(Land.WEST_SOUTH)}
    unit = await post(supervisor, "/api/units", body)
    path, key = f"/api/units/{unit['id']}/emergency", new_key()
    alarm = await post(supervisor, path, {}, key)
    served.kill_server()
    served.start()
    assert await open_ids(supervisor) == [alarm["id"]]
    assert (await post(supervisor, path, {}, key)) == alarm  # the device did not hear the answer and asks again
    assert (await post(supervisor, path, {}))["id"] == alarm["id"]
    await post(supervisor, f"/api/alarms/{alarm['id']}/acknowledgements", None)
    served.kill_database()
    served.kill_server()
    served.start()
    (shown,) = (await supervisor.get("/api/snapshot")).json()["alarms"]
    assert shown["id"] == alarm["id"]
    assert len(shown["acknowledged"]) == 1
    await post(supervisor, f"/api/alarms/{alarm['id']}/resolution", {"reason": "drill"})
    assert await open_ids(supervisor) == []
    await supervisor.aclose()
