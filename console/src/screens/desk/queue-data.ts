/** The queue's order and how it keeps still: pure functions, so that a test can hold them to their word. */
import type { IncidentView, NormRow } from "../../api/types";
import { clocksOf, colourOf, type ClockColour, type RunningClock } from "../../live/clocks";

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
}

/** The queue by group, its order within each group as before. Without norms nothing is overdue. */
export function groupQueue(items: readonly QueueItem[], clocking: Clocking | null, now_ms: number): ClockedItem[] {
  const clocked = items.map((item): ClockedItem => {
    const { incident } = item;
    const clock = clocking && incident.source === null
      ? (clocksOf(incident, clocking.norm(incident.priority, incident.territory_id), clocking.amber_share, clocking.lastWord)[0] ?? null)
      : null;
    const colour = clock && colourOf(clock, now_ms);
    const group = colour === "red" ? "overdue" : clock?.kind === "held_over" ? "held" : "open";
    return { ...item, clock, colour, group };
  });
  return GROUPS.flatMap((group) => clocked.filter((item) => item.group === group));
}

/** Most urgent first; within a priority the longest waiting first. */
export function sortQueue(incidents: Iterable<IncidentView>, rank: (priority: string) => number): QueueItem[] {
  const items: QueueItem[] = [];
  for (const incident of incidents) {
    items.push({ incident, rank: rank(incident.priority), received_ms: Date.parse(incident.received.at) });
  }
  return items.sort((a, b) => a.rank - b.rank || a.received_ms - b.received_ms || (a.incident.id < b.incident.id ? -1 : 1));
}

/** Sent to nobody yet. */
export function isUnattended(incident: IncidentView): boolean {
  return Object.keys(incident.units).length === 0;
}

/** Units were there and every one has cleared: what is left to do is to close it. */
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
