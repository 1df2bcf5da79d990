import { describe, expect, it } from "vitest";
import type { AlarmView, Norms, Stage } from "../src/api/types";
import { clocksOf, colourOf, normFinder } from "../src/live/clocks";
import { isUrgent, nextAlarm, pressOf, sortAlarms, soundOf } from "../src/live/sounding";

const norms: Norms = {
  amber_share: 0.5, escalate_after_s: 120, escalate_acknowledged_after_s: 300, escalate_emergency_after_s: 30, entered_late_s: 120, strictest: "1", default_terrain: "urban",
  terrain: { 2: "rural", 3: "mountain" },
  norms: ["1", "2"].flatMap((priority, n) => (["urban", "rural", "mountain"] as const).map((terrain, far) => ({
    priority, terrain, unassigned_s: 60 * (n + 1), en_route_s: 60, arrival_s: 300 * (far + 1), welfare_s: 600,
  }))),
};
const CAME = Date.parse("2026-03-01T03:12:00Z");
const at = (seconds: number) => new Date(CAME + seconds * 1000).toISOString();
const received = { at: at(0), precision: "second" as const };
const sent = (...units: Partial<Record<Stage, number>>[]) =>
  Object.fromEntries(units.map((stages, n) => [
    `u${n}`, { call_sign: `U${n}`, ordinal: 1, stages: Object.fromEntries(Object.entries(stages).map(([stage, s]) => [stage, at(s)])) },
  ]));
const kinds = (units: ReturnType<typeof sent>, held: { until: string; reason: string } | null = null) =>
  clocksOf({ received, held, units }, norms.norms[0]!, 0.5).map((clock) => [clock.kind, (clock.red_ms - CAME) / 1000]);

describe("clocks", () => {
  it("run as the server's do", () => {
    expect(kinds({})).toEqual([["unassigned", 60]]);
    expect(kinds(sent({ assigned: 30 }))).toEqual([["en_route", 90], ["arrival", 300]]);
    expect(kinds(sent({ assigned: 30, en_route: 40 }))).toEqual([["arrival", 300]]);
    expect(kinds(sent({ on_scene: 200 }, { en_route: 70 }))).toEqual([["welfare", 800]]);
    expect(kinds(sent({ on_scene: 200, transporting: 300 }))).toEqual([]);
    expect(kinds(sent({ assigned: 30, cleared: 100 }))).toEqual([["unassigned", 160]]);
    expect(kinds(sent({ on_scene: 100, cleared: 900 }))).toEqual([]);
    const [released] = clocksOf({ received, held: null, units: {}, waits_from: at(900) }, norms.norms[0]!, 0.5);
    expect(released!.red_ms - CAME).toBe((900 + norms.norms[0]!.unassigned_s) * 1000);
    expect(kinds({}, { until: at(3600), reason: "no_unit" })).toEqual([["held_over", 3600]]);
  });

  it("begin anew with a crew's word", () => {
    const [clock] = clocksOf({ received, held: null, units: sent({ on_scene: 200 }) }, norms.norms[0]!, 0.5, () => at(500));
    expect((clock!.red_ms - CAME) / 1000).toBe(1100);
  });

  it("turn amber at their share and red at the whole, and never back", () => {
    const [clock] = clocksOf({ received, held: null, units: {} }, norms.norms[0]!, 0.5);
    expect([0, 29, 30, 59, 60, 9999].map((s) => colourOf(clock!, CAME + s * 1000))).toEqual(["calm", "calm", "amber", "amber", "red", "red"]);
  });

  it("go by the terrain of the nearest territory that has one, and by the strictest norm while nobody has graded the call", () => {
    const paths: Record<number, { id: number }[]> = { 4: [{ id: 1 }, { id: 2 }, { id: 3 }, { id: 4 }], 5: [{ id: 1 }, { id: 2 }, { id: 5 }], 6: [{ id: 1 }, { id: 6 }] };
    const norm = normFinder(norms, (id) => paths[id] ?? []);
    expect([4, 5, 6, 99].map((id) => norm("1", id).arrival_s)).toEqual([900, 600, 300, 300]);
    expect(norm("unknown", 6)).toBe(norm("1", 6));
  });
});

function alarm(id: string, more: Partial<AlarmView> = {}): AlarmView {
  return {
    id, kind: "unassigned", level: "red", incident_id: "i", number: "1", unit_id: null, call_sign: null, territory_id: 4, due_at: at(60),
    occurred_at: at(60), raised_at: at(61), raised_by: "0", escalated_to: null, place: null, fix_at: null, accuracy_m: null, presses: 1, acknowledged: {}, ...more,
  };
}

