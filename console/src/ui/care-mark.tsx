/** The sign of an incident in which a call, a text or a siren could endanger somebody: in lists too, before anybody opens it. */
import { SAFE_CONTACTS } from "../api/types";
import { useWords } from "../context";

interface Props {
  covert: boolean;
  /** Those of the incident and of all its parties. */
  rules: readonly string[];
  /** To the eye too, where a list has the room or is printed. */
  withWords?: boolean;
}

/** An octagon that says for what. */
export function CareMark({ covert, rules: all, withWords = false }: Props) {
  const { t } = useWords();
  const rules = SAFE_CONTACTS.filter((rule) => all.includes(rule)).map((rule) => t(`safe.${rule}`));
  const words = [...(covert ? [t("safe.covert_check")] : []), ...rules].join(" · ");
  if (words === "") return null;
  const said = `${t("safe.title")}: ${words}`;
  return (
    <span className="care" title={said}>
      <svg viewBox="0 0 16 16" {...(withWords ? { "aria-hidden": true } : { role: "img", "aria-label": said })}>
        <path d="M5 1h6l4 4v6l-4 4H5l-4-4V5Z" />
        <path className="bar" d="M8 4v5M8 11.4v1" />
      </svg>
      {withWords && <b>{words}</b>}
    </span>
  );
}
