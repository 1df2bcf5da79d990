/** The shapes of taking a call: the form, likely duplicates, and what is known of the place. */
import type { Access } from "./access";
import type { IncidentView } from "./types";
import type { Confidence, EnteredVia, Names, Place, SafeContact } from "./values";

export interface NewIncident {
  category: string;
  priority: string;
  channel: string;
  place: Place | null;
  territory_id?: number;
  caller?: { name?: string; phone?: string };
  address?: string;
  note?: string;
  occurred_at?: string;
  confidence: Confidence;
  accuracy_m?: number;
  place_label?: string;
  covert: boolean;
  safe_contact?: SafeContact[];
  entered_via: EnteredVia;
  /** The number a sister centre gave the call. */
  reference?: string;
  priority_reason?: string;
  /** The unfinished call this was written on; it goes in the same act. */
  draft_id?: string;
}

export interface Opened {
  id: string;
  number: string;
  version: number;
  /** The territory that took a call which lies with another desk. */
  passed_to: { id: number; names: Names } | null;
}

export interface NearbyIncident {
  incident: IncidentView & { closed_at: string | null };
  distance_m: number;
  minutes: number;
  same_category: boolean;
  same_group: boolean;
  within_accuracy: boolean;
}

export interface CallDraft {
  id: string;
  started_at: string;
  saved_at: string;
  fields: Record<string, string>;
}

export interface Hazard {
  id: string;
  place: Place;
  radius_m: number;
  distance_m: number;
  source: string;
  ground: string;
  text: string | null;
  by: string | null;
  written_at: string;
  expires_at: string;
}

export interface PlaceHistory {
  radius_m: number;
  since: string;
  is_cut: boolean;
  counts: { category: string; outcome: string | null; count: number }[];
  items: { day: string; category: string; outcome: string | null }[];
  access?: Access;
}

export interface GuideCard {
  category: string;
  questions: Names[];
  instructions: Names[];
}

/** A call of an incident; `caller` only for who may open it, and then recorded. */
export interface Call {
  id: string;
  received_at: string;
  channel: string;
  is_first: boolean;
  by: string | null;
  entered_via: EnteredVia;
  reference: string | null;
  safe_contact: string[];
  /** All that must not be done to its caller: what this call said, and what the incident and its parties say of the number. */
  binding: string[];
  caller: Record<string, string | undefined> | null;
  erased: boolean;
  restricted?: boolean;
}

export interface Calls {
  items: Call[];
  may_open: boolean;
  access?: Access;
}
