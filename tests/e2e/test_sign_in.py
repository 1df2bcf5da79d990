"""Signing in and the own account in a real browser: codes, a passkey by Chromium's virtual authenticator, other sessions."""

import io
import re
from datetime import UTC, datetime

import pyotp
import pytest
import zxingcpp
from PIL import Image
from playwright.async_api import Browser, Page, expect
from tests.e2e.conftest import DESKTOP, PHONE, SHOWN_MS
from tests.support.fixtures import OpenCentre
from tests.support.land import Land
from tests.support.live import serving
from tests.support.operations import PASSWORD
from tests.support.people import make_person
from tests.support.sound import holds

from markaz.core.identity.passkeys import Site
from markaz.core.permissions import Grant, Role

pytestmark = pytest.mark.browser

# A platform authenticator that has asked for the finger (WebAuthn Automation, W3C level 2, section 11).
VIRTUAL = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


async def sign_in(page: Page, address: str) -> None:
    await page.goto(address)
    await page.get_by_label("Login").fill("aziza")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")


async def scanned(page: Page) -> str:
    """Read the QR code from the screen, as a phone would."""
    shot = Image.open(io.BytesIO(await page.locator(".account-qr").screenshot())).convert("L")
    (found,) = zxingcpp.read_barcodes(shot, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    return str(found.text)


async def read_by_hand_and_by_phone(page: Page) -> str:
    """Return the secret as it is typed, after a reader has found the same on the screen by day and by night."""
    secret = re.sub(r"\s", "", await page.locator(".account-secret").inner_text())
    await page.emulate_media(color_scheme="light")
    by_day = await scanned(page)
    await page.emulate_media(color_scheme="dark")
    by_night = await scanned(page)
    assert by_day == by_night
    assert f"secret={secret}&" in by_day
    return secret


async def test_a_supervisor_adds_codes_and_a_passkey_signs_in_by_each_and_ends_another_session(
    open_centre_with: OpenCentre, browser: Browser
) -> None:
    centre = await open_centre_with()
    grants = (Grant(Role.SUPERVISOR, Land.REGION),)
    await make_person(centre.centre.database, "aziza", grants, now=datetime.now(UTC), password=PASSWORD)
    async with serving(centre) as served:
        address = served.replace("127.0.0.1", "localhost")
        centre.centre.signing_in.site = Site.of(address)
        context = await browser.new_context(viewport=DESKTOP, locale="en-GB")  # type: ignore[arg-type]
        page = await context.new_page()
        devices = await context.new_cdp_session(page)
        await devices.send("WebAuthn.enable")
        await devices.send("WebAuthn.addVirtualAuthenticator", {"options": VIRTUAL})

        # A password alone opens nothing but the adding of a second factor.
        await sign_in(page, address)
        await expect(page.get_by_role("heading", name="One more step")).to_be_visible(timeout=SHOWN_MS * 3)
        await holds(page, page.url)
        await page.get_by_role("button", name="Add one-time codes").click()
        secret = await read_by_hand_and_by_phone(page)
        await holds(page, page.url)
        await page.get_by_label("The code that the app shows now").fill(pyotp.TOTP(secret).now())
        await page.keyboard.press("Enter")
        await expect(page.locator(".account-codes li")).to_have_count(10)
        recovery = await page.locator(".account-codes li").first.inner_text()
        await page.get_by_role("button", name="I have written them down").click()
        await page.get_by_role("link", name=re.compile("My account")).click()
        await expect(page.get_by_text("10 recovery codes are left")).to_be_visible(timeout=SHOWN_MS)

        # A passkey, added on the account page; then it signs in without a password.
        await page.get_by_label("A name by which you know it again").fill("Desk laptop")
        await page.get_by_role("button", name="Add a passkey").click()
        await expect(page.get_by_text("Desk laptop")).to_be_visible(timeout=SHOWN_MS)
        await holds(page, page.url)
        await page.get_by_role("button", name="Sign out").click()
        await page.get_by_role("button", name="Sign in with a passkey").click()
        await expect(page.get_by_role("link", name=re.compile("My account"))).to_be_visible(timeout=SHOWN_MS * 3)

        # Elsewhere: password, then a code that is wrong, then a recovery code in its place.
        other = await browser.new_context(viewport=PHONE, locale="en-GB")  # type: ignore[arg-type]
        phone = await other.new_page()
        await sign_in(phone, address)
        await phone.get_by_label("One-time code").fill("000000")
        await phone.keyboard.press("Enter")
        await expect(phone.get_by_role("alert")).to_contain_text("The code is wrong")
        await holds(phone, phone.url)
        await phone.get_by_role("button", name="use a recovery code").click()
        await phone.get_by_label("Recovery code").fill(recovery)
        await phone.keyboard.press("Enter")
        await expect(phone.get_by_role("link", name=re.compile("My account"))).to_be_visible(timeout=SHOWN_MS * 3)
        await phone.get_by_role("link", name=re.compile("My account")).click()
        await expect(phone.get_by_text("9 recovery codes are left")).to_be_visible(timeout=SHOWN_MS)
        await holds(phone, phone.url)

        # The owner sees that session and ends it: that browser is signed out at once.
        await page.goto(f"{address}/account")
        await expect(page.get_by_text("password and recovery code")).to_be_visible(timeout=SHOWN_MS)
        await page.get_by_role("button", name=re.compile("End the session")).click()
        await expect(page.get_by_text("password and recovery code")).to_have_count(0)
        await expect(phone.get_by_label("Login")).to_be_visible(timeout=SHOWN_MS * 3)

        # After five minutes a change asks who sits here; the same change then goes on by itself.
        await centre.as_owner("UPDATE sessions SET proven_at = proven_at - interval '6 minutes'")
        await page.get_by_role("button", name="Remove Desk laptop").click()
        await page.get_by_role("dialog").get_by_role("button", name="With a passkey").click()
        await expect(page.get_by_text("Desk laptop")).to_have_count(0, timeout=SHOWN_MS)
        await context.close()
        await other.close()


async def test_a_crew_is_sent_from_its_phone_to_add_codes_and_comes_back(
    open_centre_with: OpenCentre, browser: Browser
) -> None:
    centre = await open_centre_with()
    grants = (Grant(Role.UNIT_OFFICER, Land.REGION),)
    await make_person(centre.centre.database, "aziza", grants, now=datetime.now(UTC), password=PASSWORD)
    async with serving(centre) as address:
        context = await browser.new_context(viewport=PHONE, locale="en-GB")  # type: ignore[arg-type]
        page = await context.new_page()
        await sign_in(page, f"{address}/unit/")
        await expect(page.get_by_role("heading", name="One more step")).to_be_visible(timeout=SHOWN_MS * 3)
        await holds(page, page.url)
        await page.get_by_role("button", name="Add one-time codes").click()
        secret = re.sub(r"\s", "", await page.locator(".account-secret").inner_text())
        await page.get_by_label("The code that the app shows now").fill(pyotp.TOTP(secret).now())
        await page.keyboard.press("Enter")
        recovery = await page.locator(".account-codes li").first.inner_text()
        await page.get_by_role("button", name="I have written them down").click()
        await expect(page.get_by_role("heading", name="Which unit")).to_be_visible(timeout=SHOWN_MS * 3)
        assert page.url.endswith("/unit/")
        await page.get_by_role("button", name="Sign out").click()
        await sign_in(page, f"{address}/unit/")
        await page.get_by_label("One-time code or recovery code").fill(recovery)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Which unit")).to_be_visible(timeout=SHOWN_MS * 3)
