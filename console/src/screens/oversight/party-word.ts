/** Words for codes of the server's; a code that this console does not know stands as it is. */
import { en } from "../../i18n/en";
import type { Key } from "../../i18n/messages";

export function wordOf(t: (key: Key) => string, prefix: string, code: string): string {
  const key = `${prefix}.${code}`;
  return key in en ? t(key as Key) : code;
}

/** What somebody is in an incident, or that a record is a photo of it. */
export const partyWord = (t: (key: Key) => string, role: string): string => wordOf(t, "right.party", role);
