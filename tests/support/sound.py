"""What every screen must hold: no barrier that axe knows of for those who cannot see or use a mouse, and nothing that scrolls sideways."""

from pathlib import Path

import pytest
from playwright.async_api import Page

AXE = Path(__file__).parents[2] / "console" / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = frozenset({"serious", "critical"})


async def barriers(page: Page, *within: str) -> list[tuple[str, str, str]]:
    """Return (impact, rule, element) of all that axe finds in these parts of the page, or in all of it."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed: run `npm ci` in console/")
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    found = await page.evaluate(
        "parts => axe.run(parts ?? document, {resultTypes: ['violations']})",
        {"include": [[part] for part in within]} if within else None,
    )
    return [(one["impact"], one["id"], one["nodes"][0]["html"][:200]) for one in found["violations"]]


async def holds(page: Page, what: str, *within: str) -> None:
    """No serious barrier in these parts of the page, or in all of it, and nothing that scrolls sideways."""
    serious = [one for one in await barriers(page, *within) if one[0] in SERIOUS]
    assert not serious, f"{what}: {serious}"
    assert not await page.evaluate("document.documentElement.scrollWidth > innerWidth"), f"{what} scrolls sideways"
