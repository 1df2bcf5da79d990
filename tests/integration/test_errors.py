"""Errors and limits at the HTTP edge: one shape, an id that leads to the log, nothing told that is not the client's."""

import json
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import asyncpg
import pytest
from tests.support.canary import everything_logged
from tests.support.centre import RunningCentre
from tests.support.desk import call_body, open_incident
from tests.support.fixtures import OpenCentre
from tests.support.land import Land

from markaz.core.errors import Unavailable
from markaz.core.permissions import Grant, Role
from markaz.web import guard


async def test_a_fault_of_ours_tells_the_client_an_id_and_the_log_the_rest(centre: RunningCentre) -> None:
    officer = await centre.person(Role.DUTY_OFFICER)
    with (
        everything_logged("INFO") as log,
        patch.object(centre.centre.calls, "open_incident", side_effect=RuntimeError("an inner matter")),
    ):
        response = await officer.post("/api/incidents", call_body())
    error = response.json()
    assert (response.status_code, error["code"], error["details"]) == (500, "internal", {})
    assert "inner matter" not in response.text
    assert response.headers["x-request-id"] == error["request_id"]
    assert response.headers["x-content-type-options"] == "nosniff"
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    fault = next(line for line in lines if line["level"] == "ERROR")
    assert fault["request_id"] == error["request_id"]
    assert "an inner matter" in fault["error"]
    assert next(line for line in lines if line["message"] == "request")["status"] == 500
    assert await centre.rows("SELECT 1 FROM incidents") == []


@pytest.mark.parametrize(
    "trouble",
    [
        asyncpg.DiskFullError("no space"),
        asyncpg.LockNotAvailableError("waits"),
        asyncpg.QueryCanceledError("took too long"),
        asyncpg.DeadlockDetectedError("both wait"),
        asyncpg.ConnectionDoesNotExistError("gone"),
        ConnectionRefusedError(),
    ],
    ids=lambda trouble: type(trouble).__name__,
)
async def test_a_database_in_trouble_is_said_to_be_and_the_client_told_to_come_back(
    centre: RunningCentre, trouble: Exception
) -> None:
    officer = await centre.person(Role.DUTY_OFFICER)
    before = await centre.seq()
    with patch("markaz.programmes.incidents.store.insert_incident", side_effect=trouble):
        response = await officer.post("/api/incidents", call_body(note="kept nowhere"))
    assert (response.status_code, response.json()["code"]) == (Unavailable.status, "unavailable")
    assert response.headers["retry-after"] == "1"
    assert "send the same request again" in response.json()["message"]
    assert await centre.seq() == before
    for table in ("incidents", "sealed_fields", "keys.sealed_keys", "idempotency"):
        assert await centre.rows(f"SELECT 1 FROM {table}") == [], table


async def test_each_account_has_its_own_rate_and_a_service_its_own(
    open_centre_with: OpenCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "time", SimpleNamespace(monotonic=lambda: 1_000.0))  # nothing is refilled meanwhile
    centre = await open_centre_with(rate_limit_per_s=2.0)
    busy, calm = await centre.person(Role.OBSERVER, Land.WEST), await centre.person(Role.OBSERVER, Land.EAST)
    importer = await centre.person(Role.IMPORTER)
    statuses = [(await busy.get("/api/codes")).status_code for _ in range(8)]
    assert statuses[:5] == [200] * 5
    assert statuses[-1] == 429
    refused = await busy.get("/api/codes")
    assert refused.json()["code"] == "rate_limited"
    assert int(refused.headers["retry-after"]) >= 1
    assert 0 < refused.json()["details"]["retry_after_s"] <= 1
    again = await centre.sign_in_again(busy.id)  # a further session is the same account
    assert (await again.get("/api/codes")).status_code == 429
    assert (await calm.get("/api/codes")).status_code == 200
    assert {(await importer.get("/api/codes")).status_code for _ in range(30)} == {200}
    assert (await centre.nobody.get("/healthz")).status_code == 200


async def test_a_log_line_of_a_request_names_route_actor_and_status_and_no_content(centre: RunningCentre) -> None:
    officer = await centre.newcomer(Grant(Role.DUTY_OFFICER, Land.WEST))
    incident = await open_incident(officer)
    with everything_logged("INFO") as log:
        await officer.get(f"/api/incidents/{incident['id']}", secret="in-the-query")
    lines: list[dict[str, Any]] = [json.loads(line) for line in log.getvalue().splitlines()]
    (line,) = [line for line in lines if line["logger"] == "markaz.access"]
    assert (line["route"], line["status"], line["actor"]) == ("/api/incidents/{incident_id}", 200, str(officer.id))
    assert "in-the-query" not in json.dumps(line)
    assert incident["id"] not in json.dumps(line)
