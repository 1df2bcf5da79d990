"""What a browser showed when a test failed: printed into the test's report, so that a refusal is understood from its log.

Nothing is saved: no picture, no trace, no file.
"""

import re
from typing import Any

import pytest
from playwright.async_api import Browser, Error, Page

FAILED = pytest.StashKey[bool]()
TEXT_MAX = 6_000  # characters of a page: more than a screen at 1366x768 holds
ANSWER_MS = 5_000  # a page that does not even say what it shows by then is stuck, which is what the report says

_SHOWN = """() => {
    const has = document.activeElement;
    const dialogs = [...document.querySelectorAll('[role=dialog], [role=alertdialog], [role=alert]')];
    return {
        focus: has ? has.outerHTML.slice(0, 300) : 'nothing',
        dialogs: dialogs.map((one) => one.innerText.slice(0, 500)),
        text: document.body.innerText,
    };
}"""


def note_outcome(item: pytest.Item, report: pytest.TestReport) -> None:
    """Remember that a test's own part failed, for the fixtures that end after it."""
    item.stash[FAILED] = item.stash.get(FAILED, False) or (report.when == "call" and report.failed)


async def tell_of(item: pytest.Item, browser: Browser) -> None:
    """Print what every open page shows, if the test failed."""
    if item.stash.get(FAILED, False):
        for context in browser.contexts:
            for number, page in enumerate(context.pages, 1):
                print(f"--- page {number} of {len(context.pages)}: {page.url}")
                print(await _told(page))


async def _told(page: Page) -> str:
    try:
        handle = await page.wait_for_function(f"({_SHOWN})()", timeout=ANSWER_MS)
        shown: dict[str, Any] = await handle.json_value()
    except Error as error:
        return f"it does not answer: {error.message}"
    text = re.sub(r"\s*\n\s*", "\n", shown["text"])
    dialogs = "".join(f"dialog or alert: {one}\n" for one in shown["dialogs"])
    return f"focus: {shown['focus']}\n{dialogs}text:\n{text[:TEXT_MAX]}"
