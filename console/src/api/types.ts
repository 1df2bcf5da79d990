/**
 * The shapes of the API as the console uses them, times as ISO 8601 text in UTC.
 * `schema.d.ts` is generated from the server's OpenAPI by `npm run api`; `contract-check.ts` fails the build where the two part.
 */
import type { Access } from "./access";
import type { Note, OutcomeCode, Sealed } from "./contents";
import type { Presence } from "./presence-types";
import type { AssignedUnit, Code, Confidence, Names, Place, Precision, UnitStatus } from "./values";

export * from "./values";
export type { Colleague, Presence, PresenceFrame } from "./presence-types";

export interface IncidentView {
  id: string;
  number: string;
  status: "open" | "closed";
  category: string;
  priority: string;
  channel: string;
  territory_id: number;
  place: Place | null;
  received: { at: string; precision: Precision };
  opened_by: string;
  outcome: string | null;
  flags: string[];
  version: number;
  source: string | null;
  owner_id: string | null;
  held: { until: string; reason: string } | null;
  /** Public name of the street, landmark or neighbourhood, without a house number. */
  place_label: string | null;
  confidence: Confidence;
  accuracy_m: number | null;
  covert: boolean;
  /** The rules of the incident itself. */
  safe_contact: string[];
  /** All that must not be done to somebody of it: its own rules and those of its parties. */
  binding: string[];
  entered_via: "console" | "radio" | "paper";
  merged_into: string | null;
  /** More units are asked for; `by` is an account. */
  backup: { asked_at: string; by: string; count: number; kind: string | null } | null;
  /** From when the clock of the unassigned counts, where it was held; null: from the call. */
  waits_from: string | null;
  /** How many people called about it. */
  calls: number;
  units: Record<string, AssignedUnit>;
}

export interface UnitView {
  id: string;
  call_sign: string;
  kind: string;
  territory_id: number;
  status: UnitStatus;
  since: string;
  incident_id: string | null;
  version: number;
  skills: string[];
  crew_size: number;
  reason: string | null;
  lent: { until: string; home_territory_id: number } | null;
  /** When the crew last said that it is well. */
  last_word_at?: string | null;
}

export const ALARM_KINDS = ["unassigned", "held_over", "en_route", "arrival", "welfare", "emergency", "break_glass"] as const;
export type AlarmKind = (typeof ALARM_KINDS)[number];

export interface AlarmView {
  id: string;
  kind: AlarmKind;
  level: "red" | "escalated";
  incident_id: string | null;
  number: string | null;
  unit_id: string | null;
  call_sign: string | null;
  territory_id: number;
  due_at: string | null;
  occurred_at: string;
  /** How often the button of an emergency was pressed; 1 for every other alarm. */
  presses: number;
  raised_at: string;
  raised_by: string;
  escalated_to: number | null;
  place: Place | null;
  fix_at: string | null;
  accuracy_m: number | null;
  /** Account -> when that person noticed it, of an emergency its newest press. It concerns that person alone. */
  acknowledged: Record<string, string>;
}

export const TERRAINS = ["urban", "rural", "mountain"] as const;
export type Terrain = (typeof TERRAINS)[number];

export interface NormRow {
  priority: string;
  terrain: Terrain;
  unassigned_s: number;
  en_route_s: number;
  arrival_s: number;
  welfare_s: number;
}

/** How soon something must happen. A territory that `terrain` does not name is as the one around it. */
export interface Norms {
  amber_share: number;
  escalate_after_s: number;
  escalate_acknowledged_after_s: number;
  escalate_emergency_after_s: number;
  entered_late_s: number;
  strictest: string;
  default_terrain: Terrain;
  norms: NormRow[];
  terrain: Record<string, Terrain>;
}

export interface Position {
  unit_id: string;
  lon: number;
  lat: number;
  fix_at: string;
  accuracy_m: number | null;
}

/** The clock of a replay: `at` moves `speed` times as fast as ours. */
export interface ReplayClock {
  at: string;
  speed: number;
  source: string;
}

export interface Snapshot {
  seq: number;
  at: string;
  incidents: IncidentView[];
  units: UnitView[];
  alarms: AlarmView[];
  presence: Presence[];
  positions: Position[];
  clock: ReplayClock | null;
}

export interface WireEvent {
  seq: number;
  type: string;
  kind: "incident" | "unit" | "alarm";
  id: string;
  op: "set" | "patch" | "gone";
  value?: unknown;
  actor?: string;
  occurred_at?: string;
  recorded_at?: string;
}

export interface EventsFrame {
  after: number;
  seq: number;
  events: WireEvent[];
}

export interface PositionsFrame {
  positions: Position[];
}

export interface EndFrame {
  code: "access_changed" | "cursor_too_old" | "slow_consumer" | "shutdown";
  status: number;
}

