import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { bench, describeInBrowser, violations, SHOWN_MS } from "./setup";

async function painted(page: Page): Promise<void> {
  await page.waitForFunction(() => Number(document.querySelector<HTMLElement>(".map")?.dataset.painted) > 0, null, { timeout: SHOWN_MS });
}

/** The colour of the map at a point of its canvas, from a picture of it. */
async function colourAt(page: Page, x: number, y: number): Promise<number[]> {
  const box = (await page.locator(".map-area").boundingBox())!;
  const shot = await page.screenshot({ clip: { x: box.x + x, y: box.y + y, width: 2, height: 2 } });
  return page.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const context = new OffscreenCanvas(2, 2).getContext("2d")!;
    context.drawImage(image, 0, 0);
    return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
  }, shot.toString("base64"));
}

describeInBrowser("the map", () => {
  const on = bench();

  it("drills from region to district to neighbourhood and back by the way it came; the list beside it says the same", async () => {
    const { page, close } = await on.open();
    await page.goto("/map");
    await painted(page);
    const way: string[] = [];
    for (let level = 0; level < 3; level += 1) {
      const first = page.locator(".twin table").first().locator("tbody th a").first();
      way.push(await first.innerText());
      await first.click();
      await page.locator(".crumbs [aria-current=page]", { hasText: way.at(-1)! }).waitFor();
    }
    const crumbs = await page.locator(".crumbs li").allInnerTexts();
    expect(crumbs.slice(1)).toEqual(way);
    await page.locator(".crumbs a").nth(1).click();
    await page.locator(".crumbs [aria-current=page]", { hasText: way[0]! }).waitFor();
    const counted = (await page.locator(".twin table").first().locator("tbody td:nth-child(2)").allInnerTexts()).reduce((sum, text) => sum + Number(text), 0);
    expect(await page.locator(".map-head p").innerText()).toContain(`Open: ${counted}`);
    await close();
  });

  it("goes into a territory by a click on it", async () => {
    const { page, close } = await on.open();
    await page.goto("/map");
    await painted(page);
    await page.waitForTimeout(500);
    const box = (await page.locator(".map").boundingBox())!;
    await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2 - 60);
    await page.waitForURL(/\/map\/\d+/);
    await close();
  });

  it("takes the place of a new incident from a click", async () => {
    const { page, close } = await on.open();
    await page.goto("/new");
    await painted(page);
    const box = (await page.locator(".map").boundingBox())!;
    await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
    await page.locator(".place-chosen").waitFor();
    expect(await page.locator(".place-field input").inputValue()).toMatch(/^4\d\.\d{5}, 6\d\.\d{5}$/);
    await close();
  });
});

describeInBrowser("a base map of one file", () => {
  const on = bench("empty", { withBasemap: true });
  it("is drawn under the territories, read by ranges from our own server, within the policy", async () => {
    const { page, faults, close } = await on.open();
    const ranges: string[] = [];
    page.on("request", (request) => {
      if (request.url().endsWith("/basemap.pmtiles")) ranges.push(request.headers().range ?? "whole");
    });
    await page.goto("/map");
    await page.waitForFunction(() => document.querySelector<HTMLElement>(".map")?.dataset.painted !== undefined, null, { timeout: SHOWN_MS });
    const isTile = async () => {
      const [red, green, blue] = await colourAt(page, 20, 20);
      return blue! - red! > 40 && green! > 140; // the blue-grey tile, not the plain ground
    };
    await expect.poll(isTile, { timeout: SHOWN_MS }).toBe(true);
    expect(ranges.length).toBeGreaterThan(0);
    expect(ranges).not.toContain("whole");
    expect(await page.locator(".map-attribution").innerText()).toBe("Made for checks");
    expect([...faults, ...(await violations(page))]).toEqual([]);
    await close();
  });
});
