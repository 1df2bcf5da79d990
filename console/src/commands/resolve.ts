/** Finds the incident and the units that a parsed line names, and says what Enter will do. Pure: the picture is handed in. */
import type { IncidentView, UnitView } from "../api/types";
import { STAGES, type Stage, type UnitStatus } from "../api/types";
import type { Parsed, State } from "./parse";
import { asLatinKeys, type CommandName } from "./words";

export type Plan =
  | { kind: "new" }
  | { kind: "undo" }
  | { kind: "open" | "outcome" | "own"; incident: IncidentView }
  | { kind: "assign"; incident: IncidentView; units: UnitView[] }
  | { kind: "stage"; incident: IncidentView; unit: UnitView; stage: Stage }
  | { kind: "status"; unit: UnitView; status: UnitStatus }
  | { kind: "note"; incident: IncidentView; text: string }
  | { kind: "backup"; incident: IncidentView; count: number }
  | { kind: "find"; text: string };

export type Trouble =
  | { code: "nothing" }
  | { code: "wrong"; command: CommandName }
  | { code: "no_incident"; word: string }
  | { code: "no_unit"; word: string }
  | { code: "two_units"; word: string }
  | { code: "not_free"; unit: UnitView }
  | { code: "too_many" }
  | { code: "not_working"; unit: UnitView }
  | { code: "working"; unit: UnitView };

export interface Picture {
  incidents: Iterable<IncidentView>;
  units: Iterable<UnitView>;
}

const MOST_UNITS = 10;
const MOST_WORDS = 4; // a call sign of 20 letters holds no more
const SETTABLE: readonly State[] = ["available", "busy", "out_of_service", "off_duty"];

export function resolve(parsed: Parsed, picture: Picture): { plan: Plan } | { trouble: Trouble } {
  switch (parsed.kind) {
    case "nothing":
      return { trouble: { code: "nothing" } };
    case "wrong":
      return { trouble: { code: "wrong", command: parsed.command } };
    case "new":
    case "undo":
      return { plan: { kind: parsed.kind } };
    case "find":
      return { plan: { kind: "find", text: parsed.text } };
    case "status":
      return resolveStatus(parsed.words, parsed.state, picture);
    default: {
      const incident = findIncident(parsed.number, picture.incidents);
      if (!incident) return { trouble: { code: "no_incident", word: parsed.number } };
      if (parsed.kind === "note") return { plan: { kind: "note", incident, text: parsed.text } };
      if (parsed.kind === "backup") return { plan: { kind: "backup", incident, count: parsed.count } };
      if (parsed.kind !== "assign") return { plan: { kind: parsed.kind, incident } };
      const found = findUnits(parsed.words, picture.units);
      if ("trouble" in found) return found;
      if (found.units.length > MOST_UNITS) return { trouble: { code: "too_many" } };
      const taken = found.units.find((unit) => unit.status !== "available");
      return taken ? { trouble: { code: "not_free", unit: taken } } : { plan: { kind: "assign", incident, units: found.units } };
    }
  }
}

function resolveStatus(words: string[], state: State, picture: Picture): { plan: Plan } | { trouble: Trouble } {
  const found = findUnits(words, picture.units);
  if ("trouble" in found) return found;
  const [unit, second] = found.units;
  if (!unit || second) return { trouble: { code: "wrong", command: "status" } };
  const incident = unit.incident_id === null ? undefined : [...picture.incidents].find((one) => one.id === unit.incident_id);
  // "Free" said of a unit at work means that it has finished there.
  const stage = state === "available" && incident ? "cleared" : state;
  if ((STAGES as readonly string[]).includes(stage)) {
    return incident ? { plan: { kind: "stage", incident, unit, stage: stage as Stage } } : { trouble: { code: "not_working", unit } };
  }
  if (unit.incident_id !== null || !SETTABLE.includes(state)) return { trouble: { code: "working", unit } };
  return { plan: { kind: "status", unit, status: state as UnitStatus } };
}

function findIncident(number: string, incidents: Iterable<IncidentView>): IncidentView | undefined {
  for (const incident of incidents) if (incident.number === number) return incident;
  return undefined;
}

/** Call signs may hold spaces: the longest run of words that names a unit is taken first. */
function findUnits(words: string[], units: Iterable<UnitView>): { units: UnitView[] } | { trouble: Trouble } {
  const bySign = new Map<string, UnitView[]>();
  for (const unit of units) {
    const sign = plain(unit.call_sign);
    bySign.set(sign, [...(bySign.get(sign) ?? []), unit]);
  }
  const found = new Map<string, UnitView>();
  for (let at = 0; at < words.length; ) {
    let taken = 0;
    for (let length = Math.min(MOST_WORDS, words.length - at); length > 0 && taken === 0; length -= 1) {
      const typed = plain(words.slice(at, at + length).join(" "));
      const named = bySign.get(typed) ?? bySign.get(asLatinKeys(typed));
      if (!named) continue;
      if (named.length > 1) return { trouble: { code: "two_units", word: named[0]!.call_sign } };
      found.set(named[0]!.id, named[0]!);
      taken = length;
    }
    if (taken === 0) return { trouble: { code: "no_unit", word: words[at]! } };
    at += taken;
  }
  return { units: [...found.values()] };
}

function plain(callSign: string): string {
  return callSign.normalize("NFC").toLocaleLowerCase("en");
}
