// Small real-looking values for tests.
import type { EventsFrame, IncidentView, Position, Snapshot, UnitView, WireEvent } from "../src/api/types";

export function incident(id: string, more: Partial<IncidentView> = {}): IncidentView {
  return {
    id, number: id, status: "open", category: "theft", priority: "3", channel: "phone", territory_id: 4, place: { lon: 69.2, lat: 41.3 },
    received: { at: "2025-11-21T03:00:00Z", precision: "second" }, opened_by: "a", outcome: null, flags: [], version: 1, source: null,
    owner_id: null, held: null, place_label: null, confidence: "unknown", accuracy_m: null, covert: false, safe_contact: [], binding: [],
    entered_via: "console", merged_into: null, backup: null, waits_from: null, calls: 1, units: {}, ...more,
  };
}

export function unit(id: string, more: Partial<UnitView> = {}): UnitView {
  return { id, call_sign: id.toUpperCase(), kind: "patrol_car", territory_id: 4, status: "available", since: "2025-11-21T02:00:00Z", incident_id: null, version: 1,
    skills: [], crew_size: 0, reason: null, lent: null, ...more };
}

export function position(unit_id: string, fix_at = "2025-11-21T03:00:00Z", more: Partial<Position> = {}): Position {
  return { unit_id, lon: 69.2, lat: 41.3, fix_at, accuracy_m: 10, ...more };
}

export function snapshot(seq: number, more: Partial<Snapshot> = {}): Snapshot {
  return { seq, at: "2025-11-21T03:00:00Z", incidents: [], units: [], alarms: [], presence: [], positions: [], clock: null, ...more };
}

export function set(seq: number, value: IncidentView | UnitView, type = "incident.opened/1"): WireEvent {
  return { seq, type, kind: "priority" in value ? "incident" : "unit", id: value.id, op: "set", value };
}

export function patch(seq: number, id: string, value: unknown): WireEvent {
  return { seq, type: "incident.stage_reached/1", kind: "incident", id, op: "patch", value };
}

export function gone(seq: number, id: string, type = "incident.closed/1"): WireEvent {
  return { seq, type, kind: "incident", id, op: "gone" };
}

export function frame(after: number, ...events: WireEvent[]): EventsFrame {
  return { after, seq: events.at(-1)?.seq ?? after, events };
}
