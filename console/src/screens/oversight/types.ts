/** The shapes of oversight as the console uses them; contract-check.ts holds the requests to the server's. */
import type { Access } from "../../api/access";

export const VERDICTS = ["in_order", "misuse", "cannot_tell"] as const;
export type Verdict = (typeof VERDICTS)[number];
export type Question = "own_family_name" | "own_address" | "own_neighbourhood" | "colleague" | "night_burst" | "self_opened" | "edited_before" | "broken_glass";

export interface ReviewLine {
  id: string;
  label: string;
  day: string;
  at: string | null;
  kind: "look_up" | "view" | "disclosure" | "export" | "break_glass" | null;
  action: string | null;
  record_kind: string | null;
  has_purpose: boolean;
  is_random: boolean;
  questions: Question[];
  due_at: string;
  is_overdue: boolean;
  verdict: Verdict | null;
  version: number;
}

export interface ReviewQueue {
  items: ReviewLine[];
  judged: ReviewLine[];
}

export interface ReviewCase extends ReviewLine {
  purpose: { text: string | null; erased: boolean } | null;
  incident: { category: string; priority: string; status: "open" | "closed"; received_at: string; territory_id: number } | null;
  relation: string | null;
  access: Access;
}

export interface Sample {
  day: string;
  rule: string;
  log_size: number;
  log_root: string;
  looks: number;
  drawn: number;
  asked: number;
  left_out: number;
  cases?: number;
  judged?: number;
}

export interface RateFigures {
  drawn: number;
  in_order: number;
  misuse: number;
  cannot_tell: number;
  not_judged: number;
  looks: number;
  effective: number;
  rate: number | null;
  low: number | null;
  high: number | null;
  rate_if_missing_in_order: number | null;
  rate_if_missing_misuse: number | null;
}

export interface RateDocument {
  quarter: string;
  from: string;
  to: string;
  figures: RateFigures;
  asked: Record<Verdict | "not_judged", number>;
  days_without_sample: string[];
  samples: Sample[];
  is_over?: boolean;
  version?: number;
  published_at?: string;
}

/** A quarter that is over and has no published rate; `due_at` comes within the hour. */
export interface AwaitedRate {
  quarter: string;
  due_at: string | null;
  is_overdue: boolean;
}

export const RIGHTS = ["who_looked", "correction", "restriction", "erasure"] as const;
export type RightKind = (typeof RIGHTS)[number];
export const ANSWERS = ["granted", "in_part", "refused"] as const;
export type RightAnswer = (typeof ANSWERS)[number];
export const DOCUMENTS = ["passport", "id_card", "driving_licence", "birth_certificate", "power_of_attorney", "other_official"] as const;
export const GROUNDS = ["inquiry", "detection", "public_security", "national_security", "rights_of_others"] as const;
export type DelayGround = (typeof GROUNDS)[number];

export interface RightLine {
  id: string;
  number: string;
  kind: RightKind;
  territory_id: number;
  received_at: string;
  due_at: string;
  is_overdue: boolean;
  answer: RightAnswer | null;
  answered_at: string | null;
  found: number;
  version: number;
}

export interface RightList {
  items: RightLine[];
  to_tell: { delay_id: string; due_at: string; numbers: string[] }[];
}

export interface ToldLook {
  at: string;
  offices: { role: string | null; territory_id: number | null }[];
  what: "read" | "found" | "disclosed" | "taken_out";
  why: "work" | "purpose" | "emergency" | "search" | "request" | "briefing";
  incident: string;
}

export interface WholeRequest extends RightLine {
  language: string;
  identity_document: (typeof DOCUMENTS)[number];
  person: { name: string | null; phone: string | null; reach: string | null; text: string | null } | null;
  /** Restricted by any request; `restricted_by_this`: by this one, which lifts its own only. */
  records: { sealed_id: string; incident: string; territory_id: number; role: string; received_at: string; restricted: boolean; restricted_by_this: boolean; erased: boolean }[];
  looks: (ToldLook & { entry_id: number; delayed: { id: string; ground: DelayGround; ends_at: string } | null })[];
  access: Access;
  /** Older looks are not among those shown. */
  has_every_look: boolean;
  /** Null: there is more to tell than an answer holds. */
  document: { answer: RightAnswer | null; reasons: string | null; incidents: string[]; looks: ToldLook[] } | null;
}

export interface Delay {
  id: string;
  territory_id: number;
  ground: DelayGround;
  begins_at: string;
  ends_at: string;
  /** Thirty days before it ends; never before it begins. */
  renewable_from: string;
  looks: number;
  /** Numbers of the entries of the log: who watches finds them there, and nobody is named here. */
  entries: number[];
  is_renewal: boolean;
  is_renewed: boolean;
  is_renewable: boolean;
}
