/** What stands on the call form, how it is kept as text, and what is sent of it. Pure: no React, no network. */
import type { NewIncident } from "../../api/calls";
import type { EnteredVia, SafeContact } from "../../api/types";
import { EMPTY_PLACE, packPlace, unpackPlace, type FormPlace } from "./form-place";

export interface Fields {
  place: FormPlace;
  territory: string;
  category: string;
  priority: string;
  priority_reason: string;
  channel: string;
  reference: string;
  note: string;
  caller_name: string;
  caller_phone: string;
  address: string;
  covert: boolean;
  safe_contact: SafeContact[];
  entered_via: EnteredVia;
  occurred_day: string;
  occurred_clock: string;
  /** Set when the incident is open already and the rest of the form goes to it. */
  incident_id: string;
  incident_number: string;
}

export const EMPTY: Fields = {
  place: EMPTY_PLACE, territory: "", category: "", priority: "", priority_reason: "", channel: "phone", reference: "", note: "", caller_name: "",
  caller_phone: "", address: "", covert: false, safe_contact: [], entered_via: "console", occurred_day: "", occurred_clock: "",
  incident_id: "", incident_number: "",
};

/** Fields as the server keeps them: text by name, null for one that is empty. */
export function pack(fields: Fields, names: Iterable<keyof Fields>): Record<string, string | null> {
  const packed: Record<string, string | null> = {};
  for (const name of names) {
    const value = fields[name];
    const text = typeof value === "string" ? value : typeof value === "boolean" ? (value ? "1" : "") : Array.isArray(value) ? value.join(",") : packPlace(value);
    packed[name] = text === "" ? null : text;
  }
  return packed;
}

/** What a kept draft says; what it does not know, or is not ours, is as on an empty form. */
export function unpack(kept: Record<string, string>): Fields {
  const text = (name: keyof Fields) => kept[name] ?? (EMPTY[name] as string);
  return {
    ...EMPTY,
    place: unpackPlace(kept["place"]), territory: text("territory"), category: text("category"), priority: text("priority"),
    priority_reason: text("priority_reason"), channel: text("channel"), reference: text("reference"), note: text("note"),
    caller_name: text("caller_name"), caller_phone: text("caller_phone"), address: text("address"), covert: kept["covert"] === "1",
    safe_contact: (kept["safe_contact"] ?? "").split(",").filter((one): one is SafeContact => one !== ""),
    entered_via: text("entered_via") as EnteredVia, occurred_day: text("occurred_day"), occurred_clock: text("occurred_clock"),
    incident_id: text("incident_id"), incident_number: text("incident_number"),
  };
}

/** Nothing is typed: a channel alone says nothing of a call. */
export function isEmpty(fields: Fields): boolean {
  return (Object.keys(EMPTY) as (keyof Fields)[]).every((name) => name === "channel" || JSON.stringify(fields[name]) === JSON.stringify(EMPTY[name]));
}

/** Known enough to open: what, how urgent, and where, at least as a territory. */
export function isReady(fields: Fields): boolean {
  return fields.category !== "" && fields.priority !== "" && (fields.place.chosen !== null || fields.territory !== "");
}

type Caller = Pick<NewIncident, "caller" | "address">;

export function callerOf(fields: Fields): Caller {
  const [name, phone] = [fields.caller_name.trim(), fields.caller_phone.trim()];
  const address = fields.address.trim() || addressOf(fields);
  return {
    ...(name || phone ? { caller: { ...(name ? { name } : {}), ...(phone ? { phone } : {}) } } : {}),
    ...(address ? { address } : {}),
  };
}

/** The house number stands in the address, which is sealed; a place that no gazetteer knows is kept as it was typed. */
function addressOf({ place }: Fields): string {
  if (place.chosen === null) return place.text.trim();
  return place.chosen.source === "gazetteer" && place.chosen.full_text !== place.chosen.label ? place.chosen.full_text : "";
}

export function toRequest(fields: Fields, proposed: string, occurred_at: string | null): Omit<NewIncident, "draft_id"> {
  const { chosen } = fields.place;
  const [note, reason, reference] = [fields.note.trim(), fields.priority_reason.trim(), fields.reference.trim()];
  return {
    category: fields.category, priority: fields.priority, channel: fields.channel, place: chosen?.place ?? null,
    confidence: chosen?.confidence ?? "unknown", covert: fields.covert, entered_via: fields.entered_via,
    ...(chosen?.accuracy_m != null ? { accuracy_m: chosen.accuracy_m } : {}),
    ...(chosen?.label ? { place_label: chosen.label.slice(0, 120) } : {}),
    ...(chosen === null && fields.territory ? { territory_id: Number(fields.territory) } : {}),
    ...(fields.safe_contact.length > 0 ? { safe_contact: fields.safe_contact } : {}),
    ...(reference ? { reference } : {}),
    ...(fields.priority !== proposed && reason ? { priority_reason: reason } : {}),
    ...(occurred_at !== null ? { occurred_at } : {}),
    ...(note ? { note } : {}),
    ...callerOf(fields),
  };
}
