/** Does what a plan says: one command each, under its own key, or a way to another screen. */
import type { Access } from "../api/access";
import { Command, read, Unreachable } from "../api/client";
import type { BackupRequest, CorrectionRequest, DispatchRequest, NoteRequest, OwnerRequest, StageRequest, UnitStatusRequest, WithdrawalRequest } from "../api/contract-check";
import type { Recommendations, Stage } from "../api/types";
import type { Plan } from "./resolve";

/** The newest own act that still stands and can be taken back. */
export interface LastAct {
  kind: "sending" | "stage" | "hold";
  seq: number;
  incident_id: string;
  number: string;
  version: number;
  at: string;
  stage?: Stage;
  units: { unit_id: string; call_sign: string }[];
}

export interface Found {
  key: string;
  text: string;
  to: string;
}

/** What was found; `isNarrowed`: among callers only those of one's own incidents were looked at. */
export interface Findings {
  items: Found[];
  isNarrowed: boolean;
  /** Where hits were found by their caller: to whom that was shown. */
  access: Access | null;
}

export interface Outcome {
  /** Where something was looked for. */
  findings: Findings | null;
  /** The number of what the act wrote, where it changes what can be typed next: the picture shows it from that number on. */
  seq: number | null;
}

const NO_OUTCOME: Outcome = { findings: null, seq: null };

interface Hits {
  purpose_needed?: boolean;
  access?: Access | null;
  items: { kind: string; incident?: { id: string; number: string; place_label?: string | null }; unit?: { id: string; call_sign: string; incident_id: string | null } }[];
}

type Go = (to: string) => unknown;

/** What got no answer: the same act sent again goes under its own key, so that it is done once whatever became of the first. */
let unanswered: Command<unknown> | null = null;

async function post<T = { version: number; seq?: number }>(path: string, body: unknown): Promise<T> {
  const isAgain = unanswered?.path === path && JSON.stringify(unanswered.body) === JSON.stringify(body);
  const command = isAgain ? (unanswered as Command<T>) : new Command<T>("POST", path, body);
  unanswered = null;
  try {
    return await command.send();
  } catch (failed) {
    if (failed instanceof Unreachable) unanswered = command;
    throw failed;
  }
}

/** Throws ApiError or Unreachable. */
export async function run(plan: Plan, last: LastAct | null, go: Go, undoReason: string, me: string): Promise<Outcome> {
  const at = "incident" in plan ? `/api/incidents/${plan.incident.id}` : "";
  switch (plan.kind) {
    case "new":
      go("/new");
      return NO_OUTCOME;
    case "own":
      // What is theirs already is only opened: the server would refuse to give it twice.
      if (plan.incident.owner_id !== me) await post(`${at}/owner`, { to: "me", version: plan.incident.version } satisfies OwnerRequest);
      go(`/desk/${plan.incident.id}`);
      return NO_OUTCOME;
    case "open":
      go(`/desk/${plan.incident.id}`);
      return NO_OUTCOME;
    case "outcome":
      go(`/desk/${plan.incident.id}#outcome`);
      return NO_OUTCOME;
    case "assign": {
      // The list is asked for first, so that what was recommended is kept beside what was taken.
      const shown = await read<Recommendations>(`${at}/recommendations?limit=1`).catch(() => null);
      const body: DispatchRequest = { unit_ids: plan.units.map((unit) => unit.id), version: plan.incident.version, recommendation_id: shown?.id ?? null };
      const { seq } = await post(`${at}/dispatches`, body);
      go(`/desk/${plan.incident.id}`);
      return { findings: null, seq: seq ?? null };
    }
    case "stage": {
      const { seq } = await post(`${at}/assignments/${plan.unit.id}/stages`, { stage: plan.stage, version: plan.incident.version } satisfies StageRequest);
      return { findings: null, seq: seq ?? null };
    }
    case "status": {
      const { seq } = await post(`/api/units/${plan.unit.id}/status`, { status: plan.status, version: plan.unit.version } satisfies UnitStatusRequest);
      return { findings: null, seq: seq ?? null };
    }
    case "note":
      await post(`${at}/notes`, { text: plan.text } satisfies NoteRequest);
      return NO_OUTCOME;
    case "backup":
      await post(`${at}/backup`, { count: plan.count, version: plan.incident.version } satisfies BackupRequest);
      return NO_OUTCOME;
    case "undo":
      if (last) await undo(last, undoReason);
      return NO_OUTCOME;
    case "find":
      return { findings: hits(await post<Hits>("/api/find", { q: plan.text })), seq: null };
  }
}

async function undo(act: LastAct, reason: string): Promise<void> {
  const at = `/api/incidents/${act.incident_id}`;
  let { version } = act;
  if (act.kind === "hold") await post(`${at}/release`, { version });
  for (const { unit_id } of act.units) {
    if (act.kind === "sending") {
      ({ version } = await post(`${at}/assignments/${unit_id}/withdrawal`, { version, reason: "mistake" } satisfies WithdrawalRequest));
    } else {
      const body: CorrectionRequest = { version, corrects_seq: act.seq, unit_id, stage: act.stage!, occurred_at: null, reason };
      ({ version } = await post(`${at}/corrections`, body));
    }
  }
}

function hits({ items, purpose_needed, access }: Hits): Findings {
  const found = items.flatMap((hit, index) => {
    if (hit.incident) return [{ key: `${index}`, text: [hit.incident.number, hit.incident.place_label].filter(Boolean).join(" · "), to: `/desk/${hit.incident.id}` }];
    if (hit.unit) return [{ key: `${index}`, text: hit.unit.call_sign, to: hit.unit.incident_id ? `/desk/${hit.unit.incident_id}` : "/units" }];
    return [];
  });
  return { items: found, isNarrowed: purpose_needed ?? false, access: access ?? null };
}
