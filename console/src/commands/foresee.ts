/** The units as one's own acts make them before the picture shows it, so that the next line can be typed at once. Pure; the server decides all the same. */
import type { UnitView } from "../api/types";
import type { Picture, Plan } from "./resolve";

/** The records keep the versions that were seen: what was not seen is not named. */
export function foresee(picture: Picture, plans: Iterable<Plan>): Picture {
  const units = new Map([...picture.units].map((unit) => [unit.id, unit]));
  const set = (id: string, status: UnitView["status"], incident_id: string | null) => {
    const unit = units.get(id);
    if (unit) units.set(id, { ...unit, status, incident_id });
  };
  for (const plan of plans) {
    if (plan.kind === "assign") for (const { id } of plan.units) set(id, "assigned", plan.incident.id);
    else if (plan.kind === "stage") {
      if (plan.stage === "cleared") set(plan.unit.id, "available", null);
      else set(plan.unit.id, plan.stage, plan.incident.id);
    } else if (plan.kind === "status") set(plan.unit.id, plan.status, null);
  }
  return { incidents: picture.incidents, units: units.values() };
}
