// The histories the server's side made (tests/vectors/stream at the root): this console must come to the same picture.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { EventsFrame, Snapshot } from "../src/api/types";
import { LiveStore } from "../src/live/store";

const FOLDER = join(import.meta.dirname, "../../tests/vectors/stream");
const files = existsSync(FOLDER) ? readdirSync(FOLDER).filter((name) => name.endsWith(".json")) : [];

interface Vector {
  name: string;
  snapshot: Pick<Snapshot, "seq" | "incidents" | "units" | "alarms">;
  frames: EventsFrame[];
  expected: Pick<Snapshot, "seq" | "incidents" | "units" | "alarms"> | { gap: true };
}

const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1);

describe("shared stream vectors", () => {
  if (files.length === 0) {
    console.warn(`\n!!! SKIPPED: no vectors in ${FOLDER}; run python -m tests.contract.make_stream_vectors\n`);
    it.skip("no vectors found", () => undefined);
  }
  it.each(files)("%s", (file) => {
    const vector = JSON.parse(readFileSync(join(FOLDER, file), "utf8")) as Vector;
    const store = new LiveStore((run) => run());
    store.load({ ...vector.snapshot, at: "2026-03-01T06:00:00Z", positions: [], presence: [], clock: null });
    const verdicts = [];
    for (const frame of vector.frames) {
      verdicts.push(store.applyEvents(frame));
      if (verdicts.at(-1) === "gap") break;
    }
    if ("gap" in vector.expected) {
      expect(verdicts).toContain("gap");
      return;
    }
    expect(verdicts).not.toContain("gap");
    expect({
      seq: store.seq, incidents: [...store.incidents.values()].sort(byId), units: [...store.units.values()].sort(byId),
      alarms: [...store.alarms.values()].sort(byId),
    }).toEqual({ ...vector.expected, incidents: vector.expected.incidents.toSorted(byId), units: vector.expected.units.toSorted(byId),
      alarms: vector.expected.alarms?.toSorted(byId) });
  });
});
