"""What a desk shows, read off the page row by row, and what the snapshot says it should show."""

from dataclasses import dataclass
from typing import Any

from playwright.async_api import Page

# The lists draw only the rows in view: they are scrolled through, and the rows met on the way are kept.
READ = """async () => {
  const drawn = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const through = async (box, row, take) => {
    const found = {};
    if (!box) return found;
    for (let at = 0; ; at += 150) {
      box.scrollTop = at;
      await drawn();
      for (const one of box.querySelectorAll(row)) {
        const [key, value] = take(one);
        found[key] = value;
      }
      if (at > box.scrollHeight) break;
    }
    box.scrollTop = 0;
    return found;
  };
  const text = (one, selector) => one.querySelector(selector)?.textContent.trim() ?? "";
  return {
    incidents: await through(document.querySelector(".queue .scroll"), "li.row-slot", (one) => [
      one.dataset.id, [text(one, ".queue-where bdi"), text(one, ".queue-units bdi").split(", ").filter(Boolean).sort().join(" ")]]),
    units: await through(document.querySelector(".panel.units .scroll"), "li.row-slot", (one) => [
      text(one, ".unit-name bdi"), text(one, ".status")]),
    counted: Number(text(document, "#queue-title .count").match(/\\d+/)?.[0] ?? -1),
    alarms: [...document.querySelectorAll(".alarm-count")].reduce((sum, one) => sum + Number(one.textContent.match(/\\d+/)[0]), 0),
  };
}"""


@dataclass(frozen=True)
class Desk:
    """Open incidents with number and call signs at work, units on duty with their status, and how many alarms stand."""

    incidents: dict[str, list[str]]
    units: dict[str, str]
    counted: int
    alarms: int


async def shown_by_desk(page: Page) -> Desk:
    """Read the desk in English; no incident may be open beside it, or the units stand in its order only."""
    return Desk(**await page.evaluate(READ))


def told_by_snapshot(snapshot: dict[str, Any]) -> Desk:
    """Return what the desk of somebody with this picture should show."""
    incidents = {one["id"]: [one["number"], _at_work(one)] for one in snapshot["incidents"]}
    units = {
        one["call_sign"]: one["status"].replace("_", " ") for one in snapshot["units"] if one["status"] != "off_duty"
    }
    return Desk(incidents, units, len(incidents), len(snapshot["alarms"]))


def _at_work(incident: dict[str, Any]) -> str:
    return " ".join(
        sorted(unit["call_sign"] for unit in incident["units"].values() if not unit["stages"].get("cleared"))
    )
