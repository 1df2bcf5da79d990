import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Command } from "../src/api/client";
import { OwnActs, ownActs, recordOf } from "../src/api/own-acts";
import { foresee } from "../src/commands/foresee";
import { parse } from "../src/commands/parse";
import { resolve, type Plan } from "../src/commands/resolve";
import { incident, unit } from "./make";

const STAGES = "/api/incidents/i/assignments/u/stages";
const NOTES = "/api/incidents/i/notes";

describe("the version that an act names", () => {
  it("is the one that one's own acts made of the one seen", () => {
    const acts = new OwnActs();
    acts.learn(STAGES, { version: 5 }, { version: 6 });
    acts.learn(NOTES, { text: "" }, { version: 7 });
    acts.learn("/api/incidents/i/swaps", { version: 7 }, { version: 9 });
    expect([4, 5, 6, 7, 8, 9, 10].map((seen) => acts.after("i", seen))).toEqual([4, 9, 9, 9, 9, 9, 10]);
    expect(acts.after("other", 5)).toBe(5);
  });

  it("never hides what somebody else did between, before a note or after it", () => {
    const before = new OwnActs();
    before.learn(STAGES, { version: 5 }, { version: 6 });
    before.learn(NOTES, { text: "" }, { version: 8 }); // 7 is another's
    expect([5, 6].map((seen) => before.after("i", seen))).not.toContain(8);
    expect(before.after("i", 7)).toBe(8); // who has seen theirs may go on
    const alone = new OwnActs();
    alone.learn(NOTES, { text: "" }, { version: 7 });
    expect(alone.after("i", 5)).toBe(5);
  });

  it("is that of the record in the path, and no other's", () => {
    expect(recordOf(STAGES)).toBe("i");
    expect(recordOf("/api/incidents/i/finished-sendings/7/strike")).toBe("i");
    expect(recordOf("/api/units/u/status")).toBe("u");
    for (const path of ["/api/incidents/i/parties/p/corrections", "/api/incidents/i/vehicles/v/corrections", "/api/incidents/i/merge", "/api/incidents", "/api/alerts/a/draft", "/api/find"]) {
      expect(recordOf(path)).toBeNull();
    }
  });

  it("is known of the units that an act moved on", () => {
    const acts = new OwnActs();
    acts.learn("/api/incidents/i/dispatches", { version: 1 }, { version: 2, unit_versions: { u: 4, v: 9 } });
    acts.learn(STAGES, { version: 2 }, { version: 3, unit_versions: { u: 5 } });
    expect([acts.after("u", 3), acts.after("v", 8), acts.after("u", 2)]).toEqual([5, 9, 2]);
  });

  it("is accepted only if nobody else changed the record since it was seen", () => {
    // Whoever did each change; the picture stands still at 0.
    fc.assert(
      fc.property(fc.array(fc.constantFrom("own", "note", "other"), { maxLength: 12 }), (changes) => {
        const acts = new OwnActs();
        let version = 0;
        let isOthers = false;
        for (const change of changes) {
          const named = acts.after("i", 0);
          if (change === "other") isOthers = true;
          if (change === "own" && named !== version) {
            expect(isOthers).toBe(true);
            continue; // refused
          }
          expect(change === "own" && isOthers).toBe(false);
          version += 1;
          if (change === "own") acts.learn(STAGES, { version: named }, { version });
          if (change === "note") acts.learn(NOTES, {}, { version });
        }
      }),
      { numRuns: 200, seed: 7 },
    );
  });
});

describe("acts on one record", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    ownActs.clear();
  });

  it("wait for each other, and a failed one holds none up; acts on another record do not wait", async () => {
    const answers: ((answer: Response) => void)[] = [];
    const fetch = vi.fn((..._asked: [string, RequestInit]) => new Promise<Response>((resolve) => answers.push(resolve)));
    vi.stubGlobal("fetch", fetch);
    const sent = () => fetch.mock.calls.map(([path, init]) => [path, (JSON.parse(init.body as string) as { version: number }).version]);
    const answer = (status: number, body: unknown) => new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });
    const hold = "/api/incidents/i/hold";
    const first = new Command("POST", STAGES, { version: 5 }).send();
    const second = new Command("POST", hold, { version: 5 }).send();
    const third = new Command("POST", STAGES, { version: 5 }).send();
    const other = new Command("POST", "/api/units/u/status", { version: 5 }).send();
    expect(sent()).toEqual([[STAGES, 5], ["/api/units/u/status", 5]]);
    answers[0]!(answer(200, { version: 6 }));
    await first;
    await vi.waitFor(() => expect(sent()[2]).toEqual([hold, 6]));
    answers[2]!(answer(409, { code: "version_conflict", message: "" }));
    await expect(second).rejects.toThrow("version_conflict");
    await vi.waitFor(() => expect(sent()[3]).toEqual([STAGES, 6]));
    answers[1]!(answer(200, { version: 6 }));
    answers[3]!(answer(200, { version: 7 }));
    await Promise.all([third, other]);
  });

  it("keep one body under one key, also when sent again after another act", async () => {
    const bodies: unknown[] = [];
    vi.stubGlobal("fetch", (_path: string, init: RequestInit) => {
      bodies.push(JSON.parse(init.body as string));
      return Promise.resolve(new Response(JSON.stringify(bodies.length === 1 ? { code: "server_error" } : { version: 6 }), { status: bodies.length === 1 ? 500 : 200 }));
    });
    const lost = new Command("POST", STAGES, { version: 5 });
    await expect(lost.send()).rejects.toThrow();
    await new Command("POST", STAGES, { version: 5 }).send();
    await lost.send();
    expect(bodies).toEqual([{ version: 5 }, { version: 5 }, { version: 5 }]);
  });
});

describe("a line typed before the picture shows the one before it", () => {
  const picture = () => ({ incidents: [incident("x", { number: "1042", version: 3 })], units: [unit("a", { call_sign: "U17", version: 8 })] });
  const typed = (...lines: string[]) => {
    const plans: Plan[] = [];
    for (const line of lines) {
      const found = resolve(parse(line), foresee(picture(), plans));
      if ("trouble" in found) return found.trouble.code;
      plans.push(found.plan);
    }
    return plans.map((plan) => [plan.kind, "incident" in plan ? plan.incident.version : "unit" in plan ? plan.unit.version : null]);
  };

  it("means what it will mean, and keeps the versions that were seen", () => {
    expect(typed("a 1042 U17", "s U17 er", "s U17 cl", "s U17 oo")).toEqual([["assign", 3], ["stage", 3], ["stage", 3], ["status", 8]]);
    expect(typed("s U17 bu", "s U17 av", "a 1042 U17")).toEqual([["status", 8], ["status", 8], ["assign", 3]]);
  });

  it("is refused where one's own act is in its way", () => {
    expect(typed("a 1042 U17", "a 1042 U17")).toBe("not_free");
    expect(typed("a 1042 U17", "s U17 bu")).toBe("working");
    expect(typed("s U17 bu", "a 1042 U17")).toBe("not_free");
    expect(typed("a 1042 U17", "s U17 cl", "s U17 os")).toBe("not_working");
  });
});
