"""Paper that leaves a demo, a trial or a training desk: every sheet of every page says so, in the reader's language."""

import io

import pypdf
import pytest
from playwright.async_api import Browser, expect
from tests.e2e.conftest import DESKTOP, SHOWN_MS
from tests.support.fixtures import OpenCentre
from tests.support.land import Land
from tests.support.live import serving
from tests.support.operations import PASSWORD
from tests.support.people import make_person, new_key

from markaz.core.permissions import Grant, Role

pytestmark = pytest.mark.browser

WORDS = {
    "training": ("uz-Latn", "MASHGʻULOT: oʻtmishning nusxasi."),
    "demo": ("ru", "ДЕМО: вымышленные территория и события."),
    "trial": ("en", "TRIAL: not checked for going live."),
    "live": ("en", ""),
}
ROWS = 40
PAGES = ("/desk", "/incidents", "/briefing/handover", "/briefing/summary", "/units", "/alerts", "/account")


def plain(text: str) -> str:
    """Text without its blanks: what is read back from paper has some around letters such as ʻ."""
    return "".join(text.split())


@pytest.mark.parametrize("kind", WORDS)
async def test_every_sheet_says_what_kind_of_centre_it_comes_from(
    open_centre_with: OpenCentre, browser: Browser, kind: str
) -> None:
    language, words = WORDS[kind]
    desk = await open_centre_with(second_factor_roles=(), **({} if kind == "live" else {kind: True}))
    now, grants = desk.centre.clock.now(), (Grant(Role.SUPERVISOR, Land.REGION),)
    await make_person(desk.centre.database, "aziza", grants, now=now, password=PASSWORD)
    async with serving(desk) as address, await browser.new_context(viewport=DESKTOP, locale="en-GB") as context:  # type: ignore[arg-type]
        await context.add_init_script(f"localStorage.setItem('markaz.language', {language!r})")
        signed = await context.request.post(
            f"{address}/api/session",
            data={"login": "aziza", "password": PASSWORD},
            headers={"Idempotency-Key": new_key(), "Origin": address},
        )
        assert signed.ok, await signed.text()
        for _ in range(ROWS):  # more rows than a sheet holds
            opened = await context.request.post(
                f"{address}/api/incidents",
                data={"category": "theft", "priority": "3", "channel": "phone", "place": {"lon": 60.5, "lat": 40.5}},
                headers={"Idempotency-Key": new_key(), "Origin": address},
            )
            assert opened.ok, await opened.text()
        page = await context.new_page()
        sheets = 0
        for path in PAGES:
            await page.goto(address + path)
            await expect(page.locator("main h1, main h2").first).to_be_visible(timeout=SHOWN_MS)
            if path == "/incidents":
                await expect(page.locator("tbody tr")).to_have_count(ROWS, timeout=SHOWN_MS)
            for sheet in pypdf.PdfReader(io.BytesIO(await page.pdf(format="A5"))).pages:
                sheets += 1
                text = plain(sheet.extract_text())
                if words:
                    assert plain(words) in text, f"a sheet of {path} does not say that it is {kind}: {text[:200]}"
                else:
                    assert not any(plain(word) in text for _, word in WORDS.values() if word), (
                        f"{path} of a live centre"
                    )
        assert sheets > len(PAGES)  # some are of more than one sheet
