"""What the centre asks of a look is asked of whom the look reached, also when they were moved to another incident since."""

from datetime import UTC, datetime, timedelta

from tests.integration.test_reviews import named, next_day, yesterday
from tests.integration.test_rights_moved import Desk, Record
from tests.support.centre import RunningCentre
from tests.support.looks import break_glass
from tests.support.oversight import look_at
from tests.support.people import Person

from markaz.core.permissions import Role
from markaz.kit.clock import FakeClock

__all__ = ["yesterday"]

AFTERNOON = datetime(2026, 3, 1, 10, tzinfo=UTC)
LATER = timedelta(minutes=10)


async def seen_by(desk: Desk, viewer: Person, incident: Record) -> None:
    """Let somebody else look through broken glass."""
    assert (await break_glass(viewer, incident["id"])).status_code == 201
    await look_at(viewer, incident["id"])
    desk.clock.advance(LATER)


async def asked(centre: RunningCentre, viewer: Person) -> dict[str, set[str]]:
    """Return what was asked of the looks of somebody, by record."""
    rows = await centre.rows(
        "SELECT e.record_id, c.questions FROM review_cases c JOIN audit_entries e ON e.id = c.entry_id "
        "WHERE e.actor_id = $1",
        viewer.id,
    )
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(str(row["record_id"]), set()).update(set(row["questions"]) - {"broken_glass"})
    return found


async def test_questions_are_asked_of_whom_a_look_reached_before_and_after_a_merge(yesterday: RunningCentre) -> None:
    centre, clock = yesterday, yesterday.centre.clock
    assert isinstance(clock, FakeClock)
    clock.at = AFTERNOON
    taker = await named(centre, "Bekzod Aliyev")
    desk = Desk(centre, clock, taker, taker)
    early, unlucky, late = [await named(centre, "Olim Karimov", Role.SUPERVISOR) for _ in range(3)]
    one, into = await desk.opened(name="Каримова Нодира"), await desk.opened("+998901112255", "Somebody Else")
    clock.advance(LATER)
    await seen_by(desk, early, one)
    await seen_by(desk, unlucky, into)
    await desk.merged(one, into)
    clock.advance(LATER)
    await seen_by(desk, late, into)
    await seen_by(desk, early, into)
    await next_day(centre)
    family = {"own_family_name"}
    assert family <= (await asked(centre, early))[one["id"]]
    assert family <= (await asked(centre, early))[into["id"]]
    assert family <= (await asked(centre, late))[into["id"]]
    assert not family & (await asked(centre, unlucky))[into["id"]]


async def test_a_viewer_who_looks_before_and_after_somebody_came_is_asked_about_the_second_look(
    yesterday: RunningCentre,
) -> None:
    centre, clock = yesterday, yesterday.centre.clock
    assert isinstance(clock, FakeClock)
    clock.at = AFTERNOON
    taker, viewer = await named(centre, "Bekzod Aliyev"), await named(centre, "Olim Karimov", Role.SUPERVISOR)
    desk = Desk(centre, clock, taker, taker)
    one, into = await desk.opened(name="Каримова Нодира"), await desk.opened("+998901112255", "Somebody Else")
    clock.advance(LATER)
    await seen_by(desk, viewer, into)
    await desk.merged(one, into)
    clock.advance(LATER)
    second = clock.now()
    await seen_by(desk, viewer, into)
    await next_day(centre)
    rows = await centre.rows(
        "SELECT e.at FROM review_cases c JOIN audit_entries e ON e.id = c.entry_id "
        "WHERE e.actor_id = $1 AND 'own_family_name' = ANY(c.questions)",
        viewer.id,
    )
    assert [row["at"] for row in rows] == [second]
