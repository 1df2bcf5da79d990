/** Finished sendings as the timeline tells of them: which can be struck out, and which were. */
import { STAGES, type Stage, type TimelineEntry } from "../../api/types";

export interface Struck {
  /** The entry that struck it: by whom, when and why. */
  entry: TimelineEntry;
  callSign: string;
  stages: Partial<Record<Stage, string>>;
}

const isStriking = (entry: TimelineEntry) => entry.type.startsWith("incident.sending_struck");

const isOf = (entry: TimelineEntry, unitId: unknown, ordinal: unknown) => entry.detail.unit_id === unitId && entry.detail.ordinal === ordinal;

/** Whether this entry is the sending itself of a finished sending that nobody struck out. */
export function canStrike(entry: TimelineEntry, all: readonly TimelineEntry[]): boolean {
  if (!entry.type.startsWith("incident.unit_assigned") || entry.detail.is_finished !== true) return false;
  return !all.some((one) => isStriking(one) && isOf(one, entry.detail.unit_id, entry.detail.ordinal));
}

/** The entry by which this row of a unit would be struck out, if it is a finished sending. */
export function strikable(entries: readonly TimelineEntry[], unitId: string, ordinal: number): TimelineEntry | undefined {
  return entries.find((entry) => isOf(entry, unitId, ordinal) && canStrike(entry, entries));
}

/** What was struck out, in the order in which it was. */
export function struckSendings(entries: readonly TimelineEntry[]): Struck[] {
  return entries.filter(isStriking).map((entry) => {
    const told = (entry.detail.stages ?? {}) as Partial<Record<string, unknown>>;
    const stages = STAGES.flatMap((stage) => (typeof told[stage] === "string" ? [[stage, told[stage]]] : []));
    return { entry, callSign: String(entry.detail.call_sign ?? ""), stages: Object.fromEntries(stages) as Struck["stages"] };
  });
}
