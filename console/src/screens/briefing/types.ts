/** The shapes of handovers and daily summaries as the server answers them; times are ISO 8601 text in UTC. */

import type { Access } from "../../api/access";

export const HAND_KINDS = ["person_held", "protection_order", "weapons", "keys", "fault", "note"] as const;
export type HandKind = (typeof HAND_KINDS)[number];
export const INCIDENT_KINDS = ["missing_person", "overdue_incident", "held_incident", "open_incident"] as const;
export type ItemKind = HandKind | (typeof INCIDENT_KINDS)[number];
export type Shift = "day" | "night" | "other";

export interface Handover {
  id: string;
  territory_id: number;
  shift: Shift;
  state: "offered" | "accepted" | "withdrawn";
  from: { id: string; name: string };
  to: { id: string; name: string } | null;
  signed_out_at: string;
  signed_in_at: string | null;
  withdrawn_at: string | null;
  items: number;
  acknowledged: number;
}

/** A sealed text as it reads now. */
export interface SealedText {
  text: string | null;
  erased: boolean;
}

export interface HandedIncident {
  id: string;
  number: string;
  category: string;
  priority: string;
  territory_id: number;
  received_at: string;
  covert: boolean;
  /** Rules of the incident and of its parties. */
  safe_contact: string[];
}

export interface NewIncident extends HandedIncident {
  kind: ItemKind;
}

export interface HandoverItem {
  id: string;
  kind: ItemKind;
  incident: (HandedIncident & { is_open: boolean; is_changed: boolean }) | null;
  /** Closed to this post since it was listed: another one has it. */
  is_shut: boolean;
  count: number | null;
  since: string | null;
  text: SealedText | null;
  remark: SealedText | null;
  is_late: boolean;
  acknowledged_at: string | null;
}

export interface HandoverCard {
  handover: Handover;
  items: HandoverItem[];
  new: NewIncident[];
  /** By which the page says that it holds the texts; null where none is shown. */
  texts: string | null;
  /** The texts are those this page holds already and were not sent again: that was no look. */
  held: boolean;
  access: Access;
}

export interface HandoverDraft {
  incidents: NewIncident[];
  offered_id: string | null;
}

export interface Counted {
  n: number;
  category?: string;
  territory_id?: number;
  channel?: string;
  outcome?: string;
}

export interface ResponseLine {
  priority: string;
  terrain: string;
  n: number;
  with_both: number;
  unknown: number;
  p50_s: number | null;
  p90_s: number | null;
  norm_s: number | null;
  within: number | null;
}

export interface Correction {
  day: string;
  figure: "total" | "merged" | "category" | "priority" | "area" | "outcome" | "response";
  before: string;
  after: string;
  n: number;
  numbers: string[];
}

export const BY_HAND = ["brought_in", "persons_dead", "persons_injured"] as const;
export type ByHand = (typeof BY_HAND)[number];

export interface Content {
  territory_id: number;
  day: string;
  from: string;
  to: string;
  incidents: number;
  open: number;
  merged: number;
  late: number;
  deaths: number;
  crashes: number;
  by_category: { category: string; n: number }[];
  by_area: { territory_id: number; n: number }[];
  by_area_category: { territory_id: number; category: string; n: number }[];
  by_channel: { channel: string; n: number }[];
  by_outcome: { outcome: string; n: number }[];
  response: ResponseLine[];
  forces: { units: number; sendings: number; unit_s: number; unknown: number };
  by_hand: Partial<Record<ByHand, number | null>>;
  significant: { incident_id: string; number: string; category: string; priority: string; territory_id: number; received_at: string; outcome: string }[];
  corrections: Correction[];
  corrections_more: number;
}

export interface SummaryHead {
  id: string;
  territory_id: number;
  day: string;
  version: number;
  made_at: string;
  made_by: string;
}

export interface Summary extends SummaryHead {
  as_of_seq: number;
  content: Content;
  sentences: Record<string, SealedText | null>;
  access: Access;
}

export interface SummaryList {
  items: (SummaryHead & { incidents: number })[];
  today: string;
}

export interface SummaryDraft {
  content: Content;
  today: string;
}
