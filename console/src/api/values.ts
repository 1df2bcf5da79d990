/** The small values that every shape of the API is made of: names, places, stages, codes. Imports nothing. */

export type LanguageTag = "uz-Latn" | "uz-Cyrl" | "ru" | "en";
/** A name in up to four languages; any may be missing. */
export type Names = Partial<Record<LanguageTag, string>>;

export interface Place {
  lon: number;
  lat: number;
}

export type Precision = "second" | "minute" | "day" | "month";

export const STAGES = ["assigned", "en_route", "on_scene", "transporting", "at_hospital", "cleared"] as const;
export type Stage = (typeof STAGES)[number];

export const UNIT_STATUSES = [
  "available", "assigned", "en_route", "on_scene", "transporting", "at_hospital", "busy", "out_of_service", "off_duty",
] as const;
export type UnitStatus = (typeof UNIT_STATUSES)[number];

export interface AssignedUnit {
  call_sign: string;
  ordinal: number;
  stages: Partial<Record<Stage, string>>;
}

/** How well the place is known. */
export const CONFIDENCES = ["exact", "street", "area", "phone", "unknown"] as const;
export type Confidence = (typeof CONFIDENCES)[number];

export const SAFE_CONTACTS = ["no_call", "no_text", "no_message"] as const;
export type SafeContact = (typeof SAFE_CONTACTS)[number];
export const ENTERED_VIA = ["console", "radio", "paper"] as const;
export type EnteredVia = (typeof ENTERED_VIA)[number];

export interface Code {
  code: string;
  names: Names;
  /** Of a category: what is proposed first, and the group in which two reports of one thing may differ. */
  priority?: string;
  group?: string;
}
