/** What the centre tells a unit's phone, and what the phone holds of it. */
import type { Access } from "../api/access";
import type { AssignedUnit, Codes, IncidentView, UnitView } from "../api/types";

export type Kept = "taken" | "same" | "beside";

/** Why a stage is no fact of the sending that stands now. */
export const WHYS = ["other_time", "taken_back", "not_sent", "earlier_sending"] as const;
export type Why = (typeof WHYS)[number];

/** How the phone names one sending of its unit: what it was told of it. */
export interface SendingName {
  ordinal: number;
  assigned_at: string | null;
}

export function sendingOf(incident: FieldIncident | null, unit_id: string): SendingName | null {
  const told = incident?.view.units[unit_id];
  return told?.ordinal === undefined ? null : { ordinal: told.ordinal, assigned_at: told.stages.assigned ?? null };
}

export interface FieldNote {
  at: string;
  by: string;
  text: string | null;
}

export interface FieldHazard {
  id: string;
  ground: string;
  source: string;
  text: string | null;
  distance_m: number;
  expires_at: string;
}

export interface FieldIncident {
  id: string;
  version: number;
  held: boolean;
  view: Omit<IncidentView, "units"> & { units: Record<string, AssignedUnit> };
  sealed: { caller_name: string | null; caller_phone: string | null; address: string | null };
  restricted?: boolean;
  notes: FieldNote[];
  /** Not there in what was remembered before notes were told. */
  hazards?: FieldHazard[];
  /** Brought back with the next look: it says which notes this phone has. */
  hazards_mark?: string;
  access?: Access;
}

export interface FieldNow {
  unit: UnitView | null;
  incident: FieldIncident | { id: string; version: number; held: true } | null;
  now: string;
}

/** What outlives a reload without network; forgotten at sign-out, and the incident as soon as it is over. */
export interface Remembered {
  account_id: string;
  display_name: string;
  demo: boolean;
  training: boolean;
  trial?: boolean;
  unit: UnitView | null;
  incident: FieldIncident | null;
  as_of: string;
  codes: Codes;
}

export const BIG_STAGES = ["en_route", "on_scene", "cleared"] as const;
export const MORE_STAGES = ["transporting", "at_hospital"] as const;
