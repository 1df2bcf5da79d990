/** The words of the mark, for the console and for the unit's phone, which has no session of the console. */
import type { Access } from "../api/access";
import { en } from "../i18n/en";
import type { Formats } from "../i18n/format";
import type { Translate } from "../i18n/language";
import type { Key } from "../i18n/messages";

/** To whom something is shown, when, and by what right. */
export function markText(access: Access, t: Translate, f: Formats): string {
  const by = `look.by.${access.by ?? ""}`;
  const shown = t("look.mark", { viewer: access.viewer, at: f.zoned(access.at), by: by in en ? t(by as Key) : (access.by ?? "") });
  return access.until === null ? shown : `${shown} · ${t("look.mark_until", { at: f.full(access.until) })}`;
}
