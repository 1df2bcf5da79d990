import { expect, it } from "vitest";
import { bench, createIncident, describeInBrowser, showInTime, violations, SHOWN_MS } from "./setup";

describeInBrowser("two people at two desks", () => {
  const on = bench();

  it("see in one browser what is done in the other, without reload: created, assigned, three stages, corrected, closed", async () => {
    const first = await on.open({ login: "supervisor" });
    const second = await on.open({ login: "second" });
    await createIncident(first.page);
    const id = first.page.url().split("/").at(-1)!;
    await showInTime(second.page);
    const row = second.page.locator(`[data-id="${id}"] .queue-row`);
    await row.waitFor({ timeout: SHOWN_MS });
    expect(await row.innerText()).toContain("no unit");
    await row.click();

    await first.page.locator(".unit-assign").first().click();
    const stageButton = second.page.locator(".stages .button.is-primary");
    for (const name of ["En route", "On scene", "Cleared"]) {
      await stageButton.filter({ hasText: name }).click();
      await first.page.locator(".timeline .what", { hasText: name }).waitFor({ timeout: SHOWN_MS });
    }

    await first.page.locator(".timeline tr", { hasText: "On scene" }).getByRole("button", { name: "Correct" }).click();
    await first.page.getByLabel("It did not happen").check();
    await first.page.getByLabel("Reason").fill("Wrong unit pressed the button");
    await first.page.getByRole("dialog").getByRole("button", { name: "Correct" }).click();
    const struck = second.page.locator(".timeline tr.is-struck", { hasText: "On scene" });
    await struck.waitFor({ timeout: SHOWN_MS });
    expect(await struck.innerText()).toContain("Nodira Saidova");

    await second.page.locator(".card-actions").getByRole("button", { name: "Close" }).click();
    await second.page.getByLabel("Resolved on scene").check();
    await second.page.getByRole("button", { name: "Close incident" }).click();
    await first.page.locator(".notice", { hasText: "Closed: Resolved on scene" }).waitFor({ timeout: SHOWN_MS });
    await first.page.locator(`[data-id="${id}"]`).waitFor({ state: "detached" });
    expect([...first.faults, ...second.faults, ...(await violations(first.page)), ...(await violations(second.page))]).toEqual([]);
    await first.close();
    await second.close();
  });

  it("are told who was faster: 409 names who, what and when, and offers to reload", async () => {
    const { page, close } = await on.open();
    await createIncident(page);
    // Another desk acts while this one's stream is held back by a dropped frame in between.
    await page.route("**/dispatches", async (route) => {
      const body = route.request().postDataJSON() as { version: number };
      await route.continue({ postData: JSON.stringify({ ...body, version: body.version - 1 }) });
    });
    await page.locator(".unit-assign").first().click();
    const problem = page.locator(".units .problem");
    await problem.waitFor();
    expect(await problem.innerText()).toMatch(/was faster/);
    expect(await problem.getByRole("button", { name: "Reload" }).count()).toBe(1);
    await close();
  });

  it("without a connection nothing can be sent, and the panel says so", async () => {
    const { page, close } = await on.open();
    await createIncident(page);
    await page.locator(".unit-assign").first().waitFor();
    await on.control({ refuse: true });
    await page.locator(".units .notice.is-warning").waitFor({ timeout: SHOWN_MS });
    expect(await page.locator(".unit-assign").first().isDisabled()).toBe(true);
    await on.control({ refuse: false });
    await page.locator(".units .notice.is-warning").waitFor({ state: "detached", timeout: SHOWN_MS });
    expect(await page.locator(".unit-assign").first().isDisabled()).toBe(false);
    await close();
  });

  it("a map that does not come while the line is down takes nothing else away, and is fetched when the line is back", async () => {
    const { page, close } = await on.open();
    await page.evaluate(() => Object.assign(globalThis, { isSamePage: true }));
    await page.locator(".rail a[href='/figures']").click();
    await page.route("**/assets/map-*.js", (route) => route.abort());
    await on.control({ refuse: true });
    await page.locator(".link.is-offline").waitFor();
    await page.locator(".rail a[href='/map']").click();
    const missing = page.locator("[data-missing]");
    await missing.waitFor();
    expect(await missing.innerText()).toContain("did not come");
    expect(await missing.getByRole("button").count()).toBe(0); // To reload without a line would take the rest away too.

    await on.control({ refuse: false });
    await missing.getByRole("button", { name: "Reload" }).waitFor();
    await page.unroute("**/assets/map-*.js");
    await page.locator(".maplibregl-canvas").waitFor();
    expect(await page.evaluate(() => (globalThis as unknown as { isSamePage?: boolean }).isSamePage)).toBe(true);
    await close();
  });

  it("rights that change while the line is bad leave the desk where it is, and come as soon as they can", async () => {
    const { page, close } = await on.open();
    let asked = 0;
    await page.route("**/api/me", (route) => ((asked += 1) <= 2 ? route.abort() : route.continue()));
    await page.evaluate(() => Object.assign(document.querySelector(".desk")!, { isSame: true }));
    await on.control({ end: { code: "access_changed", status: 403 } });
    while (asked < 3) await page.waitForTimeout(50);
    await page.locator(".queue-row").first().waitFor();
    expect(await page.evaluate(() => (document.querySelector(".desk") as unknown as { isSame?: boolean }).isSame)).toBe(true);
    await close();
  });

  it("an act whose answer is lost is sent again under its key and done once", async () => {
    const { page, close } = await on.open();
    await createIncident(page);
    const before = (await on.control({ lose_answers: 1 })).command;
    await page.locator(".note-form textarea").fill("Second call from the same street");
    await page.locator(".note-form button").click();
    await page.locator(".notes", { hasText: "Second call from the same street" }).waitFor({ timeout: SHOWN_MS });
    expect((await on.control({})).command).toBe(before + 1);
    expect(await page.locator(".notes p", { hasText: "Second call" }).count()).toBe(1);
    await close();
  });

  it("reading the caller's data happens on opening, not on walking through the queue", async () => {
    const { page, close } = await on.open();
    await page.waitForSelector(".queue-row");
    const before = (await on.control({})).card;
    for (let i = 0; i < 4; i += 1) await page.keyboard.press("KeyJ");
    await page.waitForTimeout(300);
    expect(await page.locator(".card-title").count()).toBe(1);
    expect((await on.control({})).card).toBe(before);
    await page.keyboard.press("Enter");
    await page.locator(".card", { hasText: "This reading is recorded" }).or(page.locator(".card", { hasText: "have been erased" })).first().waitFor();
    expect((await on.control({})).card).toBe(before + 1);
    await close();
  });

  it("keys go by place: the key of J on a Cyrillic layout moves the queue, N opens the form, Esc keeps what was typed", async () => {
    const { page, close } = await on.open();
    await page.waitForSelector(".queue-row");
    await page.evaluate(() => document.body.dispatchEvent(new KeyboardEvent("keydown", { code: "KeyJ", key: "о", bubbles: true })));
    await page.locator(".queue-row.is-selected").waitFor();
    await page.evaluate(() => document.body.dispatchEvent(new KeyboardEvent("keydown", { code: "KeyN", key: "т", bubbles: true })));
    await page.waitForURL(/\/new$/);
    await page.locator("input[type=tel]").fill("+998 90 111 22 33");
    await page.keyboard.press("Escape");
    await page.locator(".queue-row").first().waitFor();
    await page.keyboard.press("KeyN");
    expect(await page.locator("input[type=tel]").inputValue()).toBe("+998 90 111 22 33");
    const kept = await page.evaluate(() => JSON.stringify([{ ...sessionStorage }, { ...localStorage }]));
    expect(kept).not.toContain("111 22 33");
    await close();
  });

  it("a new row never moves the row under the pointer, nor the selected one", async () => {
    const { page, close } = await on.open({ login: "officer" });
    const other = await on.open({ login: "second" });
    await page.waitForSelector(".queue-row");
    await showInTime(page);
    for (let n = 0; n < 5; n += 1) await createIncident(other.page, { priority: "4" });
    const row = page.locator(".queue-row").nth(4);
    await row.hover();
    const id = await row.locator("..").getAttribute("data-id");
    const held = page.locator(`[data-id="${id}"]`);
    const before = (await held.boundingBox())!.y;
    await createIncident(other.page, { priority: "1" });
    await createIncident(other.page, { priority: "1" });
    await page.waitForTimeout(600);
    expect(Math.abs((await held.boundingBox())!.y - before)).toBeLessThanOrEqual(1);
    const chip = (await page.locator(".chip-above").boundingBox())!;
    expect(chip.y + chip.height).toBeLessThanOrEqual((await page.locator(".queue .scroll").boundingBox())!.y);

    await held.locator("button").click();
    await page.mouse.move(700, 300);
    const selected = (await held.boundingBox())!.y;
    await createIncident(other.page, { priority: "1" });
    await page.waitForTimeout(600);
    expect(Math.abs((await held.boundingBox())!.y - selected)).toBeLessThanOrEqual(1);
    await close();
    await other.close();
  });
});
