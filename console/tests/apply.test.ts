import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyEvent, judgeFrame, mergePatch } from "../src/live/apply";
import { gone, incident, patch, set } from "./make";

describe("merge patch (RFC 7396, appendix A)", () => {
  const cases: [unknown, unknown, unknown][] = [
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
    [{ a: "b" }, { a: null }, {}],
    [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
    [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
    [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
    [["a", "b"], ["c", "d"], ["c", "d"]],
    [{ a: "b" }, ["c"], ["c"]],
    [{ a: "foo" }, null, null],
    [{ a: "foo" }, "bar", "bar"],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: "b", c: null }, { a: "b" }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ];
  it.each(cases)("%j with %j is %j", (target, change, result) => {
    expect(mergePatch(target, change)).toEqual(result);
  });

  it("never changes its target, and keeps a key named __proto__ as data", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (target, change) => {
        const before = JSON.stringify(target);
        mergePatch(target, change);
        expect(JSON.stringify(target)).toBe(before);
      }),
    );
    const merged = mergePatch({}, JSON.parse('{"__proto__": {"polluted": true}}')) as object;
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(Object.keys(merged)).toEqual(["__proto__"]);
  });
});

describe("one event", () => {
  it("set replaces the whole, whatever was held", () => {
    expect(applyEvent(incident("a", { flags: ["x"] }), set(1, incident("a")))).toEqual(incident("a"));
  });
  it("patch of what is not held is ignored", () => {
    expect(applyEvent(undefined, patch(1, "a", { version: 2 }))).toBeUndefined();
  });
  it("a stage corrected to null is taken away, its neighbours stay", () => {
    const held = incident("a", { units: { u: { call_sign: "A1", ordinal: 0, stages: { assigned: "1", en_route: "2" } } } });
    const next = applyEvent(held, patch(2, "a", { units: { u: { stages: { en_route: null } } } }))!;
    expect(next.units.u!.stages).toEqual({ assigned: "1" });
    expect(held.units.u!.stages.en_route).toBe("2");
  });
  it("gone drops", () => {
    expect(applyEvent(incident("a"), gone(1, "a"))).toBeUndefined();
  });
});

describe("a frame against the cursor", () => {
  it.each([
    [10, 10, 11, "apply"],
    [10, 8, 12, "apply"],
    [10, 8, 10, "old"],
    [10, 11, 12, "gap"],
    [10, 10, 10, "old"],
  ])("cursor %i, frame (%i, %i]: %s", (cursor, after, seq, verdict) => {
    expect(judgeFrame(cursor, { after, seq, events: [] })).toBe(verdict);
  });
});
