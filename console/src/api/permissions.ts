/** What a button needs. The server decides every time; this only keeps from people what they would be refused anyway. */
import type { Me } from "./types";

export type Act = "picture" | "open" | "dispatch" | "change" | "close" | "reopen" | "correct" | "unit_status" | "figures" | "sealed" | "colleagues" | "alarms" | "resolve_alarm" | "emergency" | "hazard" | "alerts" | "alert_draft" | "alert_approve" | "handover" | "summary" | "summary_make" | "log_on" | "lend" | "register" | "plan"
  | "oversight" | "judge_reviews" | "read_reviews" | "publish_rate" | "handle_rights" | "renew_delays" | "judge_glass" | "tasks" | "carry_out" | "read_log"
  | "governance" | "audit_pack" | "appoint" | "accounts";

/** One permission, or any of several. */
const NEEDS: Record<Act, string | readonly string[]> = {
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
  oversight: ["review.judge", "review.read", "right.handle", "right.renew", "right.carry_out", "glass.review", "governance.read", "audit.pack"],
  tasks: ["right.handle", "right.carry_out", "glass.review", "audit.read"],
  carry_out: "right.carry_out",
  read_log: "audit.read",
  governance: "governance.read",
  audit_pack: "audit.pack",
  appoint: "appointment.make",
  accounts: "account.manage",
  judge_reviews: "review.judge",
  judge_glass: "glass.review",
  read_reviews: "review.read",
  publish_rate: "review.publish",
  handle_rights: "right.handle",
  renew_delays: "right.renew",
};

export function may(me: Me, act: Act): boolean {
  const needs = NEEDS[act];
  return typeof needs === "string" ? me.permissions.includes(needs) : needs.some((one) => me.permissions.includes(one));
}
