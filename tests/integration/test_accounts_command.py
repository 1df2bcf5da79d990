"""Accounts end and change at once: sessions, streams and keys with them."""

from uuid import UUID

import orjson
import pytest
from tests.support.centre import RunningCentre
from tests.support.fixtures import OpenCentre
from tests.support.land import Land

from markaz.core import identity
from markaz.core.errors import NotFound
from markaz.core.events import append
from markaz.core.permissions import Grant, Role


async def test_a_closed_account_can_do_nothing_more_and_keeps_its_name(centre: RunningCentre) -> None:
    officer = await centre.newcomer(Grant(Role.DUTY_OFFICER, 2), login="leaver")
    device = await centre.newcomer(Grant(Role.IMPORTER, 2), login="old-key")
    for person in (officer, device):
        assert (await person.get("/api/me")).status_code == 200
        async with centre.centre.database.transaction() as connection:
            event = await identity.close_account(connection, person.login, at=centre.centre.clock.now())
            await append(connection, [event])
        assert (await person.get("/api/me")).status_code == 401
    (row,) = await centre.rows("SELECT display_name, is_active FROM accounts WHERE login = 'leaver'")
    assert tuple(row) == ("Officer leaver", False)


async def test_a_new_password_ends_the_sessions_and_keeps_the_rights(centre: RunningCentre) -> None:
    officer = await centre.newcomer(Grant(Role.DUTY_OFFICER, 2), login="stays")
    async with centre.centre.database.transaction() as connection:
        event = await identity.change_password(
            connection, "stays", "a quite new password", at=centre.centre.clock.now()
        )
        await append(connection, [event])
    assert (await officer.get("/api/me")).status_code == 401
    answer = await centre.nobody.post("/api/session", json={"login": "stays", "password": "a quite new password"})
    assert answer.status_code == 200
    assert answer.json()["grants"] == [{"role": "duty_officer", "territory_id": 2}]


async def test_an_unknown_login_is_not_closed(centre: RunningCentre) -> None:
    async with centre.centre.database.connection() as connection:
        with pytest.raises(NotFound):
            await identity.close_account(connection, "nobody", at=centre.centre.clock.now())


async def test_a_demo_answers_to_loopback_names_only(open_centre_with: OpenCentre) -> None:
    running = await open_centre_with(demo=True)
    assert (await running.nobody.get("/healthz")).status_code == 200
    assert (await running.nobody.get("/healthz", headers={"host": "attacker.example"})).status_code == 400


async def test_what_an_account_may_do_changes_with_an_entry_in_the_log(centre: RunningCentre) -> None:
    administrator = await centre.person(Role.ADMINISTRATOR, Land.ROOT)
    body = {"login": "new", "display_name": "New", "password": "a quite new password", "grants": []}
    made = await administrator.post("/api/accounts", body)
    grants = [{"role": "observer", "territory_id": 2}]
    path = f"/api/accounts/{made.json()['id']}/grants"
    assert (await administrator.send("PUT", path, {"grants": grants})).status_code == 200
    assert (await administrator.send("PUT", path, {"grants": [{"role": "king", "territory_id": 2}]})).status_code == 422
    rows = await centre.as_owner(
        "SELECT e.kind, e.actor_id, e.details::text AS details, e.roles::text AS roles, l.index FROM audit_entries e "
        "JOIN log_leaves l ON l.index = e.leaf WHERE e.record_id = $1 ORDER BY e.leaf",
        UUID(made.json()["id"]),
    )
    assert [orjson.loads(row["details"]) for row in rows] == [{"grants": []}, {"grants": grants}]
    assert {(row["kind"], row["actor_id"]) for row in rows} == {("access_change", administrator.id)}
    assert orjson.loads(rows[0]["roles"]) == [f"administrator@{Land.ROOT}"]
