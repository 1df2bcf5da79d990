import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { derived } from "../src/live/derived";
import { LiveStore, type ChangeSet } from "../src/live/store";
import { frame, gone, incident, patch, position, set, snapshot, unit } from "./make";

describe("the live store", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());
  const loaded = () => {
    const store = new LiveStore((run) => run());
    store.load(snapshot(5, { incidents: [incident("a")], units: [unit("u")], positions: [position("u")] }));
    return store;
  };

  it("says gap and changes nothing when a frame is missing", () => {
    const store = loaded();
    expect(store.applyEvents(frame(6, set(7, incident("b"))))).toBe("gap");
    expect([...store.incidents.keys()]).toEqual(["a"]);
    expect(store.seq).toBe(5);
  });

  it("applies of an overlapping frame only what it has not seen", () => {
    const store = loaded();
    store.applyEvents({ after: 3, seq: 6, events: [gone(5, "a"), patch(6, "a", { version: 2 })] });
    expect(store.incidents.get("a")?.version).toBe(2);
  });

  it("moves its cursor on an empty frame", () => {
    const store = loaded();
    expect(store.applyEvents({ after: 5, seq: 9, events: [] })).toBe("apply");
    expect(store.seq).toBe(9);
  });

  it("keeps the newer of two fixes and drops the position of a unit that left", () => {
    const store = loaded();
    store.applyPositions([position("u", "2025-11-21T03:01:00Z"), position("u", "2025-11-21T02:00:00Z"), position("nobody")]);
    expect(store.positions.get("u")?.fix_at).toBe("2025-11-21T03:01:00Z");
    expect(store.positions.size).toBe(1);
    store.applyEvents(frame(5, { seq: 6, type: "left", kind: "unit", id: "u", op: "gone" }));
    expect(store.positions.size).toBe(0);
  });

  it("tells listeners of a topic once for a flood of positions", () => {
    const store = loaded();
    vi.runAllTimers();
    const told = vi.fn();
    store.subscribe("positions", told);
    for (let second = 10; second < 60; second += 1) store.applyPositions([position("u", `2025-11-21T03:00:${second}Z`)]);
    vi.runAllTimers();
    expect(told).toHaveBeenCalledTimes(1);
  });

  it("gives the map only what changed", () => {
    const store = loaded();
    const changes: ChangeSet[] = [];
    store.onChanges((change) => changes.push(change));
    store.applyEvents(frame(5, set(6, incident("b"))));
    expect(changes).toHaveLength(1);
    expect([...changes[0]!.incidents]).toEqual(["b"]);
    expect(changes[0]!.reset).toBe(false);
  });

  it("derives a value once for each version of its topics", () => {
    const store = loaded();
    const compute = vi.fn((from: LiveStore) => [...from.incidents.values()]);
    const list = derived(["incidents"], compute);
    expect(list(store)).toBe(list(store));
    store.applyPositions([position("u", "2025-11-21T03:05:00Z")]);
    expect(compute).toHaveBeenCalledTimes(1);
    store.applyEvents(frame(5, gone(6, "a")));
    expect(list(store)).toEqual([]);
  });

  it("holds nothing after clear", () => {
    const store = loaded();
    store.clear();
    expect([store.incidents.size, store.units.size, store.positions.size, store.lastEvents.size, store.seq]).toEqual([0, 0, 0, 0, -1]);
  });
});
