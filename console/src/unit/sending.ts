/** Takes one report to the centre. Every way ends in time; what may have been heard or not is sent again under its own key. */
import { ApiError, Command, Unreachable } from "../api/client";
import type { Report, Sent } from "./outbox";
import type { Kept, Why } from "./types";

interface Taken {
  kept: Kept;
  why?: Why;
  into?: string;
}

/** Short: a line that died is left soon, and the centre knows a report that it has already. */
const EMERGENCY_MS = 10_000;

export async function sendReport(report: Report): Promise<Sent> {
  const device_now = new Date().toISOString();
  try {
    const { kept, why, into } = await (report.kind === "photo" ? sendPhoto(report, device_now) : sendWords(report, device_now));
    return kept ? { kind: "kept", kept, ...(why ? { why } : {}), ...(into ? { into } : {}) } : { kind: "later" };
  } catch (error) {
    return afterFailure(error);
  }
}

function afterFailure(error: unknown): Sent {
  // No answer of the centre: none at all, or the page of something in between, such as a sign-in page of a network.
  if (error instanceof Unreachable || error instanceof SyntaxError) return { kind: "later" };
  if (!(error instanceof ApiError)) return { kind: "refused", message: String(error) };
  const isPassing = error.status === 429 || error.status >= 500 || error.code === "http_error";
  if (error.status === 401 && !isPassing) return { kind: "signed_out" };
  return isPassing ? { kind: "later" } : { kind: "refused", message: error.body.message };
}

function sendWords(report: Report, device_now: string): Promise<Taken> {
  const isEmergency = report.kind === "emergency";
  const body: Record<string, unknown> = { key: report.key, unit_id: report.unit_id, at: report.at, device_now };
  if (!isEmergency) body["kind"] = report.kind;
  // That it showed none is said too: the unit may have been sent somewhere since.
  else body["incident_id"] = report.incident_id;
  const more = isEmergency ? (["lon", "lat", "accuracy_m"] as const) : (["incident_id", "stage", "ordinal", "assigned_at", "text"] as const);
  for (const name of more) if (report[name] !== null && report[name] !== undefined) body[name] = report[name];
  // The key of the report is the centre's to know it by; the act is new each time, because the clock it is sent with is.
  const within = isEmergency ? { within_ms: EMERGENCY_MS } : {};
  return new Command<Taken>("POST", isEmergency ? "/api/field/emergencies" : "/api/field/reports", body).send({ attempts: 1, ...within });
}

/** The client gives an upload its longer time by itself. */
function sendPhoto(report: Report, device_now: string): Promise<Taken> {
  const query = new URLSearchParams({ key: report.key, unit_id: report.unit_id, incident_id: report.incident_id ?? "", at: report.at, device_now });
  return new Command<Taken>("POST", `/api/field/photos?${query}`, report.photo).send({ attempts: 1 });
}
