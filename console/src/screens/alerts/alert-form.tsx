/** Writes an alert: its level, its ground, and its words in four languages side by side. Saving is never sending. */
import { useState, type FormEvent } from "react";
import { Link, useNavigate, useParams } from "react-router";
import type { LanguageTag } from "../../api/types";
import { useNames, useSession, useWords } from "../../context";
import { LANGUAGES } from "../../i18n/language";
import { parseCoordinates } from "../../ui/coordinates";
import { Problem, problemFields } from "../../ui/problem";
import { TimeField } from "../../ui/time-field";
import { toIso, toText } from "../../ui/time-text";
import { useCommand } from "../../ui/use-command";
import { useRead } from "../../ui/use-read";
import { CodeSelect, Field } from "../new-incident/form-parts";
import { TerritoryPicker } from "../new-incident/territory-picker";
import { CATEGORIES, CERTAINTIES, RESPONSES, SEVERITIES, URGENCIES, type DraftBody, type Template, type TextDraft, type WholeAlert } from "./types";

const SIX_HOURS_MS = 6 * 3_600_000;
const EMPTY: TextDraft = { event: "", headline: "", description: "", instruction: "", place: "" };
const LINES = ["event", "headline"] as const;
const PARAGRAPHS = ["description", "instruction"] as const;

export function AlertFormScreen() {
  const { id } = useParams();
  const { t } = useWords();
  const { me } = useSession();
  const whole = useRead<WholeAlert>(id ? `/api/alerts/${id}` : null);
  const templates = useRead<{ templates: Template[] }>("/api/alerts/templates");
  if (id && !whole.data) {
    return <div className="page">{whole.error !== null ? <Problem error={whole.error} onRetry={whole.reload} /> : <p className="quiet pad">{t("app.loading")}</p>}</div>;
  }
  const begun = whole.data?.draft ?? newDraft(me.demo || me.training ? "Exercise" : "Actual");
  return <AlertForm key={whole.data?.alert.version ?? 0} whole={whole.data} begun={begun} templates={templates.data?.templates ?? []} onReload={whole.reload} />;
}

function newDraft(status: "Actual" | "Exercise"): DraftBody {
  return {
    status, category: "Met", urgency: "Immediate", severity: "Severe", certainty: "Likely", response_type: null, effective: null, onset: null,
    expires: new Date(Date.now() + SIX_HOURS_MS).toISOString(), untranslated: null, territory_ids: [], circle: null, polygon: [],
    texts: { "uz-Latn": EMPTY, "uz-Cyrl": EMPTY, ru: EMPTY, en: EMPTY },
  };
}

interface FormProps {
  whole: WholeAlert | null;
  begun: DraftBody;
  templates: Template[];
  onReload: () => void;
}

function AlertForm({ whole, begun, templates, onReload }: FormProps) {
  const { t } = useWords();
  const { territories } = useSession();
  const navigate = useNavigate();
  const sending = useCommand();
  const [draft, setDraft] = useState(begun);
  const [expires, setExpires] = useState(toText(Date.parse(begun.expires ?? "") || Date.now() + SIX_HOURS_MS));
  const [centre, setCentre] = useState(begun.circle ? `${begun.circle.lat}, ${begun.circle.lon}` : "");
  const [radius, setRadius] = useState(String(begun.circle?.radius_km ?? 3));
  const set = (change: Partial<DraftBody>) => setDraft((held) => ({ ...held, ...change }));
  const point = parseCoordinates(centre);
  const radius_km = Number(radius.replace(",", "."));
  const circleIsWrong = centre.trim() !== "" && (point === null || !(radius_km >= 0.1 && radius_km <= 500));
  const until = toIso(expires);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (circleIsWrong || until === null) return;
    const body = { ...draft, expires: until, circle: point ? { ...point, radius_km } : null };
    const open = ({ id }: { id: string }) => void navigate(`/alerts/${id}`);
    if (whole) sending.send("PUT", `/api/alerts/${whole.alert.id}/draft`, { ...body, version: whole.alert.version }, open);
    else sending.send("POST", "/api/alerts", { ...body, territory_id: territories.home() }, open);
  };
  const begin = (code: string) => {
    const chosen = templates.find((template) => template.code === code);
    if (!chosen) return;
    const { code: _code, texts, ...level } = chosen;
    const written = LANGUAGES.map(({ tag }) => [tag, { ...draft.texts[tag], ...texts[tag] }]);
    set({ ...level, texts: Object.fromEntries(written) as DraftBody["texts"] });
  };
  return (
    <div className="page alerts">
      <header className="page-head">
        <Link to={whole ? `/alerts/${whole.alert.id}` : "/alerts"}>{t("alert.back")}</Link>
        <h1>{whole ? t("alert.act.edit") : t("alert.new")}</h1>
      </header>
      <form onSubmit={submit} className="alert-form">
        {sending.error !== null && <Problem error={sending.error} onReload={() => (sending.clear(), onReload())} onRetry={sending.retry} />}
        <LevelFields draft={draft} set={set} templates={templates} begin={begin} />
        <GroundFields draft={draft} set={set} />
        <div className="alert-grid">
          <Field label={t("alert.circle")} problem={circleIsWrong ? t("alert.circle_wrong") : undefined}>
            <input value={centre} onChange={(event) => setCentre(event.target.value)} inputMode="decimal" />
          </Field>
          <Field label={t("alert.radius")}>
            <input value={radius} onChange={(event) => setRadius(event.target.value)} inputMode="decimal" size={6} />
          </Field>
          <TimeField label={t("alert.expires")} value={expires} onChange={setExpires} />
        </div>
        <TextFields draft={draft} set={set} wrong={new Set(problemFields(sending.error).map(({ field }) => field))} />
        <p>
          <button type="submit" className="button is-primary" disabled={sending.busy || circleIsWrong || until === null}>
            {sending.busy ? t("sending.busy") : t("alert.act.save")}
          </button>
        </p>
      </form>
    </div>
  );
}

