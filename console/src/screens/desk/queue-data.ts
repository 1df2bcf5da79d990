/** The queue's order and how it keeps still: pure functions, so that a test can hold them to their word. */
import type { IncidentView, NormRow } from "../../api/types";
import { clocksOf, colourOf, hasArrived, hasLeftBefore, type ClockColour, type RunningClock } from "../../live/clocks";

export const ROW_PX = 58;

export interface QueueItem {
  incident: IncidentView;
  rank: number;
  received_ms: number;
}

/** Over its time, waiting in time, or held by somebody on purpose. */
export type Group = "overdue" | "open" | "held";
export const GROUPS: readonly Group[] = ["overdue", "open", "held"];

export interface ClockedItem extends QueueItem {
  group: Group;
  /** The clock that matters most; none where nothing is waited for, or where another system's clocks count. */
  clock: RunningClock | null;
  colour: ClockColour | null;
}

export interface Clocking {
  norm(priority: string, territory_id: number): NormRow;
  amber_share: number;
  lastWord(unit_id: string): string | null | undefined;
  /** The clock of each incident that did not change since; a change makes it another object. */
  kept: WeakMap<IncidentView, RunningClock | null>;
}

/** The clock that matters most; none for an incident whose clocks another system runs. */
function clockOf(incident: IncidentView, clocking: Clocking): RunningClock | null {
  if (incident.source !== null) return null;
  const held = clocking.kept.get(incident);
  if (held !== undefined) return held;
  const clocks = clocksOf(incident, clocking.norm(incident.priority, incident.territory_id), clocking.amber_share, clocking.lastWord);
  const first = clocks[0] ?? null;
  // A crew's word changes the unit and not the incident: such a clock is worked out each time.
  if (clocks.every((clock) => clock.kind !== "welfare")) clocking.kept.set(incident, first);
  return first;
}

/** The queue by group, its order within each group as before. Without norms nothing is overdue. */
export function groupQueue(items: readonly QueueItem[], clocking: Clocking | null, now_ms: number): ClockedItem[] {
  const clocked = items.map((item): ClockedItem => {
    const clock = clocking && clockOf(item.incident, clocking);
    const colour = clock && colourOf(clock, now_ms);
    const group = colour === "red" ? "overdue" : clock?.kind === "held_over" ? "held" : "open";
    return { ...item, clock, colour, group };
  });
  return GROUPS.flatMap((group) => clocked.filter((item) => item.group === group));
}

/** Times as numbers, by the view they stand in: two thousand texts are not read again for one that changed. */
const times_ms = new WeakMap<IncidentView, number>();

function received_ms(incident: IncidentView): number {
  let at_ms = times_ms.get(incident);
  if (at_ms === undefined) times_ms.set(incident, (at_ms = Date.parse(incident.received.at)));
  return at_ms;
}

/** Most urgent first; within a priority the longest waiting first. */
export function sortQueue(incidents: Iterable<IncidentView>, rank: (priority: string) => number): QueueItem[] {
  const items: QueueItem[] = [];
  for (const incident of incidents) {
    items.push({ incident, rank: rank(incident.priority), received_ms: received_ms(incident) });
  }
  return items.sort((a, b) => a.rank - b.rank || a.received_ms - b.received_ms || (a.incident.id < b.incident.id ? -1 : 1));
}

/** Nobody works for it and nobody who did was there, or not since it was reopened: the clock that says "send" runs. */
export function isUnattended(incident: IncidentView): boolean {
  return Object.values(incident.units).every(({ stages }) => stages.cleared !== undefined && (!hasArrived(stages) || hasLeftBefore(stages, incident.waits_from)));
}

/** Somebody was there and every unit has cleared: what is left to do is to close it. */
export function isCleared(incident: IncidentView): boolean {
  return !isUnattended(incident) && Object.values(incident.units).every((unit) => unit.stages.cleared !== undefined);
}

/**
 * How far the list must scroll so that the anchored row (under the pointer, or selected) stays where it is on the glass,
 * when the rows above it change. The anchor that is gone holds nothing.
 */
export function anchorShift_px(before: readonly string[], after: readonly string[], anchor: string | null, rowHeight_px: number): number {
  if (anchor === null) return 0;
  const [was, is] = [before.indexOf(anchor), after.indexOf(anchor)];
  return was < 0 || is < 0 ? 0 : (is - was) * rowHeight_px;
}
