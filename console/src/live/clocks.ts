/**
 * Which clocks run for an incident and which of them matters most. Pure: the same rules as the server's
 * (programmes/incidents/alarms/domain.py), so that a row counts down between two looks of the watcher. Raises nothing by itself.
 */
import type { AlarmKind, IncidentView, NormRow, Norms, Stage } from "../api/types";

export type ClockKind = Exclude<AlarmKind, "emergency" | "break_glass">;
export type ClockColour = "calm" | "amber" | "red";

export interface RunningClock {
  kind: ClockKind;
  unit_id: string | null;
  amber_ms: number;
  red_ms: number;
}

const ARRIVED: readonly Stage[] = ["on_scene", "transporting", "at_hospital"];
const UNDER_WAY: readonly Stage[] = ["en_route", ...ARRIVED];
const AWAY: readonly Stage[] = ["transporting", "at_hospital", "cleared"];

type Stages = Partial<Record<Stage, string>>;
const has = (stages: Stages, among: readonly Stage[]) => among.some((stage) => stages[stage]);

/** Whoever cleared before an incident was held or reopened attends to it no more. */
export function hasLeftBefore(stages: Stages, waits_from: string | null | undefined): boolean {
  return Boolean(stages.cleared && waits_from && Date.parse(stages.cleared) <= Date.parse(waits_from));
}

/** Whether a unit was there. */
export const hasArrived = (stages: Stages): boolean => has(stages, ARRIVED);

/** Finds the norm of a priority in a territory; `pathOf` gives the territory and those around it, the root first. */
export function normFinder(norms: Norms, pathOf: (territory_id: number) => readonly { id: number }[]): (priority: string, territory_id: number) => NormRow {
  const table = new Map(norms.norms.map((row) => [`${row.priority} ${row.terrain}`, row]));
  const terrains = new Map<number, string>();
  return (priority, territory_id) => {
    let terrain = terrains.get(territory_id);
    if (terrain === undefined) {
      const named = pathOf(territory_id).findLast(({ id }) => norms.terrain[id]);
      terrain = (named && norms.terrain[named.id]) ?? norms.default_terrain;
      terrains.set(territory_id, terrain);
    }
    return (table.get(`${priority} ${terrain}`) ?? table.get(`${norms.strictest} ${terrain}`))!;
  };
}

/** The clocks that run, the earliest red first. `lastWord` is when a unit's crew last said that it is well. */
export function clocksOf(
  incident: Pick<IncidentView, "received" | "held" | "units"> & { waits_from?: string | null },
  norm: NormRow,
  amber_share: number,
  lastWord: (unit_id: string) => string | null | undefined = () => null,
): RunningClock[] {
  const received_ms = Date.parse(incident.received.at);
  const sent = Object.entries(incident.units);
  const working = sent.filter(([, unit]) => !unit.stages.cleared);
  const isReached = sent.some(([, unit]) => hasArrived(unit.stages));
  const clock = (kind: ClockKind, unit_id: string | null, since_ms: number, allowed_s: number): RunningClock => ({
    kind, unit_id, amber_ms: since_ms + allowed_s * amber_share * 1000, red_ms: since_ms + allowed_s * 1000,
  });
  const clocks: RunningClock[] = [];
  if (working.length === 0 && !sent.some(([, unit]) => hasArrived(unit.stages) && !hasLeftBefore(unit.stages, incident.waits_from))) {
    const since_ms = Math.max(received_ms, incident.waits_from ? Date.parse(incident.waits_from) : 0, ...sent.map(([, unit]) => Date.parse(unit.stages.cleared ?? incident.received.at)));
    if (incident.held) {
      const red_ms = Date.parse(incident.held.until);
      const notice_ms = norm.unassigned_s * (1 - amber_share) * 1000;
      clocks.push({ kind: "held_over", unit_id: null, amber_ms: Math.max(Math.min(since_ms, red_ms), red_ms - notice_ms), red_ms });
    } else clocks.push(clock("unassigned", null, since_ms, norm.unassigned_s));
  }
  if (working.length > 0 && !isReached) clocks.push(clock("arrival", null, received_ms, norm.arrival_s));
  for (const [id, { stages }] of working) {
    if (!has(stages, UNDER_WAY)) clocks.push(clock("en_route", id, Date.parse(stages.assigned ?? incident.received.at), norm.en_route_s));
    if (stages.on_scene && !has(stages, AWAY)) {
      const word = lastWord(id);
      const since_ms = Math.max(Date.parse(stages.on_scene), word ? Date.parse(word) : 0);
      clocks.push(clock("welfare", id, since_ms, norm.welfare_s));
    }
  }
  return clocks.sort((a, b) => a.red_ms - b.red_ms);
}

export function colourOf(clock: RunningClock, now_ms: number): ClockColour {
  if (now_ms >= clock.red_ms) return "red";
  return now_ms >= clock.amber_ms ? "amber" : "calm";
}
