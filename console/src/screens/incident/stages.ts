import { STAGES, type Stage } from "../../api/types";

/** What a unit may report next: everything after the last stage it reached, in order. Assigning is another act. */
export function nextStages(stages: Partial<Record<Stage, string>>): Stage[] {
  const last = STAGES.reduce((at, stage, index) => (stages[stage] ? index : at), 0);
  return STAGES.slice(last + 1);
}
