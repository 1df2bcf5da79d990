/** What a button needs. The server decides every time; this only keeps from people what they would be refused anyway. */
import type { Me } from "./types";

export type Act = "picture" | "open" | "dispatch" | "change" | "close" | "reopen" | "correct" | "unit_status" | "figures" | "sealed" | "colleagues" | "alarms" | "resolve_alarm" | "emergency" | "hazard" | "alerts" | "alert_draft" | "alert_approve" | "handover" | "summary" | "summary_make" | "log_on" | "lend" | "register" | "plan";

const NEEDS: Record<Act, string> = {
  picture: "incident.read",
  open: "incident.open",
  dispatch: "incident.dispatch",
  change: "incident.change",
  close: "incident.close",
  reopen: "incident.reopen",
  correct: "incident.correct",
  unit_status: "unit.status",
  figures: "figures.read",
  sealed: "incident.read_sealed",
  colleagues: "crew.read",
  alerts: "alert.read",
  alert_draft: "alert.draft",
  alert_approve: "alert.approve",
  alarms: "alarm.read",
  resolve_alarm: "alarm.resolve",
  emergency: "emergency.raise",
  hazard: "hazard.write",
  handover: "handover.sign",
  summary: "summary.read",
  summary_make: "summary.make",
  log_on: "unit.log_on",
  lend: "unit.lend",
  register: "unit.register",
  plan: "roster.plan",
};

export function may(me: Me, act: Act): boolean {
  return me.permissions.includes(NEEDS[act]);
}
