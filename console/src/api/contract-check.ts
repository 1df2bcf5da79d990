/**
 * Fails the build where the types of this console and the server's OpenAPI part. Compiled, never run.
 * The OpenAPI names requests and closed sets; what comes back is held to the same shapes by the end-to-end checks.
 */
import type { DraftBody } from "../screens/alerts/types";
import type { KINDS, OFFICES } from "./log-codes";
import type { components, paths } from "./schema";
import type { NewIncident } from "./calls";
import type { Confidence, EnteredVia, HoldReason, OverrideReason, Precision, SafeContact, Stage, UnitStatus, WithdrawReason } from "./types";

type Bodies = components["schemas"];
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
/** Refuses a list in which one is false; `never` would pass for true. */
type Hold<T extends readonly true[]> = T;
type Fits<A extends B, B> = A;

export type SameSets = Hold<[
  Same<(typeof OFFICES)[number], Bodies["Role"]>,
  Same<(typeof KINDS)[number], Bodies["EntryKind"]>,
  Same<Stage, Bodies["Stage"]>,
  Same<UnitStatus, Bodies["UnitStatus"]>,
  Same<Precision, Bodies["Precision"]>,
  Same<OverrideReason, Bodies["OverrideReason"]>,
  Same<WithdrawReason, Bodies["WithdrawReason"]>,
  Same<HoldReason, Bodies["HoldReason"]>,
  Same<Confidence, Bodies["PlaceConfidence"]>,
  Same<SafeContact, Bodies["SafeContact"]>,
  Same<EnteredVia, Bodies["EnteredVia"]>,
]>;
export type Checks = [
  Fits<NewIncident, Bodies["OpenIncidentBody"]>,
  Fits<DraftBody & { territory_id: number }, Bodies["NewDraftBody"]>,
];

/** Every address this console speaks to, as the server spells it. */
export type Addresses = Fits<
  | "/api/centre" | "/api/session" | "/api/me" | "/api/codes" | "/api/snapshot" | "/api/stream"
  | "/api/territories" | "/api/territories/{territory_id}/boundaries"
  | "/api/incidents" | "/api/incidents/{incident_id}" | "/api/incidents/{incident_id}/timeline"
  | "/api/incidents/{incident_id}/assignments" | "/api/incidents/{incident_id}/assignments/{unit_id}/stages"
  | "/api/incidents/{incident_id}/changes" | "/api/incidents/{incident_id}/close" | "/api/incidents/{incident_id}/corrections"
  | "/api/norms" | "/api/alarms" | "/api/alarms/{alarm_id}/acknowledgements" | "/api/alarms/{alarm_id}/resolution"
  | "/api/units/{unit_id}/emergency" | "/api/units/{unit_id}/welfare"
  | "/api/incidents/{incident_id}/notes" | "/api/units/{unit_id}/status" | "/api/figures/response"
  | "/api/places" | "/api/places/nearest"
  | "/api/alerts" | "/api/alerts/templates" | "/api/alerts/{alert_id}" | "/api/alerts/{alert_id}/cap" | "/api/alerts/{alert_id}/draft"
  | "/api/alerts/{alert_id}/submit" | "/api/alerts/{alert_id}/approve" | "/api/alerts/{alert_id}/return" | "/api/alerts/{alert_id}/withdraw"
  | "/api/alerts/{alert_id}/follow-ups"
  | "/api/incidents/{incident_id}/recommendations" | "/api/incidents/{incident_id}/dispatches" | "/api/incidents/{incident_id}/finished-sendings"
  | "/api/incidents/{incident_id}/assignments/{unit_id}/withdrawal" | "/api/incidents/{incident_id}/diversions" | "/api/incidents/{incident_id}/swaps"
  | "/api/incidents/{incident_id}/hold" | "/api/incidents/{incident_id}/release" | "/api/incidents/{incident_id}/backup" | "/api/incidents/{incident_id}/backup/withdrawal",
  keyof paths