export interface Me {
  account: { id: string; login: string; display_name: string };
  grants: { role: string; territory_id: number }[];
  permissions: string[];
  /** `enrol`: the role needs a second factor first, and nothing else is served. */
  level?: "full" | "enrol";
  demo: boolean;
  /** A training desk: a copy of the past, never live. */
  training: boolean;
  /** A centre for trying out: not checked for going live. */
  trial?: boolean;
  now: string;
  profile: string;
  stale_after_s: number;
  basemap: boolean;
}

export interface Codes {
  categories: Code[];
  /** In order: the most urgent first. */
  priorities: Code[];
  outcomes: OutcomeCode[];
  unit_kinds: Code[];
  channels: Code[];
  outcome_reasons?: Code[];
  referral_bodies?: Code[];
  skills: Code[];
  status_reasons: Code[];
  lend_reasons: Code[];
  lend_refusals: Code[];
  shifts: Code[];
  hazard_sources: Code[];
  hazard_grounds: Code[];
  levels: { key: string; names: Names }[];
}

export interface Territory {
  id: number;
  code: string;
  parent_id: number | null;
  level: string;
  names: Names;
  bbox: [number, number, number, number] | null;
}

export interface IncidentCard {
  incident: IncidentView & { closed_at?: string | null };
  /** Null where it may not be shown. */
  sealed: Sealed | null;
  notes: Note[];
  access?: Access;
}

export interface TimelineEntry {
  seq: number;
  type: string;
  actor: { id: string; name: string };
  occurred: { at: string | null; precision: Precision; source: string };
  recorded_at: string;
  detail: Record<string, unknown>;
  corrected_by: number | null;
  corrects: number | null;
  void: boolean;
  /** An officer entered it more than five minutes after its stated time. */
  late?: boolean;
  /** Why, where a reason was asked for; null when it was erased or may not be read. */
  reason: string | null;
}

export interface IncidentRow extends IncidentView {
  closed_at: string | null;
}

export interface IncidentPage {
  items: IncidentRow[];
  next: string | null;
}

export interface ResponseRow {
  priority: string;
  calls: number;
  with_both: number;
  p50_s: number | null;
  p90_s: number | null;
  records: string;
}

export interface ResponseFigures {
  definition: string;
  rows: ResponseRow[];
}

export type ChoiceGroup = "recommended" | "possible" | "divertible" | "not_now" | "here";

/** One coded reason; `added_s` is what it counted like when the units were put in order. */
export interface ReasonPart {
  code: string;
  added_s?: number;
  n?: number;
  territory_id?: number;
  skills?: string[];
  status?: string;
}

export interface RecommendedUnit {
  unit_id: string;
  call_sign: string;
  kind: string;
  status: UnitStatus;
  version: number;
  group: ChoiceGroup;
  suggested: boolean;
  /** Null where either end is unknown altogether. */
  travel: { low_s: number; mid_s: number; high_s: number; distance_m: number | null; source: "straight_line" | "road" } | null;
  counted_s: number | null;
  position_age_s: number | null;
  cover_left: number | null;
  parts: ReasonPart[];
}

export interface Recommendations {
  id: string;
  at: string;
  of: number;
  travel_source: "straight_line" | "road";
  travel_fallback: "timeout" | "unreachable" | "refused" | null;
  from_territory: boolean;
  items: RecommendedUnit[];
}

export const OVERRIDE_REASONS = ["nearer_by_knowledge", "asked_for_by_unit", "language", "vehicle", "other"] as const;
export type OverrideReason = (typeof OVERRIDE_REASONS)[number];
export const WITHDRAW_REASONS = ["not_needed", "mistake", "unit_unable", "other"] as const;
export type WithdrawReason = (typeof WITHDRAW_REASONS)[number];
export const HOLD_REASONS = ["no_unit", "awaiting_caller", "appointment", "other"] as const;
export type HoldReason = (typeof HOLD_REASONS)[number];

export const PLACE_KINDS = ["street", "crossing", "house", "landmark", "neighbourhood", "settlement", "other"] as const;
export type PlaceKind = (typeof PLACE_KINDS)[number];

/** A place of the gazetteer. `label` is public; together with `house` it is an address and is kept sealed. */
export interface PlaceItem {
  id: number | null;
  kind: PlaceKind | "coordinates";
  label: Names;
  house: string | null;
  /** Ids of the territories around it, the root first. */
  detail: number[];
  place: Place;
  territory_id: number | null;
  confidence: Confidence;
  accuracy_m: number | null;
}

export interface PlaceHit extends PlaceItem {
  score: number;
  matched: "name" | "similar" | "street_only" | "coordinates";
}

export interface PlaceHits {
  items: PlaceHit[];
}

export interface NearestPlace {
  item: (PlaceItem & { distance_m: number }) | null;
  territory_id: number | null;
}

export interface ErrorBody {
  code: string;
  message: string;
  details?: Record<string, unknown> | null;
  request_id?: string;
}