interface Fields {
  draft: DraftBody;
  set: (change: Partial<DraftBody>) => void;
}

function LevelFields({ draft, set, templates, begin }: Fields & { templates: Template[]; begin: (code: string) => void }) {
  const { me } = useSession();
  const { t, language } = useWords();
  const kinds = me.demo || me.training ? (["Exercise", "Test"] as const) : (["Actual", "Exercise", "Test"] as const);
  return (
    <div className="alert-grid">
      <Field label={t("alert.template")}>
        <select value="" autoFocus onChange={(event) => begin(event.target.value)}>
          <option value="">{t("field.choose")}</option>
          {templates.map((one) => (
            <option key={one.code} value={one.code}>
              {one.texts[language].event}
            </option>
          ))}
        </select>
      </Field>
      <CodeSelect label={t("alert.status")} value={draft.status} problem={undefined} choices={kinds.map((code) => [code, t(`alert.status.${code}`)])} onChange={(code) => set({ status: code as DraftBody["status"] })} />
      <CodeSelect label={t("alert.category")} value={draft.category} problem={undefined} choices={CATEGORIES.map((code) => [code, t(`alert.category.${code}`)])} onChange={(code) => set({ category: code as DraftBody["category"] })} />
      <CodeSelect label={t("alert.severity")} value={draft.severity} problem={undefined} choices={SEVERITIES.map((code) => [code, t(`alert.severity.${code}`)])} onChange={(code) => set({ severity: code as DraftBody["severity"] })} />
      <CodeSelect label={t("alert.urgency")} value={draft.urgency} problem={undefined} choices={URGENCIES.map((code) => [code, t(`alert.urgency.${code}`)])} onChange={(code) => set({ urgency: code as DraftBody["urgency"] })} />
      <CodeSelect label={t("alert.certainty")} value={draft.certainty} problem={undefined} choices={CERTAINTIES.map((code) => [code, t(`alert.certainty.${code}`)])} onChange={(code) => set({ certainty: code as DraftBody["certainty"] })} />
      <Field label={t("alert.response")}>
        <select value={draft.response_type ?? ""} onChange={(event) => set({ response_type: (event.target.value || null) as DraftBody["response_type"] })}>
          <option value="">{t("field.choose")}</option>
          {RESPONSES.map((code) => (
            <option key={code} value={code}>
              {t(`alert.response.${code}`)}
            </option>
          ))}
        </select>
      </Field>
    </div>
  );
}

function GroundFields({ draft, set }: Fields) {
  const { t } = useWords();
  const names = useNames();
  const [round, setRound] = useState(0);
  const add = (id: string) => {
    if (id === "") return;
    set({ territory_ids: [...new Set([...draft.territory_ids, Number(id)])] });
    setRound((n) => n + 1); // An empty picker for the next one.
  };
  return (
    <div className="alert-ground">
      <TerritoryPicker key={round} value="" onChange={add} label={t("alert.add_territory")} />
      <ul className="alert-chips" aria-label={t("alert.territories")}>
        {draft.territory_ids.map((id) => (
          <li key={id} className="filter-chip">
            <bdi>{names.territory(id) ?? id}</bdi>
            <button type="button" aria-label={t("records.remove_filter")} onClick={() => set({ territory_ids: draft.territory_ids.filter((one) => one !== id) })}>
              ×
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

function TextFields({ draft, set, wrong }: Fields & { wrong: Set<string> }) {
  const { t } = useWords();
  const write = (tag: LanguageTag, change: Partial<TextDraft>) => set({ texts: { ...draft.texts, [tag]: { ...draft.texts[tag], ...change } } });
  const problem = (tag: string, name: string) => (wrong.has(`texts.${tag}.${name}`) ? t("problem.refused") : undefined);
  return (
    <fieldset className="alert-words">
      <legend>{t("alert.words")}</legend>
      <div className="alert-languages">
        {LANGUAGES.map(({ tag, name }) => (
          <section key={tag} aria-label={name}>
            <h2 lang={tag}>{name}</h2>
            {LINES.map((line) => (
              <Field key={line} label={t(`alert.${line}`)} problem={problem(tag, line)}>
                <input lang={tag} dir="auto" maxLength={160} value={draft.texts[tag][line]} onChange={(event) => write(tag, { [line]: event.target.value })} />
              </Field>
            ))}
            {PARAGRAPHS.map((part) => (
              <Field key={part} label={t(`alert.${part}`)} problem={problem(tag, part)}>
                <textarea lang={tag} dir="auto" rows={3} maxLength={4000} value={draft.texts[tag][part]} onChange={(event) => write(tag, { [part]: event.target.value })} />
              </Field>
            ))}
            {draft.territory_ids.length === 0 && (
              <Field label={t("alert.place")} problem={problem(tag, "place")}>
                <input lang={tag} dir="auto" maxLength={160} value={draft.texts[tag].place} onChange={(event) => write(tag, { place: event.target.value })} />
              </Field>
            )}
          </section>
        ))}
      </div>
      <Field label={t("alert.untranslated")}>
        <select value={draft.untranslated ?? ""} onChange={(event) => set({ untranslated: (event.target.value || null) as DraftBody["untranslated"] })}>
          <option value="">{t("alert.untranslated.none")}</option>
          <option value="no_time">{t("alert.untranslated.no_time")}</option>
          <option value="not_spoken">{t("alert.untranslated.not_spoken")}</option>
        </select>
      </Field>
    </fieldset>
  );
}
