/** The shapes of retention, appointments, the register and the state of the log, as the server sends them. */
import type { Names } from "../../api/types";

export interface RetentionClass {
  id: string;
  names: Names;
  purpose: Names;
  legal_ground: string | null;
  review_on: string | null;
  review_overdue: boolean;
  ends_after_days: number;
  counted_from: string;
  action: "destroy_key" | "delete" | "keep";
  fixed: boolean;
  ended: number;
  last_at: string | null;
}

export interface Schedule {
  version: string;
  backup_keys_days: number;
  incidents_held: number;
  classes: RetentionClass[];
}

export interface Certificate {
  id: string;
  class: string;
  made_at: string;
  schedule: string;
  records: number;
  ended_from: string | null;
  ended_to: string | null;
  leaf: number | null;
}

export interface Register {
  schedule: string;
  policy_hash: string;
  controller: { name: string; address: string; contact: string } | null;
  impact_assessment: { date: string; reference: string } | null;
  offices: { role: string; territory_id: number; name: string }[];
  backup_keys_days: number;
  classes: (Pick<RetentionClass, "id" | "names" | "purpose" | "legal_ground" | "review_on" | "action"> & {
    ends_after_days: number | null;
    counted_from: string;
    held: Record<string, Record<string, string[]>>;
  })[];
  seen_by: string[];
  rules: { id: string; lets: boolean; words: Names }[];
  refusals: { id: string; says: string }[];
}

export interface Office {
  role: string;
  territory_id: number;
  account: { id: string; name: string };
}

export interface Waiting extends Office {
  id: string;
  change: "give" | "take";
  account: { id: string; name: string; login: string };
  asked_by: { id: string; name: string };
  asked_at: string;
  ends_at: string;
  /** Claims of the organisation's provider asked, so whoever manages accounts does not approve it. */
  by_provider: boolean;
  may_decide: boolean;
  may_approve: boolean;
  may_withdraw: boolean;
}

export interface Appointments {
  offices: Office[];
  waiting: Waiting[];
}

export interface Account {
  id: string;
  login: string;
  display_name: string;
  kind: "person" | "service";
  is_active: boolean;
}

export interface LogStatus {
  origin: string | null;
  vkey: string | null;
  entries: number;
  checkpoint: { size: number; at: string; age_s: number } | null;
  witnesses: { name: string; last_seen_at: string | null; last_size: number | null; is_silent: boolean }[];
  unwitnessed: boolean;
}
