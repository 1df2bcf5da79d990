/** The shapes of oversight as the console uses them; contract-check.ts holds the requests to the server's. */
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
