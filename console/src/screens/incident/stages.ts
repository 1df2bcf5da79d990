import { STAGES, type Stage } from "../../api/types";

/** What a unit may report next: everything after the last stage it reached, in order. */
export function nextStages(stages: Partial<Record<Stage, string>>): Stage[] {
  const last = STAGES.reduce((at, stage, index) => (stages[stage] ? index : at), -1);
  return last === STAGES.length - 1 ? [] : STAGES.slice(last + 1);
}
