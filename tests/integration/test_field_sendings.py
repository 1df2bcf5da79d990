"""A stage from a phone belongs to the sending it was pressed for: never to a later one, and both sides see what became of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.integration.test_field import Crew, a_crew
from tests.support.centre import RunningCentre

from markaz.kit.clock import iso


def ago(minutes: float) -> datetime:
    return datetime.now(UTC) - timedelta(minutes=minutes)


async def send_again(crew: Crew, minutes_ago: float | None = None) -> dict[str, Any]:
    """Send the unit again; return what its phone is told of that sending."""
    card = (await crew.card())["incident"]
    body = {"unit_id": crew.unit["id"], "version": card["version"]}
    body |= {} if minutes_ago is None else {"occurred_at": iso(ago(minutes_ago))}
    sent = await crew.desk.post(f"/api/incidents/{card['id']}/assignments", body)
    assert sent.status_code == 201, sent.text
    return await told(crew)


async def withdraw(crew: Crew) -> None:
    card = (await crew.card())["incident"]
    path = f"/api/incidents/{card['id']}/assignments/{crew.unit['id']}/withdrawal"
    taken = await crew.desk.post(path, {"version": card["version"], "reason": "mistake"})
    assert taken.status_code == 200, taken.text


async def told(crew: Crew) -> dict[str, Any]:
    """What the phone names a sending by."""
    view = (await crew.officer.get("/api/field/now")).json()["incident"]["view"]["units"][crew.unit["id"]]
    return {"ordinal": view["ordinal"], "assigned_at": view["stages"]["assigned"]}


async def status(crew: Crew) -> str:
    units = (await crew.desk.get("/api/units")).json()["items"]
    return next(str(unit["status"]) for unit in units if unit["id"] == crew.unit["id"])


async def of_phone(crew: Crew, stage: str) -> list[dict[str, Any]]:
    return [
        entry["detail"]
        for entry in await crew.timeline()
        if entry["occurred"]["source"] == "unit_phone" and entry["detail"].get("stage") == stage
    ]


async def test_a_stage_of_a_sending_that_was_taken_back_does_not_move_the_next_one(centre: RunningCentre) -> None:
    crew = await a_crew(centre, received_ago=timedelta(minutes=30))
    first = await told(crew)
    pressed = [
        crew.report("stage", timedelta(minutes=20 - n), stage=s, **first) for n, s in enumerate(["en_route", "cleared"])
    ]
    await withdraw(crew)
    second = await send_again(crew)
    assert second["ordinal"] == 2
    for body in pressed:
        answer = await crew.send(body)
        assert (answer["kept"], answer["why"]) == ("beside", "taken_back")
    assert set(await crew.stages()) == {"assigned"}
    assert await status(crew) == "assigned"
    assert (await crew.officer.get("/api/field/now")).json()["incident"]["id"] == crew.incident["id"]
    (detail,) = await of_phone(crew, "cleared")
    assert (detail["why"], detail["ordinal"]) == ("taken_back", 1)
    # What is pressed for the new sending is taken.
    assert (await crew.send(crew.report("stage", stage="en_route", **second)))["kept"] == "taken"
    assert await status(crew) == "en_route"


async def test_a_stage_of_a_sending_that_was_cleared_by_the_desk_is_its_late_fact(centre: RunningCentre) -> None:
    crew = await a_crew(centre, received_ago=timedelta(minutes=60))
    first = await told(crew)
    card = (await crew.card())["incident"]
    path = f"/api/incidents/{card['id']}/assignments/{crew.unit['id']}/stages"
    done = await crew.desk.post(path, {"stage": "cleared", "version": card["version"], "occurred_at": iso(ago(20))})
    assert done.status_code == 200, done.text
    await send_again(crew, 5)
    answer = await crew.send(crew.report("stage", timedelta(minutes=40), stage="on_scene", **first))
    assert (answer["kept"], answer["why"]) == ("taken", "earlier_sending")
    assert set(await crew.stages()) == {"assigned"}
    assert await status(crew) == "assigned"
    rows = await centre.rows(
        "SELECT ordinal, on_scene_at IS NOT NULL AS arrived FROM assignments WHERE incident_id = $1 ORDER BY ordinal",
        crew.incident["id"],
    )
    assert [(row["ordinal"], row["arrived"]) for row in rows] == [(1, True), (2, False)]
    (detail,) = await of_phone(crew, "on_scene")
    assert (detail["why"], detail["ordinal"]) == ("earlier_sending", 1)
    snapshot = (await crew.desk.get("/api/snapshot")).json()["incidents"]
    (view,) = [one for one in snapshot if one["id"] == crew.incident["id"]]
    assert set(view["units"][crew.unit["id"]]["stages"]) == {"assigned"}


async def test_a_report_of_an_older_phone_goes_by_when_it_was_pressed(centre: RunningCentre) -> None:
    crew = await a_crew(centre, received_ago=timedelta(minutes=30))
    old = crew.report("stage", timedelta(minutes=20), stage="cleared")  # it names no sending
    await withdraw(crew)
    await send_again(crew)
    answer = await crew.send(old)
    assert (answer["kept"], answer["why"]) == ("beside", "taken_back")
    assert await status(crew) == "assigned"
    assert (await crew.send(crew.report("stage", stage="en_route")))["kept"] == "taken"
    assert set(await crew.stages()) == {"assigned", "en_route"}


async def test_a_crew_that_set_out_before_the_desk_wrote_its_sending_down_is_taken_and_that_is_seen(
    centre: RunningCentre,
) -> None:
    crew = await a_crew(centre, received_ago=timedelta(minutes=30))
    answer = await crew.send(crew.report("stage", timedelta(minutes=29, seconds=30), stage="en_route"))
    assert answer["kept"] == "taken"
    (detail,) = await of_phone(crew, "en_route")
    assert detail["flags"] == ["stage_order"]


async def test_a_sending_that_there_never_was_moves_nothing(centre: RunningCentre) -> None:
    crew = await a_crew(centre)
    body = crew.report("stage", stage="cleared", ordinal=9, assigned_at=iso(ago(1)))
    answer = await crew.send(body)
    assert (answer["kept"], answer["why"]) == ("beside", "not_sent")
    assert await status(crew) == "assigned"


async def test_a_stage_that_the_desk_has_otherwise_says_so(centre: RunningCentre) -> None:
    crew = await a_crew(centre)
    sending = await told(crew)
    await crew.send(crew.report("stage", timedelta(hours=4), stage="on_scene", **sending))
    answer = await crew.send(crew.report("stage", timedelta(hours=3), stage="on_scene", **sending))
    assert (answer["kept"], answer["why"]) == ("beside", "other_time")