>;
export type CallAddresses = Fits<
  | "/api/incidents/nearby" | "/api/incidents/{incident_id}/calls" | "/api/incidents/{incident_id}/caller" | "/api/call-drafts"
  | "/api/call-drafts/{draft_id}" | "/api/hazards" | "/api/hazards/{note_id}/withdraw" | "/api/places/history" | "/api/guides",
  keyof paths
>;

export type BriefingAddresses = Fits<
  | "/api/handovers" | "/api/handovers/draft" | "/api/handovers/{handover_id}" | "/api/handovers/{handover_id}/acknowledgements"
  | "/api/handovers/{handover_id}/acceptance" | "/api/handovers/{handover_id}/withdrawal"
  | "/api/summaries" | "/api/summaries/draft" | "/api/summaries/{summary_id}" | "/api/summaries/{summary_id}/check"
  | "/api/summaries/{summary_id}/changes" | "/api/summaries/{summary_id}/pdf" | "/api/summaries/{summary_id}/csv",
  keyof paths
>;

export type CrewAddresses = Fits<
  | "/api/units" | "/api/units/{unit_id}/log-on" | "/api/units/{unit_id}/log-off" | "/api/units/{unit_id}/crew" | "/api/units/{unit_id}/loan" | "/api/units/{unit_id}/return"
  | "/api/aid" | "/api/aid-requests" | "/api/aid-requests/{request_id}/refusal" | "/api/aid-requests/{request_id}/withdrawal"
  | "/api/shifts" | "/api/shifts/{shift_id}" | "/api/shifts/{shift_id}/roster" | "/api/roster-swaps" | "/api/roster-swaps/{swap_id}/decision"
  | "/api/incidents/{incident_id}/owner" | "/api/colleagues",
  keyof paths
>;

export type LogOnRequest = Bodies["LogOnBody"];
export type RegisterUnitRequest = Bodies["RegisterUnitBody"];
export type LendRequest = Bodies["LendBody"];
export type ReturnRequest = Bodies["UnitReturnBody"];
export type AidAskRequest = Bodies["AidBody"];
export type RefusalRequest = Bodies["RefusalBody"];
export type ShiftRequest = Bodies["ShiftBody"];
export type RosterRequest = Bodies["RosterBody"];
export type SwapDecisionRequest = Bodies["SwapDecisionBody"];
export type OfferRequest = Bodies["OfferBody"];
export type AcknowledgeRequest = Bodies["AcknowledgeBody"];
export type MakeSummaryRequest = Bodies["MakeSummaryBody"];
export type ResolutionRequest = Bodies["ResolutionBody"];
export type EmergencyRequest = Bodies["EmergencyBody"];
export type WelfareRequest = Bodies["WelfareBody"];
export type AssignRequest = Bodies["AssignBody"];
export type DispatchRequest = Bodies["DispatchBody"];
export type FinishedRequest = Bodies["FinishedBody"];
export type StrikeRequest = Bodies["StrikeBody"];
export type WithdrawalRequest = Bodies["WithdrawalBody"];
export type DiversionRequest = Bodies["DiversionBody"];
export type SwapRequest = Bodies["SwapBody"];
export type HoldRequest = Bodies["HoldBody"];
export type BackupRequest = Bodies["BackupBody"];
export type StageRequest = Bodies["StageBody"];
export type ChangeRequest = Bodies["ChangeBody"];
export type CloseRequest = Bodies["CloseBody"];
export type PartyRequest = Bodies["PartyBody"];
export type VehicleRequest = Bodies["VehicleBody"];
export type MergeRequest = Bodies["MergeBody"];
export type SplitRequest = Bodies["SplitBody"];
export type LinkRequest = Bodies["LinkBody"];
export type ReopenRequest = Bodies["ReopenBody"];
export type ShutOutRequest = Bodies["ShutOutBody"];
export type ContactRulesRequest = Bodies["ContactRulesBody"];
export type HazardRequest = Bodies["HazardBody"];
export type CorrectionRequest = Bodies["CorrectionBody"];
export type UnitStatusRequest = Bodies["UnitStatusBody"];
export type OwnerRequest = Bodies["OwnerBody"];
export type NoteRequest = Bodies["NoteBody"];
export type SignInRequest = Bodies["SignInBody"];
