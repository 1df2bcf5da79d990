"""How a centre is governed, in browsers: an appointment by two people, the audit pack checked by the witness's own file."""

import asyncio
import sys
import zipfile
from pathlib import Path

import pytest
from tests.e2e.conftest import DESKTOP, PHONE, SHOWN_MS, Screen, Show
from tests.support.centre import RunningCentre
from tests.support.land import Land
from tests.support.people import make_person
from tests.support.sound import barriers

import markaz
from markaz.core.permissions import Grant, Role

pytestmark = pytest.mark.browser

TABS = ("appointments", "log", "retention", "register", "pack")
WITNESS = Path(markaz.__file__).parent / "witness.py"


async def at(screen: Screen, path: str) -> None:
    """Open a page of oversight, which has no live picture to wait for."""
    await screen.page.goto(screen.base_url + path)
    await screen.page.locator(".oversight h2").first.wait_for(timeout=SHOWN_MS * 3)


async def test_an_office_is_given_by_two_people_on_two_screens(show: Show, centre: RunningCentre) -> None:
    now = centre.centre.clock.now()
    account = await make_person(centre.centre.database, "sayyora", (), now=now)
    first, second = await show(Role.ADMINISTRATOR, Land.ROOT), await show(Role.ADMINISTRATOR, Land.REGION)
    await at(first, "/oversight/appointments")
    await first.page.get_by_role("button", name="Ask for an appointment").click()
    dialog = first.page.get_by_role("dialog")
    await dialog.get_by_label("Account").select_option(str(account))
    await dialog.get_by_label("Role").select_option("auditor")
    await dialog.get_by_label("Territory").select_option(str(int(Land.REGION)))
    await dialog.get_by_role("button", name="Ask the second person").click()
    await first.sees("Somebody else must decide.")
    assert await first.page.get_by_role("button", name="Approve").count() == 0
    await at(second, "/oversight/appointments")
    await second.sees("Officer sayyora (sayyora) is to become auditor")
    await second.page.get_by_role("button", name="Approve").click()
    await second.page.get_by_role("row", name="auditor Officer sayyora").wait_for(timeout=SHOWN_MS)
    held = await centre.rows("SELECT role FROM grants WHERE account_id = $1 ORDER BY role", account)
    assert [row["role"] for row in held] == ["auditor"]


async def test_the_last_but_one_who_may_appoint_agrees_to_end_on_the_own_screen(
    show: Show, centre: RunningCentre
) -> None:
    first, last = [await centre.newcomer(Grant(role, Land.ROOT)) for role in (Role.ADMINISTRATOR, Role.SUPERVISOR)]
    asked = await first.send("PUT", f"/api/accounts/{last.id}/grants", {"grants": []})
    assert (asked.status_code, len(asked.json()["waiting"])) == (200, 1)
    screen = await show(person=last)
    await at(screen, "/oversight/appointments")
    await screen.sees("is no longer to be supervisor")
    await screen.page.get_by_role("button", name="Approve").click()
    async with asyncio.timeout(SHOWN_MS / 1000):
        while await centre.rows("SELECT 1 FROM grants WHERE account_id = $1", last.id):  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.05)
    assert screen.complaints == []


async def test_an_audit_pack_is_downloaded_and_checked_by_the_witness_file_alone(
    show: Show, centre: RunningCentre, tmp_path: Path
) -> None:
    tick = centre.centre.checkpointer.tick
    await tick()
    auditor = await show(Role.AUDITOR, Land.ROOT)
    await asyncio.sleep(1.1)  # the next interval of the log
    await tick()
    await at(auditor, "/oversight/pack")
    async with auditor.page.expect_download(timeout=SHOWN_MS * 4) as waiting:
        await auditor.page.get_by_role("link", name="Download the pack").click()
    download = await waiting.value
    file = tmp_path / download.suggested_filename
    await download.save_as(file)
    folder = tmp_path / "pack"
    with zipfile.ZipFile(file) as packed:
        packed.extractall(folder)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", str(WITNESS), "verify", str(folder), stdout=-1, stderr=-1
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    assert "this is an audit pack, signed by the log" in out.decode()


async def test_the_pages_read_in_every_language_on_desk_and_phone(show: Show, centre: RunningCentre) -> None:
    await centre.centre.checkpointer.tick()
    for language in ("en", "uz-Latn", "uz-Cyrl", "ru"):
        screen = await show(Role.DATA_PROTECTION_OFFICER, Land.ROOT, language=language)
        for tab in TABS:
            await at(screen, f"/oversight/{tab}")
            if language == "ru":
                assert await barriers(screen.page) == [], tab
            await screen.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
            wide = await screen.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, f"{tab} is wider than a phone in {language}"
            await screen.page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
