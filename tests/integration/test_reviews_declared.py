"""What staff declare of themselves leaves an entry when it changes, and is not taken back for the time of a look."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from tests.support.centre import RunningCentre
from tests.support.desk import open_incident
from tests.support.fixtures import OpenCentre
from tests.support.land import Land
from tests.support.oversight import look_at
from tests.support.people import Person

from markaz.core.permissions import Grant, Role
from markaz.kit.clock import FakeClock
from markaz.programmes.oversight.reviews.service import CHANGES_MOST

PATH = "/api/oversight/declared"
MORNING = datetime(2026, 3, 1, 4, tzinfo=UTC)  # nine o'clock at Tashkent
HOME = {"home_territory_id": int(Land.EAST_NORTH), "home_address": "Amir Temur 12"}
ELSEWHERE = {"home_territory_id": int(Land.WEST_SOUTH), "home_address": "Bobur 3"}


@pytest.fixture
async def march(open_centre_with: OpenCentre) -> RunningCentre:
    """A centre on the first of March."""
    return await open_centre_with(FakeClock(MORNING), review_drawn_per_day=1, session_hours=72)


async def declare(person: Person, what: dict[str, Any] | None) -> int:
    method = "DELETE" if what is None else "PUT"
    return (await person.send(method, PATH, what)).status_code


async def look_at_home(person: Person) -> None:
    incident = await open_incident(person, Land.EAST_NORTH, caller={"name": "Somebody Else", "phone": "+998901112255"})
    await look_at(person, incident["id"])


async def questions_of_the_night(centre: RunningCentre) -> list[str]:
    """Let the day pass, draw it, and return what was asked in it."""
    clock = centre.centre.clock
    assert isinstance(clock, FakeClock)
    day = clock.now().date()
    clock.advance(timedelta(days=1))
    assert await centre.centre.oversight.sampling.draw_due() == 1
    rows = await centre.rows("SELECT questions FROM review_cases WHERE day = $1", day)
    return sorted({question for row in rows for question in row["questions"]})


async def kept(centre: RunningCentre) -> int:
    return int((await centre.rows("SELECT count(*) FROM withdrawn_facts"))[0][0])


async def test_declaring_and_taking_back_are_entries_that_say_what_sort_and_never_what(march: RunningCentre) -> None:
    officer = await march.newcomer(Grant(Role.DUTY_OFFICER, Land.REGION))
    only_place = HOME | {"home_address": None}
    for what in (HOME, only_place, None, None):  # the second taking back changes nothing
        assert await declare(officer, what) == 204
    rows = await march.rows(
        "SELECT action, kind, actor_id, record_id, details::text AS details FROM audit_entries WHERE reason = 'declared' "
        "ORDER BY leaf"
    )
    place, both = ["home_territory"], ["home_territory", "home_address"]
    assert [(row["action"], orjson.loads(row["details"])) for row in rows] == [
        ("declared.stated", {"facts": both, "before": []}),
        ("declared.stated", {"facts": place, "before": both}),
        ("declared.withdrawn", {"facts": [], "before": place}),
    ]
    assert {(row["kind"], row["actor_id"], row["record_id"]) for row in rows} == {("review", officer.id, officer.id)}


@pytest.mark.parametrize(
    "between", [lambda: None, lambda: ELSEWHERE], ids=["taken back", "replaced"]
)  # fmt: skip
@pytest.mark.parametrize("again", [True, False], ids=["declared again", "left so"])
async def test_what_is_taken_back_for_a_look_is_asked_about_that_night_and_no_longer(
    march: RunningCentre, between: Callable[[], dict[str, Any] | None], again: bool
) -> None:
    officer = await march.newcomer(Grant(Role.DUTY_OFFICER, Land.REGION))
    assert await declare(officer, HOME) == 204
    assert await declare(officer, between()) == 204
    await look_at_home(officer)
    if again:
        assert await declare(officer, HOME) == 204
    assert await questions_of_the_night(march) == ["own_neighbourhood"]
    assert await kept(march) == 0, "forgotten with the draw of that day"
    await look_at_home(officer)
    assert await questions_of_the_night(march) == (["own_neighbourhood"] if again else [])


async def test_what_is_taken_back_before_the_draw_of_the_day_before_counts_for_its_own_day_too(
    march: RunningCentre,
) -> None:
    """After midnight, before the night's draw: it counts in that draw and in the one of the day on which it ended."""
    officer = await march.newcomer(Grant(Role.DUTY_OFFICER, Land.REGION))
    assert await declare(officer, HOME) == 204
    await look_at_home(officer)
    clock = march.centre.clock
    assert isinstance(clock, FakeClock)
    clock.advance(timedelta(hours=16))  # one o'clock
    assert await declare(officer, None) == 204
    await look_at_home(officer)
    for _ in range(2):
        await march.centre.oversight.sampling.draw_due()
        clock.advance(timedelta(days=1))
    rows = await march.rows("SELECT questions FROM review_cases ORDER BY day")
    assert [list(row["questions"]) for row in rows] == [["own_neighbourhood"]] * 2
    assert await kept(march) == 0


async def test_changing_it_again_and_again_has_an_end_until_the_next_draw(march: RunningCentre) -> None:
    officer = await march.newcomer(Grant(Role.DUTY_OFFICER, Land.REGION))
    changes = [declare(officer, HOME if n % 2 == 0 else ELSEWHERE) for n in range(CHANGES_MOST + 2)]
    answers = [await change for change in changes]
    assert answers == [204] * (CHANGES_MOST + 1) + [409]
    assert await declare(officer, None) == 409
    await questions_of_the_night(march)
    assert await declare(officer, None) == 204
