// What the build promises: an old Node is refused in words, the lock names no registry, the page carries nothing inline.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..");
const text = (path: string) => readFileSync(join(root, path), "utf8");

function checkNode(version: string): { exits: number[]; said: string } {
  const exits: number[] = [];
  let said = "";
  runInNewContext(text("scripts/check-node.mjs"), {
    process: { versions: { node: version }, exit: (code: number) => exits.push(code) },
    console: { error: (line: string) => (said += line) },
  });
  return { exits, said };
}

describe("the build", () => {
  it.each(["18.20.4", "20.18.3", "8.0.0"])("refuses Node %s and says what to do", (version) => {
    const { exits, said } = checkNode(version);
    expect(exits).toEqual([1]);
    expect(said).toContain("20.19");
    expect(said).toContain(version);
  });

  it.each(["20.19.0", "22.1.0", "24.0.0"])("takes Node %s", (version) => {
    expect(checkNode(version).exits).toEqual([]);
  });

  it("has a lock file without addresses of packages, and exact versions", () => {
    const lock = JSON.parse(text("package-lock.json")) as { packages: Record<string, { resolved?: string }> };
    expect(Object.values(lock.packages).filter((entry) => entry.resolved)).toEqual([]);
    const { dependencies, devDependencies } = JSON.parse(text("package.json")) as Record<string, Record<string, string>>;
    for (const version of Object.values({ ...dependencies, ...devDependencies })) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it("has a page without inline script, style or address of another host", () => {
    const page = text("index.html");
    expect(page).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=|https?:\/\//);
  });
});
