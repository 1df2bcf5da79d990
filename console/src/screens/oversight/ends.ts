/** When a class of person data ends, in words. */
import type { useWords } from "../../context";
import { en } from "../../i18n/en";
import type { Key } from "../../i18n/messages";

type Words = ReturnType<typeof useWords>;

export function endsText(one: { action: string; ends_after_days: number | null; counted_from: string }, t: Words["t"], f: Words["f"]): string {
  if (one.action === "keep" || one.ends_after_days === null) return t("retention.action.keep");
  const key = `retention.from.${one.counted_from}`;
  const from = key in en ? t(key as Key) : one.counted_from;
  return t("retention.after", { days: f.number(one.ends_after_days), from, how: t(`retention.action.${one.action}` as Key) });
}

/** A role by its name; a role that a later version adds shows its code. */
export function roleName(role: string, t: Words["t"]): string {
  const key = `role.${role}`;
  return key in en ? t(key as Key) : role;
}
