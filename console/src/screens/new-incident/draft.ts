/**
 * The form as far as it is filled in. Coded fields are kept in the tab's sessionStorage, so that a reload loses nothing; what says who
 * called, from where and what was said stays in memory only and goes with the tab or the session.
 */
import { session } from "../../session";

export interface CodedDraft {
  category: string;
  priority: string;
  channel: string;
  place: string;
  territory: string;
}

export interface PrivateDraft {
  caller_name: string;
  caller_phone: string;
  address: string;
  note: string;
}

const KEY = "markaz.new-incident";
const NO_CODED: CodedDraft = { category: "", priority: "", channel: "", place: "", territory: "" };
const NO_PRIVATE: PrivateDraft = { caller_name: "", caller_phone: "", address: "", note: "" };

let privateDraft: PrivateDraft = { ...NO_PRIVATE };

export function loadDraft(): { coded: CodedDraft; personal: PrivateDraft } {
  let coded = { ...NO_CODED };
  try {
    coded = { ...NO_CODED, ...(JSON.parse(sessionStorage.getItem(KEY) ?? "{}") as Partial<CodedDraft>) };
  } catch {
    // Somebody else's text under our key: start afresh.
  }
  return { coded, personal: privateDraft };
}

export function saveDraft(coded: CodedDraft, personal: PrivateDraft): void {
  sessionStorage.setItem(KEY, JSON.stringify(coded));
  privateDraft = personal;
}

export function clearDraft(): void {
  sessionStorage.removeItem(KEY);
  privateDraft = { ...NO_PRIVATE };
}

export function hasPrivateDraft(): boolean {
  return Object.values(privateDraft).some((text) => text !== "");
}

session.whenLeaving(clearDraft);
