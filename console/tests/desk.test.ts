import { describe, expect, it } from "vitest";
import { anchorShift_px, groupQueue, isCleared, isUnattended, sortQueue, type Clocking } from "../src/screens/desk/queue-data";
import { distance_m, rankUnits, type UnitChoice } from "../src/screens/desk/units-data";
import { canStrike, strikable, struckSendings } from "../src/screens/incident/sendings";
import type { TimelineEntry } from "../src/api/types";
import { nextStages } from "../src/screens/incident/stages";
import { parseCoordinates } from "../src/ui/coordinates";
import { fold } from "../src/ui/fold";
import { withLocalTimes } from "../src/ui/problem";
import { toIso, toText } from "../src/ui/time-text";
import { incident, position, unit } from "./make";

const rank = (priority: string) => Number(priority) - 1;

describe("the queue", () => {
  it("puts the most urgent first and within a priority who waits longest", () => {
    const at = (time: string) => ({ at: `2025-11-21T${time}Z`, precision: "second" as const });
    const order = sortQueue(
      [incident("late1", { priority: "1", received: at("03:05:00") }), incident("old3", { priority: "3", received: at("01:00:00") }), incident("early1", { priority: "1", received: at("03:00:00") })],
      rank,
    );
    expect(order.map((item) => item.incident.id)).toEqual(["early1", "late1", "old3"]);
  });

  it("keeps an incident's clock until the incident changes, but a crew's word counts at once", () => {
    const norm = { priority: "1", terrain: "urban", unassigned_s: 60, en_route_s: 60, arrival_s: 600, welfare_s: 900 } as never;
    let word: string | null = null;
    const clocking: Clocking = { norm: () => norm, amber_share: 0.5, lastWord: () => word, kept: new WeakMap() };
    const received = { at: "2025-11-21T03:00:00Z", precision: "second" as const };
    const [waiting, there] = [incident("a", { received }), incident("b", { received, units: { u: { call_sign: "A1", ordinal: 0, stages: { on_scene: "2025-11-21T03:05:00Z" } } } })];
    const clocks = (...views: (typeof waiting)[]) => new Map(groupQueue(sortQueue(views, rank), clocking, 0).map((item) => [item.incident.id, item.clock]));
    const first = clocks(waiting, there);
    word = "2025-11-21T03:10:00Z";
    const later = clocks(waiting, there);
    expect(later.get("a")).toBe(first.get("a"));
    expect(later.get("b")!.red_ms - first.get("b")!.red_ms).toBe(300_000);
    const sent = { ...waiting, units: { u: { call_sign: "A1", ordinal: 0, stages: { assigned: "2025-11-21T03:00:10Z" } } } };
    expect(clocks(sent, there).get("a")!.kind).toBe("en_route");
  });

  it("scrolls exactly as far as rows came above the one that must stay", () => {
    expect(anchorShift_px(["a", "b", "c"], ["x", "a", "y", "b", "c"], "b", 58)).toBe(116);
    expect(anchorShift_px(["a", "b", "c"], ["b", "c"], "c", 58)).toBe(-58);
    expect(anchorShift_px(["a", "b"], ["a", "b", "z"], "a", 58)).toBe(0);
    expect(anchorShift_px(["a", "b"], ["b"], "a", 58)).toBe(0);
  });

  it("tells an incident without a unit from one whose units have all cleared", () => {
    const working = { call_sign: "A1", ordinal: 0, stages: { assigned: "t" } };
    expect(isUnattended(incident("a"))).toBe(true);
    expect(isUnattended(incident("a", { units: { u: working } }))).toBe(false);
    const cleared = { ...working, stages: { assigned: "t", on_scene: "t", cleared: "t" } };
    const done = incident("a", { units: { u: cleared } });
    expect(isUnattended(done)).toBe(false);
    expect(isCleared(done)).toBe(true);
    const left = { ...cleared, stages: { ...cleared.stages, cleared: "2026-03-01T06:10:00Z" } };
    const reopened = incident("a", { units: { u: left }, waits_from: "2026-03-01T07:00:00Z" });
    expect([isUnattended(reopened), isCleared(reopened)]).toEqual([true, false]);
    expect(isCleared(incident("a"))).toBe(false);
    expect(isCleared(incident("a", { units: { u: working, v: cleared } }))).toBe(false);
  });

  it("does not let an incident be closed that no unit ever reached, whose clock says that one must be sent", () => {
    const turned = { call_sign: "A1", ordinal: 0, stages: { assigned: "t", en_route: "t", cleared: "t" } };
    const there = { call_sign: "A2", ordinal: 0, stages: { transporting: "t", cleared: "t" } };
    const none = incident("a", { units: { u: turned } });
    expect([isUnattended(none), isCleared(none)]).toEqual([true, false]);
    const one = incident("a", { units: { u: turned, v: there } });
    expect([isUnattended(one), isCleared(one)]).toEqual([false, true]);
  });
});

