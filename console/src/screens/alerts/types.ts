/** The shapes of public alerts as the console uses them; contract-check.ts holds the request to the server's. */
import type { LanguageTag } from "../../api/types";

export const CATEGORIES = ["Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE", "Other"] as const;
export const URGENCIES = ["Immediate", "Expected", "Future", "Past", "Unknown"] as const;
export const SEVERITIES = ["Extreme", "Severe", "Moderate", "Minor", "Unknown"] as const;
export const CERTAINTIES = ["Observed", "Likely", "Possible", "Unlikely", "Unknown"] as const;
export const RESPONSES = ["Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None"] as const;
export const RETURN_REASONS = ["text", "area", "level", "times", "not_needed"] as const;

export type Severity = (typeof SEVERITIES)[number];
export type Status = "Actual" | "Exercise" | "Test" | "System" | "Draft";
export type SignatureState = "own" | "valid_known" | "valid_unknown" | "broken" | "unchecked" | "none";

export interface AlertItem {
  id: string;
  state: "draft" | "submitted" | "issued" | "withdrawn" | "received";
  territory_id: number;
  status: Status;
  msg_type: "Alert" | "Update" | "Cancel" | "Ack" | "Error";
  severity: Severity;
  sent: string | null;
  effective: string | null;
  expires: string | null;
  signature: SignatureState | null;
  ended_by: string | null;
  version: number;
  sender: string;
  texts: Record<string, { event: string | null; headline: string | null; areas: string[] }>;
  authors: (string | null)[];
  approved_by: string | null;
  return_reason: (typeof RETURN_REASONS)[number] | null;
  certificate: string | null;
}

export interface AlertLists {
  now: string;
  current: AlertItem[];
  drafts: AlertItem[];
  past: AlertItem[];
  is_cut: boolean;
}

export interface InfoView {
  language: string;
  categories: (typeof CATEGORIES)[number][];
  event: string;
  response_types: (typeof RESPONSES)[number][];
  urgency: (typeof URGENCIES)[number];
  severity: Severity;
  certainty: (typeof CERTAINTIES)[number];
  effective: string | null;
  expires: string | null;
  headline: string | null;
  description: string | null;
  instruction: string | null;
  areas: { description: string; polygons: number; circles: string[] }[];
}

export interface TextDraft {
  event: string;
  headline: string;
  description: string;
  instruction: string;
  place: string;
}

export interface DraftBody {
  status: Status;
  category: (typeof CATEGORIES)[number];
  urgency: (typeof URGENCIES)[number];
  severity: Severity;
  certainty: (typeof CERTAINTIES)[number];
  response_type: (typeof RESPONSES)[number] | null;
  effective: string | null;
  onset: string | null;
  expires: string | null;
  untranslated: "no_time" | "not_spoken" | null;
  texts: Record<LanguageTag, TextDraft>;
  territory_ids: number[];
  circle: { lon: number; lat: number; radius_km: number } | null;
  polygon: { lon: number; lat: number }[];
}

export interface WholeAlert {
  alert: AlertItem;
  message: { sender: string; references: string | null; infos: InfoView[] };
  draft: DraftBody | null;
  problems: { code: string; field: string }[];
  written_by_you: boolean;
  history: { type: string; at: string; by: string | null }[];
}

export interface Template extends Pick<DraftBody, "category" | "urgency" | "severity" | "certainty" | "response_type"> {
  code: string;
  texts: Record<LanguageTag, Pick<TextDraft, "event" | "headline" | "instruction">>;
}
