import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { bench, describeInBrowser, violations, SHOWN_MS } from "./setup";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Fault {
  id: string;
  impact: string;
  nodes: { html: string; failureSummary: string }[];
}

/** Serious and critical faults. Run through the debugger's door, so that the page's own policy need not be opened for it. */
async function faultsOf(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const faults = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(options: object): Promise<{ violations: Fault[] }> } };
    return (await axe.run({ resultTypes: ["violations"] })).violations;
  });
  return faults
    .filter((fault) => fault.impact === "serious" || fault.impact === "critical")
    .map((fault) => `${fault.id} (${fault.impact}): ${fault.nodes.slice(0, 3).map((node) => `${node.html} ${node.failureSummary}`).join(" | ")}`);
}

const openFirst = async (page: Page) => {
  await page.goto("/desk");
  await page.locator(".queue-row:not(:has(.is-none))").first().click();
  await page.waitForSelector(".timeline tbody tr");
};
const SCREENS: Record<string, (page: Page) => Promise<unknown>> = {
  desk: openFirst,
  change: async (page) => (await openFirst(page), await page.locator(".card-change").click(), await page.waitForSelector("[role=dialog]")),
  correct: async (page) => (await openFirst(page), await page.locator(".timeline button").first().click(), await page.waitForSelector("[role=dialog]")),
  stages: async (page) => (await openFirst(page), await page.locator(".split-more").first().click(), await page.waitForSelector("[role=menu]")),
  keys: async (page) => (await page.goto("/desk"), await page.waitForSelector(".queue-row"), await page.keyboard.press("Shift+Slash"), await page.waitForSelector("[role=dialog]")),
  map: async (page) => (await page.goto("/map"), await page.waitForSelector(".twin tbody tr")),
  new: async (page) => (await page.goto("/new"), await page.waitForSelector("form select")),
  records: async (page) => (await page.goto("/incidents"), await page.waitForSelector("tbody tr")),
  units: async (page) => (await page.goto("/units"), await page.waitForSelector(".unit-line.row-slot")),
  alerts: async (page) => (await page.goto("/alerts"), await page.waitForSelector(".alerts h2")),
  figures: async (page) => (await page.goto("/figures"), await page.waitForSelector("tbody tr")),
  territories: async (page) => (await page.goto("/territories"), await page.waitForSelector("tbody tr")),
};

describeInBrowser("every screen", () => {
  const on = bench();

  it.each([["day", "uz-Cyrl"], ["night", "ru"]])("by %s in %s: axe finds nothing serious, the policy holds, nothing is asked of another host", async (theme, language) => {
    const { page, faults, close } = await on.open({ theme, language });
    const found: Record<string, string[]> = {};
    for (const [name, go] of Object.entries(SCREENS)) {
      await go(page);
      await page.waitForTimeout(250);
      const here = await faultsOf(page);
      if (here.length > 0) found[name] = here;
    }
    expect(found).toEqual({});
    expect([...faults, ...(await violations(page))]).toEqual([]);
    await close();
  });

  it("sign-in: axe finds nothing serious; a wrong password says what to check", async () => {
    const context = await on.browser.newContext({ baseURL: on.mock.url });
    const page = await context.newPage();
    await page.goto("/");
    await page.fill('input[name="login"]', "officer");
    await page.fill('input[name="password"]', "wrong");
    await page.click('button[type="submit"]');
    await page.waitForSelector("[role=alert]");
    expect(await faultsOf(page)).toEqual([]);
    await context.close();
  });

  it.each([[1366, 768], [390, 844]])("fits %i x %i without scrolling the page", async (width, height) => {
    const { page, close } = await on.open({ width, height, language: "uz-Cyrl" });
    await openFirst(page);
    await page.locator(".note-form textarea").fill("Изоҳ");
    await page.locator(".note-form button").click();
    await page.locator(".link.is-live").waitFor();
    expect(await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.scrollHeight])).toEqual([width, height]);
    for (const path of ["/desk", "/map", "/new", "/incidents", "/units", "/figures", "/alerts", "/territories"]) {
      await page.goto(path);
      await page.waitForTimeout(400);
      const size = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.scrollHeight]);
      expect(size, path).toEqual([width, height]);
    }
    await close();
  });

  it("a person without the right is not offered the act", async () => {
    const { page, close } = await on.open({ login: "observer" });
    await page.locator(".queue-row").first().click();
    await page.locator(".card", { hasText: "does not include the caller" }).waitFor();
    expect(await page.locator(".unit-assign, .card-actions .button, .note-form").count()).toBe(0);
    expect(await page.getByRole("link", { name: "New" }).count()).toBe(0);
    await close();
  });
});

describeInBrowser("hostile data", () => {
  const on = bench("hostile");
  it("is shown as text: no script runs, nothing breaks out of its place", async () => {
    const { page, faults, close } = await on.open();
    page.on("dialog", () => faults.push("a dialog opened"));
    for (const go of Object.values(SCREENS)) await go(page);
    await openFirst(page);
    await page.locator(".card", { hasText: '<script>alert("x")</script>' }).waitFor();
    expect(await page.locator("main img, main script").count()).toBe(0);
    const widths = await page.locator(".card-body").evaluate((element) => [element.scrollWidth, element.clientWidth]);
    expect(widths[0]).toBe(widths[1]);
    expect([...faults, ...(await violations(page))]).toEqual([]);
    await close();
  });
});

describeInBrowser("two thousand incidents and ten thousand units", () => {
  const on = bench("huge");
  it("cost one screen of rows, and say how long the first picture took", async () => {
    const { page, close } = await on.open();
    const started = Date.now();
    await page.goto("/desk");
    await page.waitForSelector(".queue-row");
    const shown_ms = Date.now() - started;
    expect(await page.locator(".queue .count").innerText()).toBe("2,000");
    expect(await page.locator(".queue-row").count()).toBeLessThan(40);
    expect(await page.locator(".unit-row").count()).toBeLessThan(40);
    await page.goto("/map");
    await page.waitForFunction(() => Number(document.querySelector<HTMLElement>(".map")?.dataset.painted) > 0, null, { timeout: SHOWN_MS });
    console.log(`first picture with 2,000 incidents and 10,000 units: ${shown_ms} ms`);
    await close();
  });
});