describe("the units beside an incident", () => {
  const place = { lon: 69.24, lat: 41.31 };
  it("are those on it, then free ones: fresh and near first, of unknown place last", () => {
    const units = [
      unit("busy", { status: "busy" }), unit("nowhere"), unit("stale"), unit("far"), unit("near"), unit("here", { status: "on_scene", incident_id: "i" }),
    ];
    const positions = new Map(
      [position("stale", "old", { lon: 69.2401, lat: 41.31 }), position("far", "new", { lon: 69.4, lat: 41.4 }), position("near", "new", { lon: 69.241, lat: 41.311 })].map((one) => [one.unit_id, one]),
    );
    const order = rankUnits(units, positions, place, "i", (one) => one.fix_at === "old", (a, b) => a.localeCompare(b));
    expect(order.map((choice) => choice.unit.id)).toEqual(["here", "near", "far", "stale", "nowhere", "busy"]);
  });

  it("stand in the same order whatever order they had before", () => {
    const status = ["available", "busy", "off_duty", "on_scene"] as const;
    const many = Array.from({ length: 60 }, (_, n) => unit(`u${n}`, { call_sign: `C${(n * 7) % 23}`, status: status[n % 4]! }));
    const rankFrom = (units: typeof many, before: readonly UnitChoice[] = []) =>
      rankUnits(units, new Map(), null, null, () => false, (a, b) => a.localeCompare(b), before);
    const held = rankFrom(many.slice(5).reverse());
    const changed = many.slice(0, 55).map((one, n) => (n % 9 ? one : { ...one, status: "available" as const }));
    expect(rankFrom(changed, held)).toEqual(rankFrom(changed));
  });

  it("measures distance in metres", () => {
    expect(distance_m({ lon: 0, lat: 0 }, { lon: 0, lat: 1 })).toBeCloseTo(111_195, -1);
  });

  it("offers only stages that can come next", () => {
    expect(nextStages({})).toEqual(["en_route", "on_scene", "transporting", "at_hospital", "cleared"]);
    expect(nextStages({ assigned: "t", on_scene: "t" })).toEqual(["transporting", "at_hospital", "cleared"]);
    expect(nextStages({ cleared: "t" })).toEqual([]);
  });
});

describe("what people type", () => {
  it("finds a name whatever sign stands for ʻ, and in whichever alphabet it is known", () => {
    const [latin, cyrillic] = [fold("Boʻtak"), fold("Бўтак")];
    for (const typed of ["bo'tak", "botak", "BO\u2018TAK", "bo\u2019tak", "bo`tak", "boʼtak", " Boʻtak "]) expect(fold(typed)).toBe(latin);
    for (const typed of ["Ботак", "бўтак", "БЎТАК"]) expect(fold(typed)).toBe(cyrillic);
    expect(fold("Қўйлиқ")).toBe(fold("койлик"));
  });

  it.each([
    ["41.31120, 69.24010", { lat: 41.3112, lon: 69.2401 }],
    ["41,3112 69,2401", { lat: 41.3112, lon: 69.2401 }],
    ["41.3112 69.2401", { lat: 41.3112, lon: 69.2401 }],
    ["-33.9; 151.2", { lat: -33.9, lon: 151.2 }],
    ["91, 10", null], ["41.3", null], ["nowhere", null], ["41.3, 190", null],
  ])("%s", (text, place) => {
    expect(parseCoordinates(text)).toEqual(place);
  });

  it("reads times back as it writes them, takes 0312, refuses 25:00 and 30 February", () => {
    const now = Date.parse("2025-11-21T03:12:45Z");
    expect(Date.parse(toIso(toText(now))!)).toBe(now);
    expect(toIso({ day: "2025-11-21", clock: "0312" })).toBe(toIso({ day: "2025-11-21", clock: "03:12:00" }));
    expect(toIso({ day: "2025-11-21", clock: "25:00" })).toBeNull();
    expect(toIso({ day: "2025-02-30", clock: "03:00" })).toBeNull();
  });
});

describe("a refusal", () => {
  it("says times as the desk writes them, and leaves other text alone", () => {
    const f = { full: (at: string | number) => `<${Date.parse(String(at))}>` };
    expect(withLocalTimes("cleared 2025-11-21T03:12:45Z is before 2025-11-21T03:12:46.500Z.", f)).toBe("cleared <1763694765000> is before <1763694766500>.");
    expect(withLocalTimes("2025-11-21, 2025-99-99T99:99:99Z", f)).toBe("2025-11-21, 2025-99-99T99:99:99Z");
  });
});

describe("a finished sending", () => {
  const entry = (seq: number, type: string, detail: Record<string, unknown>): TimelineEntry => ({
    seq, type: `incident.${type}/1`, actor: { id: "a", name: "A" }, occurred: { at: null, precision: "second", source: "paper" }, recorded_at: "t",
    detail: { unit_id: "u", ordinal: 1, ...detail }, corrected_by: null, corrects: null, void: false, reason: null,
  });
  const entered = entry(1, "unit_assigned", { call_sign: "B-1", is_finished: true });
  const live = entry(2, "unit_assigned", { call_sign: "B-1", ordinal: 2 });
  const arrived = entry(3, "stage_reached", { stage: "on_scene", is_finished: true });
  const struck = entry(4, "sending_struck", { call_sign: "B-1", stages: { cleared: "c", assigned: "a", hidden: "h" } });

  it("is struck out once, as a whole, and no other sending of the unit is", () => {
    const before = [entered, live, arrived];
    expect(before.filter((one) => canStrike(one, before))).toEqual([entered]);
    expect([strikable(before, "u", 1), strikable(before, "u", 2)]).toEqual([entered, undefined]);
    expect(strikable([...before, struck], "u", 1)).toBeUndefined();
  });

  it("keeps its times where it was struck out", () => {
    expect(struckSendings([entered, struck])).toEqual([{ entry: struck, callSign: "B-1", stages: { assigned: "a", cleared: "c" } }]);
  });
});
