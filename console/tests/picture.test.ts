import { describe, expect, it } from "vitest";
import { nameOf, Territories } from "../src/api/territories";
import { ServerTime } from "../src/live/time";
import { bboxOf, labelPoint } from "../src/map/boundaries";
import { ageRing, featureDiff, FeatureTable, incidentFeature, unitFeature } from "../src/map/features";
import { sumUnder } from "../src/screens/counts-data";
import { incident, position, unit } from "./make";

const tree = (scope: number[]) =>
  new Territories(
    [[1, null], [2, 1], [3, 1], [4, 2], [5, 2], [6, 3]].map(([id, parent_id]) => ({ id: id!, code: `T${id}`, parent_id: parent_id ?? null, level: "x", names: {}, bbox: null })),
    scope,
  );

describe("territories", () => {
  it("know what is one's own, and where one starts", () => {
    expect(tree([2]).isInScope(4)).toBe(true);
    expect(tree([2]).isInScope(6)).toBe(false);
    expect(tree([2]).isInScope(1)).toBe(false);
    expect(tree([2]).home()).toBe(2);
    expect(tree([2, 6]).home()).toBe(1);
  });
  it("fall back in names: the language, Uzbek, English, the code", () => {
    expect(nameOf({ "uz-Latn": "Bog", en: "Garden" }, "ru", "T1")).toBe("Bog");
    expect(nameOf({ en: "Garden" }, "ru", "T1")).toBe("Garden");
    expect(nameOf({}, "ru", "T1")).toBe("T1");
  });
  it("sum what lies below each child", () => {
    const counts = new Map([[4, { open: 2, units: 1, free: 1 }], [2, { open: 1, units: 0, free: 0 }], [6, { open: 5, units: 3, free: 0 }]]);
    const sums = sumUnder(tree([1]), 1, counts);
    expect(sums.whole).toEqual({ open: 8, units: 4, free: 1 });
    expect(sums.children.get(2)).toEqual({ open: 3, units: 1, free: 1 });
    expect(sumUnder(tree([1]), 2, counts).whole.open).toBe(3);
  });
});

describe("time", () => {
  it("measures ages by the server's clock, not by the desk's", () => {
    const time = new ServerTime(() => Date.parse("2025-11-21T03:05:00Z"));
    time.learn("2025-11-21T03:00:00Z", Date.parse("2025-11-21T03:05:00Z"), Date.parse("2025-11-21T03:05:00Z"));
    expect(time.age_s("2025-11-21T02:59:00Z")).toBe(60);
    expect(time.age_s("2025-11-21T03:04:00Z")).toBe(0);
  });
  it("measures the replayed past by the replay's clock and today by today's", () => {
    let now = 1_000_000_000_000;
    const time = new ServerTime(() => now);
    time.setReplay({ at: "2000-01-01T00:00:00Z", speed: 60, source: "s" });
    now += 10_000;
    expect(time.age_s("2000-01-01T00:00:00Z")).toBe(600);
    expect(time.age_s(new Date(now - 5_000).toISOString())).toBe(5);
  });
});

describe("what the map is told", () => {
  it("a ring shortens by thirds and then is stale", () => {
    expect([0, 29, 31, 61, 90, 90.5].map((age) => ageRing(age, 90))).toEqual([0, 0, 1, 2, 2, 3]);
  });
  it("an incident without a place is not drawn at some invented one", () => {
    expect(incidentFeature(incident("a", { place: null }), 0)).toBeNull();
  });
  it("only differences, each once", () => {
    const table = new FeatureTable();
    table.set("a", incidentFeature(incident("a"), 2));
    expect(table.drain()).toMatchObject({ add: [{ properties: { uid: "a" } }], remove: [], update: [] });
    expect(table.drain()).toBeNull();
    table.set("a", incidentFeature(incident("a"), 2));
    expect(table.drain()).toBeNull();
    table.set("a", incidentFeature(incident("a", { priority: "1" }), 0));
    expect(table.drain()?.update).toEqual([{ id: "a", addOrUpdateProperties: [{ key: "icon", value: "i|0|1" }, { key: "rank", value: 0 }] }]);
    table.reset();
    expect(table.drain()).toMatchObject({ remove: ["a"] });
  });
  it("a unit that only moved sends only its place", () => {
    const look = (lon: number) => unitFeature({ unit: unit("u"), position: position("u", "t", { lon }), ring: 0, label: "U" });
    expect(featureDiff(look(1), look(2))).toEqual({ id: "u", newGeometry: { type: "Point", coordinates: [2, 41.3] } });
  });
  it("labels stand inside the larger part of a territory", () => {
    const square = (x: number, size: number) => [[[x, 0], [x + size, 0], [x + size, size], [x, size], [x, 0]]];
    const geometry: GeoJSON.MultiPolygon = { type: "MultiPolygon", coordinates: [square(0, 1), square(10, 4)] };
    expect(labelPoint(geometry)).toEqual([12, 2]);
    expect(bboxOf({ type: "FeatureCollection", features: [{ type: "Feature", properties: {}, geometry }] })).toEqual([0, 0, 14, 4]);
  });
});
