import { STAGES, type Stage, type TimelineEntry } from "../../api/types";

/** The stage an entry speaks of, when it is one that can be corrected. */
export function stageOf(entry: TimelineEntry): { stage: Stage; unitId: string } | null {
  const unitId = entry.detail.unit_id;
  const stage = entry.detail.stage ?? (entry.type.startsWith("incident.unit_assigned") ? "assigned" : undefined);
  if (typeof unitId !== "string" || !STAGES.includes(stage as Stage)) return null;
  return { stage: stage as Stage, unitId };
}
