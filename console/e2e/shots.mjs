// Takes a picture of every screen for people to look at: node e2e/shots.mjs OUT_DIR [--scale small] [--only desk,map] [--languages en,ru] [--sizes wide,phone] [--themes day,night] [--url http://127.0.0.1:8102 --login L --password P]
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startMock } from "../mock/server.mjs";
import { launch, missing, openPage, signIn, STATIC } from "./browser.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scale: { type: "string", default: "small" }, only: { type: "string", default: "" }, languages: { type: "string", default: "en" },
    sizes: { type: "string", default: "wide" }, themes: { type: "string", default: "day" }, replay: { type: "boolean", default: false },
    url: { type: "string" }, login: { type: "string", default: "supervisor" }, password: { type: "string", default: "demo" },
  },
});
const why = missing();
if (why) throw new Error(why);
const out = positionals[0] ?? "shots";
mkdirSync(out, { recursive: true });
const SIZES = { wide: [1366, 768], phone: [390, 844] };

const painted = async (page) => {
  await page.waitForFunction(() => Number(document.querySelector(".map")?.dataset.painted) > 0, null, { timeout: 30_000 }).catch(() => undefined);
  await page.waitForTimeout(700);
};
const openFirst = async (page) => {
  await page.goto("/desk");
  await page.waitForTimeout(600);
  const row = page.locator(".queue-row:not(:has(.is-none))").first();
  if (await row.count()) await row.click();
  await page.waitForTimeout(1500);
};
const SCREENS = {
  desk: openFirst,
  map: async (page) => (await page.goto("/map"), painted(page)),
  district: async (page) => (await page.goto("/map/3"), painted(page)),
  new: async (page) => (await page.goto("/new"), page.waitForTimeout(2000)),
  records: async (page) => (await page.goto("/incidents"), page.waitForTimeout(800)),
  units: async (page) => (await page.goto("/units"), page.waitForTimeout(1200)),
  figures: async (page) => (await page.goto("/figures"), page.waitForTimeout(800)),
  territories: async (page) => (await page.goto("/territories"), page.waitForTimeout(800)),
  close: async (page) => {
    await openFirst(page);
    await page.locator(".card-actions .button").nth(2).click();
    await page.waitForTimeout(400);
  },
  change: async (page) => {
    await openFirst(page);
    await page.locator(".card-close").click();
    await page.waitForTimeout(400);
  },
  correct: async (page) => {
    await openFirst(page);
    await page.locator(".timeline button").first().click();
    await page.waitForTimeout(400);
  },
  keys: async (page) => {
    await page.goto("/desk");
    await page.waitForTimeout(800);
    await page.keyboard.press("Shift+Slash");
    await page.waitForTimeout(400);
  },
};
const wanted = values.only ? values.only.split(",") : Object.keys(SCREENS);
const mock = values.url ? null : await startMock({ scale: values.scale, staticDir: STATIC });
const url = values.url ?? mock.url;
if (mock && values.replay) mock.world.clock = { at: "2020-04-03T03:12:00Z", speed: 60, source: "sffd" };
const browser = await launch();
for (const size of values.sizes.split(",")) {
  for (const theme of values.themes.split(",")) {
    for (const language of values.languages.split(",")) {
      const { page, context, faults } = await openPage(browser, { url, width: SIZES[size][0], height: SIZES[size][1], language, theme });
      const shoot = (name) => page.screenshot({ path: join(out, `${name}-${values.scale}-${size}-${theme}-${language}.png`) });
      await page.goto("/");
      await page.waitForSelector("form");
      if (wanted.includes("sign-in") || !values.only) await shoot("sign-in");
      await signIn(page, values.login, values.password);
      for (const name of wanted.filter((one) => SCREENS[one])) {
        await SCREENS[name](page);
        await shoot(name);
      }
      const violations = await page.evaluate(() => globalThis.policyViolations);
      if (faults.length + violations.length > 0) console.log(size, theme, language, faults, violations);
      await context.close();
    }
  }
}
await browser.close();
mock?.close();
