// Starts the installed Chromium and a page that is signed in; used by the checks and by the screenshots.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

export const STATIC = join(dirname(fileURLToPath(import.meta.url)), "../../src/markaz/web/static");
export const CHROMIUM = process.env.MARKAZ_CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync) ?? null;

/** How long a browser on a busy machine may take to show what it was told: no measurement, and nobody waits so long in vain. */
export const SHOWN_MS = 60_000;

const FLAGS = [
  "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-background-networking", "--disable-component-update",
  "--disable-gpu-compositing", // pages are drawn plainly, only maps by the graphics card that is imitated: nearly a third less work
  "--no-first-run", "--disable-sync",
];

/** Why the browser checks cannot run here, or null. */
export function missing() {
  if (!CHROMIUM) return "no Chromium is installed (MARKAZ_CHROMIUM names one; `make browser` installs it)";
  if (!existsSync(join(STATIC, "index.html"))) return "the console is not built (npm run build)";
  return null;
}

export function launch() {
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
}

/** A page in a context of its own that keeps every fault: page errors, policy violations, requests to elsewhere. */
export async function openPage(browser, { url, width = 1366, height = 768, language = "en", theme = "day" }) {
  const context = await browser.newContext({ viewport: { width, height }, baseURL: url });
  context.setDefaultTimeout(SHOWN_MS);
  await context.addInitScript(
    ([tag, name]) => {
      if (!localStorage.getItem("markaz.language")) localStorage.setItem("markaz.language", tag);
      if (!localStorage.getItem("markaz.theme")) localStorage.setItem("markaz.theme", name);
      globalThis.policyViolations = [];
      document.addEventListener("securitypolicyviolation", (event) => globalThis.policyViolations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
    },
    [language, theme],
  );
  const page = await context.newPage();
  const faults = watch(page, url);
  return { context, page, faults };
}

export function watch(page, url) {
  const faults = [];
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" && !/Failed to load resource|net::ERR/.test(message.text())) faults.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    const address = request.url();
    if (!address.startsWith(url) && !/^(blob|data):/.test(address)) faults.push(`outside request: ${address}`);
  });
  return faults;
}

export async function signIn(page, login = "supervisor", password = "demo") {
  await page.goto("/");
  await page.fill('input[name="login"]', login);
  await page.fill('input[name="password"]', password);
  await page.click('button[type="submit"]');
  await page.waitForSelector(".topbar");
  await page.waitForSelector(".link.is-live", { timeout: SHOWN_MS });
}
