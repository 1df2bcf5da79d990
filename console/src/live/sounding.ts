/**
 * What a person hears, decided from the alarms alone. Pure. Nothing that somebody else acknowledged silences anything here: only
 * one's own name counts, and only a routine alarm that can wait can be muted.
 */
import type { AlarmView } from "../api/types";

export type Sound = "emergency" | "escalated" | "routine";

export interface Listener {
  id: string;
  /** Roles held; a shift supervisor is called when an alarm has gone up to their level, not before. */
  roles: readonly string[];
  /** The territories one has a role in and all around them: what went up to one of these has reached this person. */
  levels: ReadonlySet<number>;
  isMuted: boolean;
  /** The alarms no muting holds back, by their ids. */
  urgent: ReadonlySet<string>;
}

const AT_THE_DESK = new Set(["call_taker", "dispatcher", "duty_officer"]);

/** Danger to life that nobody was sent to (what nobody has graded may be that), and a crew that was not heard of: never muted. */
export function isUrgent(alarm: AlarmView, priority: string | undefined): boolean {
  if (alarm.kind === "welfare") return true;
  return (alarm.kind === "unassigned" || alarm.kind === "held_over") && (priority === undefined || priority === "1" || priority === "unknown");
}

/** The class of an alarm is the sound it has. */
export function classOf(alarm: AlarmView): Sound {
  return alarm.kind === "emergency" ? "emergency" : isForSupervisors(alarm) ? "escalated" : "routine";
}

/** What went up from the desk, and a broken glass, which only supervisors are told of at all. */
function isForSupervisors(alarm: AlarmView): boolean {
  return alarm.level === "escalated" || alarm.kind === "break_glass";
}

/** Most urgent first: emergencies, what went up, then what is over its time the longest. */
export function sortAlarms(alarms: Iterable<AlarmView>): AlarmView[] {
  const rank = (alarm: AlarmView) => (alarm.kind === "emergency" ? 0 : isForSupervisors(alarm) ? 1 : 2);
  // An emergency keeps its place when its button is pressed again: what calls twice does not go behind what called once.
  const since = (alarm: AlarmView) => (alarm.kind === "emergency" ? alarm.raised_at : alarm.occurred_at);
  return [...alarms].sort((a, b) => rank(a) - rank(b) || since(a).localeCompare(since(b)) || (a.id < b.id ? -1 : 1));
}

/** What somebody notices: an alarm, of an emergency one press of its button. */
export function pressOf(alarm: AlarmView): string {
  return `${alarm.id}:${alarm.presses}`;
}

export function isNoticedBy(alarm: AlarmView, account_id: string): boolean {
  return Object.hasOwn(alarm.acknowledged, account_id);
}

export function soundOf(alarms: Iterable<AlarmView>, listener: Listener): Sound | null {
  const isAtTheDesk = listener.roles.some((role) => AT_THE_DESK.has(role));
  let loudest: Sound | null = null;
  for (const alarm of alarms) {
    if (isNoticedBy(alarm, listener.id)) continue;
    if (alarm.kind === "emergency") return "emergency";
    if (isForSupervisors(alarm)) {
      if (isAtTheDesk || alarm.escalated_to === null || listener.levels.has(alarm.escalated_to)) loudest = "escalated";
    } else if (loudest === null && isAtTheDesk && (!listener.isMuted || listener.urgent.has(alarm.id))) loudest = "routine";
  }
  return loudest;
}

const RANK: readonly (Sound | null)[] = [null, "routine", "escalated", "emergency"];

export function louder(one: Sound | null, other: Sound | null): Sound | null {
  return RANK.indexOf(one) >= RANK.indexOf(other) ? one : other;
}

/** The alarm after `current` in the order of urgency, round to the first; those one has not noticed come before the others. */
export function nextAlarm(sorted: readonly AlarmView[], account_id: string, current: string | null): AlarmView | null {
  const unnoticed = sorted.filter((alarm) => !isNoticedBy(alarm, account_id));
  const among = unnoticed.length > 0 ? unnoticed : sorted;
  const at = among.findIndex((alarm) => alarm.id === current);
  return among[(at + 1) % among.length] ?? null;
}
