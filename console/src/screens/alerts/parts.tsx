/** What the list and the whole alert share: the sign of severity, the label of a training message, the words in the reader's language. */
import type { LanguageTag } from "../../api/types";
import { useWords } from "../../context";
import { SEVERITIES, type AlertItem, type Severity, type SignatureState, type Status } from "./types";

const SHAPES = ["M5 1h6l4 4v6l-4 4H5l-4-4V5Z", "M8 1.2 15.2 14.4H.8Z", "M8 .8 15.2 8 8 15.2.8 8Z", "M2 2h12v12H2Z"];

/** Octagon, triangle, diamond, square, circle: the worse, the more it sticks out; the word stands beside it. */
export function SeverityMark({ severity }: { severity: Severity }) {
  const { t } = useWords();
  const rank = SEVERITIES.indexOf(severity);
  return (
    <span className={`priority priority-${rank} severity`}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        {SHAPES[rank] ? <path d={SHAPES[rank]} /> : <circle cx="8" cy="8" r="7" />}
      </svg>
      <span>{t(`alert.severity.${severity}`)}</span>
    </span>
  );
}

/** Anything but Actual is labelled, loudly. */
export function StatusLabel({ status }: { status: Status }) {
  const { t } = useWords();
  return status === "Actual" ? null : <b className="alert-label">{t(`alert.status.${status}`)}</b>;
}

const SIGNS: Record<SignatureState, string> = { own: "✓", valid_known: "✓", valid_unknown: "?", broken: "✕", unchecked: "?", none: "!" };

export function SignatureWords({ state }: { state: SignatureState }) {
  const { t } = useWords();
  const isSure = state === "own" || state === "valid_known";
  return (
    <span className={isSure ? "signature" : "signature is-unsure"}>
      <i aria-hidden="true">{SIGNS[state]}</i> {t(`alert.signature.${state}`)}
    </span>
  );
}

const NEAREST: Record<LanguageTag, string[]> = {
  "uz-Latn": ["uz-latn", "uz", "uz-cyrl", "ru", "en"],
  "uz-Cyrl": ["uz-cyrl", "uz", "uz-latn", "ru", "en"],
  ru: ["ru", "uz-cyrl", "uz-latn", "en"],
  en: ["en", "en-us", "en-gb", "ru", "uz-latn"],
};

/** The tag in which a reader of `language` reads it best, of those there are. */
function bestLanguage(tags: string[], language: LanguageTag): string | undefined {
  for (const wish of NEAREST[language]) {
    const found = tags.find((tag) => tag.toLowerCase() === wish) ?? tags.find((tag) => tag.toLowerCase().startsWith(`${wish}-`));
    if (found) return found;
  }
  return tags[0];
}

export function wordsOf(alert: AlertItem, language: LanguageTag) {
  const tag = bestLanguage(Object.keys(alert.texts), language);
  return tag === undefined ? null : { tag, ...alert.texts[tag]! };
}
