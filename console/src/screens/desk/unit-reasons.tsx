/** The server's coded reasons in words: minutes, type, skills, cover. What the row shows elsewhere (status, age of position) is not said twice. */
import type { ReasonPart, RecommendedUnit } from "../../api/types";
import { useNames, useWords, type NameBook } from "../../context";
import type { Translate } from "../../i18n/language";
import { minutes } from "./units-data";

const LONG_MIN = 99;

/** "4–7 min", "up to 3 min", or that it is unknown. */
export function travelText(travel: RecommendedUnit["travel"], t: Translate): string {
  if (!travel) return t("recommend.time_unknown");
  const { low, high } = minutes(travel);
  // Nobody plans by minutes of such a span: it says that nothing is known but the territory.
  if (high > LONG_MIN) return t("recommend.up_to_h", { n: Math.ceil(high / 60) });
  return low === 0 || low === high ? t("recommend.up_to", { n: high }) : t("recommend.minutes", { low, high });
}

/** Null for what the row shows by itself. */
function reasonText(part: ReasonPart, kind: string, t: Translate, names: NameBook): string | null {
  const place = part.territory_id === undefined ? "" : (names.territory(part.territory_id) ?? t("unknown"));
  switch (part.code) {
    case "kind_first":
      return t("recommend.kind_first");
    case "kind_next":
      return t("recommend.kind_next");
    case "kind_also":
      return t("recommend.kind_also");
    case "kind_other":
      return t("recommend.kind_other");
    case "skill_has":
      return t("recommend.skill_has", { skills: (part.skills ?? []).map(names.skill).join(", ") });
    case "skill_missing":
      return t("recommend.skill_missing", { skills: (part.skills ?? []).map(names.skill).join(", ") });
    case "crew_small":
      return t("recommend.crew_small", { n: part.n ?? 1 });
    case "cover_last":
      return t("recommend.cover_last", { kind: names.kind(kind), place });
    case "cover_left":
      return t("recommend.cover_left", { n: part.n ?? 0, place });
    case "diverts":
      return t("recommend.diverts");
    case "in_danger":
      return t("recommend.in_danger");
    case "here":
      return t("recommend.here");
    default:
      return null;
  }
}

const WARNS: ReadonlySet<string> = new Set(["cover_last", "in_danger"]);

export function Reasons({ item }: { item: RecommendedUnit }) {
  const { t } = useWords();
  const names = useNames();
  // What costs the district its cover, or a crew its help, is never the part that is cut off.
  const parts = [...item.parts].sort((a, b) => Number(WARNS.has(b.code)) - Number(WARNS.has(a.code))).flatMap((part) => {
    const text = reasonText(part, item.kind, t, names);
    return text === null ? [] : [{ code: part.code, text }];
  });
  return (
    <span className="unit-why small" title={parts.map((part) => part.text).join(" · ")}>
      {parts.map((part, index) => (
        <span key={part.code} className={WARNS.has(part.code) ? "is-last" : "quiet"}>
          {index > 0 && " · "}
          {WARNS.has(part.code) && "▲ "}
          {part.text}
        </span>
      ))}
    </span>
  );
}
