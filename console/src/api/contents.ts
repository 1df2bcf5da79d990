/** The shapes of what an incident holds, as GET /api/incidents/{id}/contents answers. */
import type { Access } from "./access";
import type { Code, EnteredVia } from "./values";

export interface Sealed {
  caller_name?: string | null;
  caller_phone?: string | null;
  safe_contact?: string[];
  address?: string | null;
  erased: boolean;
  /** Held back at somebody's request: not shown to anybody. */
  restricted?: boolean;
}

export interface Note {
  id: string;
  at: string;
  by: string;
  text: string | null;
  erased: boolean;
  via?: EnteredVia;
  entered_at?: string | null;
}

/** An outcome, and what a closing must say beside it. A retired one is still read in old records. */
export interface OutcomeCode extends Code {
  retired?: boolean;
  needs?: "report_number" | "reason" | "referred_to" | null;
  pattern?: string;
  example?: string;
}

export const PARTY_ROLES = ["caller", "victim", "witness", "suspected", "missing", "other"] as const;
export type PartyRole = (typeof PARTY_ROLES)[number];
export const VEHICLE_ROLES = ["involved", "left_scene", "parked", "other"] as const;
export type VehicleRole = (typeof VEHICLE_ROLES)[number];
export const GROUNDS = ["staff_party", "household", "own_report"] as const;
export type Ground = (typeof GROUNDS)[number];

interface Entered {
  id: string;
  version: number;
  at: string;
  by: string | null;
  erased: boolean;
  restricted?: boolean;
}

export interface Party extends Entered {
  role: PartyRole;
  is_minor: boolean;
  is_unknown: boolean;
  safe_contact: string[];
  /** All that must not be done to it: its own rules, and those that its number falls under. */
  binding: string[];
  name: string | null;
  phone: string | null;
  address: string | null;
  born_year: string | null;
  fact: string | null;
  opinion: string | null;
  earlier: Omit<Party, "earlier" | "binding">[];
}

export interface Vehicle extends Entered {
  role: VehicleRole;
  plate: string | null;
  description: string | null;
  earlier: Omit<Vehicle, "earlier">[];
}

export interface Photo {
  id: string;
  media_type: string;
  size_bytes: number;
  width_px: number;
  height_px: number;
  at: string;
  by: string | null;
  erased: boolean;
  restricted?: boolean;
}

export interface IncidentLink {
  id: string;
  number: string;
  kind: "related" | "duplicate" | "follow_up" | "split";
  is_from: boolean;
  seen: boolean;
  category: string | null;
  status: string | null;
}

/** What an incident holds; `sealed` says whether names may be read. */
export interface Contents {
  sealed: boolean;
  access?: Access;
  parties: Party[];
  vehicles: Vehicle[];
  attachments: Photo[];
  links: IncidentLink[];
  merged_here: { id: string; number: string }[];
  shut_out: { territory_id: number; ground: Ground; at: string }[];
  safe_contact: string[];
  covert: boolean;
  report_number: string | null;
  outcome_reason: string | null;
}
