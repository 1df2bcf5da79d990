"""The misuse rate comes each quarter: a task asks for it, and what was not published is named in the open."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from tests.support.centre import RunningCentre
from tests.support.fixtures import OpenCentre
from tests.support.land import Land
from tests.support.oversight import judged, make_case
from tests.support.people import Person

from markaz.core.permissions import Grant, Role
from markaz.kit.clock import FakeClock
from markaz.web.oversight import Oversight

MARCH = datetime(2026, 3, 30, 7, tzinfo=UTC)
PATH = "/api/oversight/misuse-rate"


@pytest.fixture
async def spring(open_centre_with: OpenCentre) -> RunningCentre:
    """A centre two days before its first quarter ends, whose first sample is of February."""
    return await open_centre_with(FakeClock(MARCH), session_hours=24 * 300)


def pass_days(centre: RunningCentre, days: float) -> None:
    clock = centre.centre.clock
    assert isinstance(clock, FakeClock)
    clock.advance(timedelta(days=days))


async def awaited(centre: RunningCentre) -> list[tuple[str, str | None, bool]]:
    items = (await centre.nobody.get(PATH)).json()["awaited"]
    return [(one["quarter"], one["due_at"], one["is_overdue"]) for one in items]


async def tasks(person: Person) -> list[dict[str, Any]]:
    items = (await person.get("/api/oversight/tasks")).json()["items"]
    return [one for one in items if one["kind"] == "misuse_rate"]


async def page(centre: RunningCentre, language: str) -> str:
    return (await centre.nobody.get(f"{PATH}/page", params={"language": language})).text


async def test_a_quarter_that_is_over_is_a_task_with_a_clock_until_it_is_published(spring: RunningCentre) -> None:
    officer = await spring.newcomer(Grant(Role.DATA_PROTECTION_OFFICER, Land.ROOT))
    publishing, watched = spring.centre.oversight.publishing, spring.centre.oversight
    watching = watched.settings.model_copy(update={"watch_clocks": True})
    assert "reviews.ask" in {job.name for job in Oversight(watched.spine, watching, watched.zone).jobs()}
    case = await make_case(spring, await spring.person(Role.DUTY_OFFICER))
    assert (await publishing.ask_due(), await awaited(spring)) == (0, [])  # the quarter runs

    pass_days(spring, 2)  # the first of April, noon
    assert await awaited(spring) == [("2026-Q1", None, False)]
    assert "Not published yet.<" in await page(spring, "en")
    assert [await publishing.ask_due(), await publishing.ask_due()] == [1, 0]
    (task,) = await tasks(officer)
    assert (task["reference"], task["due_at"], task["is_overdue"]) == ("2026-Q1", "2026-04-23T00:00:00Z", False)
    assert await awaited(spring) == [("2026-Q1", "2026-04-23T00:00:00Z", False)]
    for language, words in (
        ("uz-Latn", "Hali eʼlon qilinmagan, muddati: 2026-04-22."),
        ("uz-Cyrl", "Ҳали эълон қилинмаган, муддати: 2026-04-22."),
        ("ru", "Ещё не опубликовано, срок: 2026-04-22."),
        ("en", "Not published yet, due 2026-04-22."),
    ):
        assert words in await page(spring, language)
    for role in (Role.AUDITOR, Role.SUPERVISOR, Role.APPEAL_BODY):
        assert await tasks(await spring.newcomer(Grant(role, Land.ROOT))) == []

    pass_days(spring, 22)
    assert await spring.centre.oversight.tasks.escalate_due() >= 1
    (task,) = await tasks(officer)
    assert task["is_overdue"]
    assert task["escalated_at"] is not None
    assert (await awaited(spring))[0][2]
    assert "Not published: it was due 2026-04-22." in await page(spring, "en")

    await judged(spring, case)
    for version in (1, 2):  # the second closes nothing, and asks for nothing
        answer = await officer.post(PATH, {"quarter": "2026-Q1"})
        assert (answer.status_code, answer.json()["version"]) == (201, version), answer.text
    assert (await tasks(officer), await awaited(spring), await publishing.ask_due()) == ([], [], 0)
    rows = await spring.rows("SELECT answer_code FROM tasks WHERE kind = 'misuse_rate' AND closed_at IS NOT NULL")
    assert [row["answer_code"] for row in rows] == ["published"]
    assert "Not published" not in await page(spring, "en")


async def test_every_quarter_since_the_first_sample_is_asked_for_however_long_the_centre_stood_still(
    spring: RunningCentre,
) -> None:
    officer = await spring.newcomer(Grant(Role.DATA_PROTECTION_OFFICER, Land.ROOT))
    case = await make_case(spring, await spring.person(Role.DUTY_OFFICER))
    await make_case(spring, await spring.person(Role.DUTY_OFFICER), day=date(2025, 11, 30))
    await judged(spring, case)
    pass_days(spring, 100)  # the eighth of July
    assert [one[0] for one in await awaited(spring)] == ["2026-Q2", "2026-Q1", "2025-Q4"]
    assert (await officer.post(PATH, {"quarter": "2026-Q1"})).status_code == 201  # before it is asked for
    assert await spring.centre.oversight.publishing.ask_due() == 2
    assert sorted(one["reference"] for one in await tasks(officer)) == ["2025-Q4", "2026-Q2"]
    shown = (await officer.get(PATH)).json()
    assert [one["quarter"] for one in shown["quarters"]] == ["2026-Q1"]
    # A quarter in which nothing was drawn has no rate, and says so; one that waits for verdicts is not published.
    assert (await officer.post(PATH, {"quarter": "2026-Q2"})).status_code == 201
    assert (await officer.post(PATH, {"quarter": "2025-Q4"})).status_code == 422
    assert [one[0] for one in await awaited(spring)] == ["2025-Q4"]


async def test_a_quarter_of_which_nothing_can_be_told_is_published_as_that(spring: RunningCentre) -> None:
    officer = await spring.newcomer(Grant(Role.DATA_PROTECTION_OFFICER, Land.ROOT))
    await judged(spring, await make_case(spring, await spring.person(Role.DUTY_OFFICER)), "cannot_tell")
    pass_days(spring, 2)
    assert (await officer.post(PATH, {"quarter": "2026-Q1"})).status_code == 201
    (quarter,) = (await officer.get(PATH)).json()["quarters"]
    figures = quarter["figures"]
    assert (figures["rate"], figures["rate_if_missing_in_order"], figures["rate_if_missing_misuse"]) == (None, 0, 1)
    assert "0.00 % – 100.00 %" in await page(spring, "en")
