/** What the server says of crews, shifts, swaps and mutual aid; times are ISO 8601 text in UTC. */
import type { Names, UnitView } from "./types";

export interface Named {
  id: string;
  display_name: string;
}

export interface LogOn {
  id: string;
  unit_id: string;
  crew: Named[];
  crew_size: number;
  vehicle: string | null;
  skills: string[];
  logged_on_at: string;
  ends_at: string | null;
  shift: { id: string; name: string } | null;
}

export interface UnitCrew {
  log_on: LogOn | null;
}

export interface Shift {
  id: string;
  territory_id: number;
  name: string;
  starts_at: string;
  ends_at: string;
  version: number;
}

export interface RosterLine {
  unit_id: string;
  call_sign: string;
  account_id: string;
  display_name: string;
  /** The shift runs for ten minutes and this person is on no unit; kept nowhere. */
  is_missing: boolean;
}

export interface ShiftRoster {
  shift: Shift;
  entries: RosterLine[];
  /** Everybody who may stand in it. */
  officers: Named[];
}

export type SwapState = "asked" | "accepted" | "declined" | "withdrawn" | "confirmed" | "rejected";

export interface Swap {
  id: string;
  shift: { id: string; name: string; starts_at: string };
  from: Named;
  to: Named;
  state: SwapState;
  asked_at: string;
  version: number;
}

export type AidState = "open" | "met" | "refused" | "withdrawn" | "expired";

export interface AidRequest {
  id: string;
  /** Who asks. */
  territory_id: number;
  /** Who is asked. */
  from_territory_id: number;
  kind: string;
  count: number;
  lent: number;
  until: string;
  reason: string;
  state: AidState;
  refusal: string | null;
  asked_at: string;
  asked_by: string;
  version: number;
}

export type LentUnit = UnitView & { lent: { until: string; home_territory_id: number }; is_overdue: boolean };

export interface AidOverview {
  requests: AidRequest[];
  lent: LentUnit[];
  /** Territories beside one's own and beside those above, and every other one spoken of here. */
  neighbours: { id: number; parent_id: number | null; names: Names }[];
}
