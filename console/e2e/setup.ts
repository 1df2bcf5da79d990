// What every browser check shares: one Chromium, a mock centre per file, and loud words when it cannot run.
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe } from "vitest";
import { startMock, type Mock } from "../mock/server.mjs";
import { launch, missing, openPage, signIn, STATIC } from "./browser.mjs";

export { SHOWN_MS } from "./browser.mjs";

export const why = missing();
if (why) console.warn(`\n!!! BROWSER CHECKS SKIPPED: ${why}\n`);
export const describeInBrowser = why ? describe.skip : describe;

export interface Bench {
  browser: Browser;
  mock: Mock;
  open(options?: { login?: string; width?: number; height?: number; language?: string; theme?: string }): Promise<{ page: Page; faults: string[]; close(): Promise<void> }>;
  control(wish: object): Promise<{ streams: number; snapshot: number; stream: number; card: number; command: number; seq: number }>;
}

export function bench(scale = "small", more: { withBasemap?: boolean } = {}): Bench {
  const held = {} as Bench;
  beforeAll(async () => {
    if (why) return;
    held.browser = await launch();
    held.mock = await startMock({ scale, staticDir: STATIC, ...more });
  });
  afterAll(async () => {
    await held.browser?.close();
    held.mock?.close();
  });
  // A check that failed half-way must not leave its faults to the next.
  afterEach(async () => {
    if (held.mock) await held.control({ refuse: false, lose_answers: 0, min_cursor: 0, clock: null });
  });
  held.open = async ({ login = "supervisor", ...options } = {}) => {
    const { page, context, faults } = await openPage(held.browser, { url: held.mock.url, ...options });
    await signIn(page, login);
    return { page, faults, close: () => context.close() };
  };
  held.control = async (wish) => {
    const response = await fetch(`${held.mock.url}/mock/control`, { method: "POST", body: JSON.stringify(wish) });
    return (await response.json()) as Awaited<ReturnType<Bench["control"]>>;
  };
  return held;
}

/** Policy violations seen by the page; none are forgiven. */
export function violations(page: Page): Promise<string[]> {
  return page.evaluate(() => (globalThis as unknown as { policyViolations: string[] }).policyViolations);
}

/** Shows what is within its time, where a new incident comes first: what is overdue stands above it in the whole queue. */
export async function showInTime(page: Page): Promise<void> {
  await page.locator(".group-chip.is-open").click();
}

/** Of the least priority, so that it is overdue in no check: an hour is longer than any. */
export async function createIncident(page: Page, { category = "theft", priority = "4" } = {}): Promise<void> {
  await page.goto("/new");
  await page.locator(".place-field input").fill("40.1, 64.3");
  await page.locator(".place-menu [role=option]").first().waitFor();
  await page.keyboard.press("Enter");
  await page.locator("#call-category").fill(category);
  await page.keyboard.press("Enter");
  await page.locator(`.priorities input[value="${priority}"]`).check();
  const reason = page.locator(".priority-field input[required]");
  if (await reason.count()) await reason.fill("worse than it sounds");
  await page.locator('form button[type="submit"]').click();
  await page.waitForURL(/\/desk\/.+/);
}