const officer = { id: "a", roles: ["duty_officer"], levels: new Set([1, 2, 4]), isMuted: false, urgent: new Set<string>() };

describe("what a person hears", () => {
  it("is an emergency, whatever others have acknowledged, until they have done so themselves", () => {
    const emergency = alarm("e", { kind: "emergency", acknowledged: { b: at(90), c: at(91) } });
    expect(soundOf([alarm("r"), emergency], officer)).toBe("emergency");
    expect(soundOf([emergency], { ...officer, id: "b" })).toBeNull();
    expect(soundOf([alarm("r"), emergency], { ...officer, id: "b" })).toBe("routine");
  });

  it("can be muted when it is routine and only then", () => {
    const muted = { ...officer, isMuted: true };
    expect(soundOf([alarm("r")], muted)).toBeNull();
    expect(soundOf([alarm("r", { level: "escalated" })], muted)).toBe("escalated");
    expect(soundOf([alarm("e", { kind: "emergency" })], muted)).toBe("emergency");
  });

  it("cannot be muted when danger to life waits for a unit or a crew was not heard of", () => {
    const urgent = (kind: AlarmView["kind"], priority?: string) => isUrgent(alarm("r", { kind }), priority);
    expect([urgent("unassigned", "1"), urgent("held_over", "1"), urgent("unassigned", "unknown"), urgent("unassigned")]).toEqual([true, true, true, true]);
    expect([urgent("welfare", "4"), urgent("unassigned", "2"), urgent("arrival", "1"), urgent("en_route", "1")]).toEqual([true, false, false, false]);
    expect(soundOf([alarm("r"), alarm("w")], { ...officer, isMuted: true, urgent: new Set(["w"]) })).toBe("routine");
  });

  it("calls the supervisor of a level when an alarm has gone up to it, not before", () => {
    const supervisor = { id: "s", roles: ["supervisor"], levels: new Set([1, 2]), isMuted: false, urgent: new Set<string>() };
    const up = (escalated_to: number) => alarm("r", { level: "escalated", escalated_to });
    expect(soundOf([alarm("r")], supervisor)).toBeNull();
    expect(soundOf([up(4)], supervisor)).toBeNull();
    expect(soundOf([up(4)], { ...supervisor, levels: new Set([1, 2, 4]) })).toBe("escalated");
    expect([soundOf([up(2)], supervisor), soundOf([up(1)], supervisor)]).toEqual(["escalated", "escalated"]);
    expect(soundOf([up(1), up(4)], officer)).toBe("escalated");
    expect(soundOf([alarm("g", { kind: "break_glass" })], supervisor)).toBe("escalated");
    expect(soundOf([alarm("e", { kind: "emergency" })], supervisor)).toBe("emergency");
  });

  it("is nothing when there is nothing", () => expect(soundOf([], officer)).toBeNull());
});

describe("an emergency pressed again", () => {
  const once = alarm("a", { kind: "emergency", raised_at: at(10), occurred_at: at(10) });
  const twice = alarm("b", { kind: "emergency", raised_at: at(5), occurred_at: at(90), presses: 2 });
  it("keeps its place before those that came after its first press", () => {
    expect(sortAlarms([once, twice]).map((one) => one.id)).toEqual(["b", "a"]);
  });
  it("is not the press that was noticed before", () => {
    expect(pressOf(twice)).not.toBe(pressOf({ ...twice, presses: 1 }));
    expect(soundOf([twice], officer)).toBe("emergency");
  });
});

describe("the next alarm", () => {
  const sorted = sortAlarms([alarm("late", { occurred_at: at(90) }), alarm("up", { level: "escalated" }), alarm("early"), alarm("e", { kind: "emergency", acknowledged: { a: at(70) } })]);
  it("goes round those not noticed, the most urgent first, and then round all", () => {
    expect(sorted.map((one) => one.id)).toEqual(["e", "up", "early", "late"]);
    expect(nextAlarm(sorted, "a", null)?.id).toBe("up");
    expect(nextAlarm(sorted, "a", "up")?.id).toBe("early");
    expect(nextAlarm(sorted, "a", "late")?.id).toBe("up");
    expect(nextAlarm(sorted, "b", "late")?.id).toBe("e");
    expect(nextAlarm([sorted[0]!], "a", "e")?.id).toBe("e");
    expect(nextAlarm([], "a", null)).toBeNull();
  });
});

