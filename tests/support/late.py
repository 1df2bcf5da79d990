"""Entering what stands on paper from the console, by keyboard, as the browser tests do it. Times are of the browser, UTC."""

from collections.abc import Mapping
from datetime import datetime

from playwright.async_api import Locator, Page, expect

PATIENT_MS = 120_000  # a busy machine; not a measurement
STAGE_WORDS = {
    "assigned": "assigned", "en_route": "en route", "on_scene": "on scene",
    "transporting": "transporting", "at_hospital": "at hospital", "cleared": "cleared",
}  # fmt: skip


def clock_of(at: datetime) -> str:
    """Return a time as the desk shows it."""
    return at.strftime("%H:%M")


async def enter_sending(page: Page, sign: str, at: datetime) -> None:
    """Tick a unit in the list and enter it as sent at a stated time."""
    await page.keyboard.press("F4")
    await page.get_by_label(f"Tick {sign}", exact=True).focus(timeout=PATIENT_MS)
    await page.keyboard.press("l")
    bar = page.locator(".send-bar")
    await expect(bar.get_by_label("Entered from")).to_be_focused(timeout=PATIENT_MS)
    await page.keyboard.press("p")  # the first letter chooses in a closed list
    await expect(bar.get_by_label("Entered from")).to_have_value("paper")
    await _type_time(page, at)
    await expect(bar.get_by_role("button", name="as sent then")).to_be_enabled(timeout=PATIENT_MS)
    await page.keyboard.press("Enter")
    await expect(header(page, sign)).to_be_visible(timeout=PATIENT_MS)


async def enter_stage(page: Page, sign: str, stage: str, at: datetime) -> None:
    """Enter a stage of a unit as reached at a stated time."""
    await page.get_by_label(f"More for {sign}", exact=True).focus(timeout=PATIENT_MS)
    await page.keyboard.press("Enter")
    await page.get_by_role("menuitem", name="At another time…").focus()
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Stage").select_option(stage)
    await dialog.get_by_label("Entered from").select_option("paper")
    await dialog.get_by_label("Entered from").focus()
    await _type_time(page, at)
    await page.keyboard.press("Enter")
    await expect(dialog).to_have_count(0, timeout=PATIENT_MS)


async def enter_closing(page: Page, outcome: str, at: datetime) -> None:
    """Close the open incident with an outcome, as at a stated time."""
    await page.locator(".card-close").focus(timeout=PATIENT_MS)
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label(outcome, exact=True).check(timeout=PATIENT_MS)
    await dialog.get_by_role("button", name="From radio or paper…").focus()
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_label("Entered from")).to_be_focused()
    await page.keyboard.press("p")
    await _type_time(page, at)
    await page.keyboard.press("Enter")
    await expect(dialog).to_have_count(0, timeout=PATIENT_MS)


async def enter_finished(page: Page, typed: str, times: Mapping[str, datetime], *, is_refused: bool = False) -> None:
    """Enter work of a unit that is over, with the times of its stages; the dialog stays open where it is refused."""
    await page.get_by_role("button", name="Enter a finished sending…").focus(timeout=PATIENT_MS)
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Unit: call sign").focus(timeout=PATIENT_MS)
    await page.keyboard.type(typed)
    for stage, at in times.items():
        field = dialog.get_by_role("group", name=STAGE_WORDS[stage], exact=True).locator("input")
        await field.first.fill(at.strftime("%Y-%m-%d"))
        await field.last.fill(at.strftime("%H:%M"))
    submit = dialog.get_by_role("button", name="Enter it")
    await expect(submit).to_be_enabled(timeout=PATIENT_MS)
    await page.keyboard.press("Enter")
    if not is_refused:
        await expect(dialog).to_have_count(0, timeout=PATIENT_MS)


def header(page: Page, sign: str) -> Locator:
    """Return the head of a unit's row on the card."""
    return page.locator("table.stages").get_by_role("rowheader", name=sign, exact=True)


async def _type_time(page: Page, at: datetime) -> None:
    """Go from the field before a time to its day and its clock and type over what stands there."""
    for text in (at.strftime("%Y-%m-%d"), at.strftime("%H:%M")):
        await page.keyboard.press("Tab")
        await page.keyboard.press("ControlOrMeta+a")
        await page.keyboard.type(text)
