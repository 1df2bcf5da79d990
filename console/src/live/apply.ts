/**
 * Applies frames of the event stream to a picture. Pure: values in, values out; knows no event type, only set, patch and gone.
 * What each event type means is said once, on the server; the vectors in tests/vectors/stream hold both sides to the same result.
 */
import type { EventsFrame, WireEvent } from "../api/types";

export interface Aggregate {
  id: string;
}

/** What may be done with a frame, given the last seq applied. */
export type Verdict = "apply" | "old" | "gap";

export function judgeFrame(cursor: number, frame: EventsFrame): Verdict {
  if (frame.seq <= cursor) return "old";
  return frame.after > cursor ? "gap" : "apply";
}

/** The events of a frame that the cursor has not passed yet (frames may overlap after a hand-over). */
export function freshEvents(cursor: number, frame: EventsFrame): WireEvent[] {
  return frame.events.filter((event) => event.seq > cursor);
}

/** RFC 7396. Returns a new value; shares the untouched parts of `target` and never changes it. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else defineOwn(result, key, mergePatch(ownValue(result, key), value));
  }
  return result;
}

/** The aggregate after the event, or undefined when it is not held any more (or never was). */
export function applyEvent<T extends Aggregate>(held: T | undefined, event: WireEvent): T | undefined {
  switch (event.op) {
    case "set":
      return event.value as T;
    case "patch":
      return held === undefined ? undefined : (mergePatch(held, event.value) as T);
    case "gone":
      return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function ownValue(object: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Like assignment, but a key named __proto__ stays plain data. */
function defineOwn(object: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}
