"""The owner's browser dies: the other desk sees it, and takes the incident over with one key."""

from datetime import timedelta

import pytest
from playwright.async_api import expect
from tests.e2e.conftest import SHOWN_MS, Show
from tests.support.centre import RunningCentre
from tests.support.desk import open_incident

from markaz.core.permissions import Role

pytestmark = pytest.mark.browser


async def test_the_other_desk_sees_the_owner_away_and_takes_over(centre: RunningCentre, show: Show) -> None:
    owner = await centre.person(Role.DUTY_OFFICER)
    incident = await open_incident(owner)
    first = await show(Role.DUTY_OFFICER)
    second = await show(Role.SUPERVISOR)
    for screen in (first, second):
        await screen.go(f"/desk/{incident['id']}")
    mark = second.page.locator(".card-head .owner-mark")
    await expect(mark).to_contain_text(f"open at: Officer {owner.login}", timeout=SHOWN_MS)
    await expect(mark).not_to_contain_text("away")

    centre.centre.presence.away_after = timedelta(seconds=1)  # a minute in earnest
    await first.page.context.close()  # no sign-out, no last word: the stream just ends
    await expect(mark).to_contain_text("away", timeout=SHOWN_MS)
    await second.page.keyboard.press("o")
    await expect(mark).to_contain_text("Owner: you", timeout=SHOWN_MS)
    row = await centre.rows("SELECT a.login FROM incidents i JOIN accounts a ON a.id = i.owner_id")
    assert [one["login"] for one in row] == [(await centre.person(Role.SUPERVISOR)).login]
