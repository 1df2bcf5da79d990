import { expect, it } from "vitest";
import { openPage, signIn } from "./browser.mjs";
import { bench, createIncident, describeInBrowser, showInTime, SHOWN_MS } from "./setup";

describeInBrowser("the live picture in a browser", () => {
  const on = bench();

  it("uses one stream for eight tabs; when the leading tab closes the next goes on; all show the same", async () => {
    const { context, page } = await openPage(on.browser, { url: on.mock.url });
    await signIn(page);
    const tabs = [page];
    for (let i = 1; i < 8; i += 1) {
      const tab = await context.newPage();
      await tab.goto("/territories");
      await tab.waitForSelector(".link.is-live", { timeout: SHOWN_MS });
      tabs.push(tab);
    }
    expect((await on.control({})).streams).toBe(1);
    const other = await on.open({ login: "second" });
    await createIncident(other.page);
    await page.locator(".queue .count", { hasText: "27" }).waitFor({ timeout: SHOWN_MS });
    for (const tab of tabs.slice(1)) {
      await tab.bringToFront();
      await tab.getByText("27 open incidents").waitFor({ timeout: SHOWN_MS });
    }

    const snapshots = (await on.control({})).snapshot;
    await tabs[0]!.close();
    await tabs[7]!.bringToFront();
    await createIncident(other.page);
    await tabs[7]!.getByText("28 open incidents").waitFor({ timeout: SHOWN_MS });
    const after = await on.control({});
    expect(after.streams).toBe(2); // the seven tabs' and the other person's
    expect(after.snapshot - snapshots).toBeLessThanOrEqual(2);
    await context.close();
    await other.close();
  });

  it("says since when it is offline, keeps showing the picture, and catches up by itself", async () => {
    const { page, close } = await on.open();
    await page.waitForSelector(".queue-row");
    await on.control({ refuse: true });
    const chip = page.locator(".link.is-offline");
    await chip.waitFor({ timeout: SHOWN_MS });
    expect(await chip.innerText()).toMatch(/OFFLINE since \d\d:\d\d/);
    expect(await page.locator(".band-offline").count()).toBe(1);
    expect(await page.locator(".queue-row").count()).toBeGreaterThan(3);
    await on.control({ refuse: false });
    await page.waitForSelector(".link.is-live", { timeout: SHOWN_MS });
    await close();
  });

  it("takes a new snapshot after a hole in the numbers", async () => {
    const { page, close } = await on.open();
    const other = await on.open({ login: "second" });
    await showInTime(page);
    const before = (await on.control({ skip: 3 })).snapshot;
    await createIncident(other.page);
    const id = other.page.url().split("/").at(-1)!;
    await page.locator(`[data-id="${id}"]`).waitFor({ timeout: SHOWN_MS });
    expect((await on.control({})).snapshot).toBeGreaterThan(before);
    await close();
    await other.close();
  });

  it("labels a replay's clock on every screen", async () => {
    const { page, close } = await on.open();
    await on.control({ clock: { at: "2020-04-03T03:12:00Z", speed: 60, source: "sffd" } });
    for (const path of ["/desk", "/map", "/incidents"]) {
      await page.goto(path);
      const band = page.locator(".band-replay");
      await band.waitFor();
      expect(await band.innerText()).toMatch(/REPLAY .*2020.*×.*60.*sffd/);
    }
    await on.control({ clock: null });
    await close();
  });

  it("signing out in one tab empties them all", async () => {
    const { context, page } = await openPage(on.browser, { url: on.mock.url });
    await signIn(page);
    const second = await context.newPage();
    await second.goto("/units");
    await second.waitForSelector(".link.is-live");
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForSelector('input[name="login"]');
    await second.waitForSelector('input[name="login"]', { timeout: SHOWN_MS });
    await context.close();
  });

  it("shows a stale position as stale: a dashed word in the lists, told apart from a fresh one without colour", async () => {
    const { page, close } = await on.open();
    await page.goto("/units");
    const stale = page.locator(".position-age.is-stale").first();
    await stale.waitFor();
    expect(await stale.evaluate((element) => getComputedStyle(element).borderStyle)).toBe("dashed");
    expect(await stale.innerText()).toMatch(/stale.*min/);
    await close();
  });
});
