/** A new request: who asks, which document was seen, and where to look. Nothing of the document is kept. */
import { useState, type FormEvent } from "react";
import { Link, useNavigate } from "react-router";
import type { LanguageTag } from "../../api/types";
import { useNames, useSession, useWords } from "../../context";
import { LANGUAGES } from "../../i18n/language";
import { Problem } from "../../ui/problem";
import { useCommand } from "../../ui/use-command";
import { DOCUMENTS, RIGHTS, type RightKind } from "./types";

interface Fields {
  kind: RightKind;
  territory_id: number;
  language: LanguageTag;
  identity_document: string;
  name: string;
  reach: string;
  phone: string;
  incident_number: string;
  text: string;
}

export function RequestForm({ onDone }: { onDone: () => void }) {
  const { t, language } = useWords();
  const { me } = useSession();
  const names = useNames();
  const navigate = useNavigate();
  const sending = useCommand();
  const offices = me.grants.filter((grant) => grant.role === "data_protection_officer").map((grant) => grant.territory_id);
  const [fields, setFields] = useState<Fields>({ kind: "who_looked", territory_id: offices[0] ?? 1, language, identity_document: "passport", name: "", reach: "", phone: "", incident_number: "", text: "" });
  const [seen, setSeen] = useState(false);
  const set = (change: Partial<Fields>) => setFields((held) => ({ ...held, ...change }));
  const isReady = seen && fields.name.trim() !== "" && fields.reach.trim() !== "" && (fields.phone.trim() !== "" || fields.incident_number.trim() !== "");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isReady) return;
    const { phone, incident_number, ...rest } = fields;
    const body = { ...rest, identity_seen: true, ...(phone.trim() ? { phone } : {}), ...(incident_number.trim() ? { incident_number } : {}) };
    sending.send<{ id: string }>("POST", "/api/oversight/requests", body, ({ id }) => (onDone(), void navigate(`/oversight/rights/${id}`)));
  };
  const line = (name: "name" | "reach" | "phone" | "incident_number") => (
    <label className="field">
      <span>{t(`right.field.${name}`)}</span>
      <input className="input" dir="auto" autoComplete="off" maxLength={200} value={fields[name]} onChange={(event) => set({ [name]: event.target.value })} />
    </label>
  );
  return (
    <form className="oversight-case" onSubmit={submit} aria-label={t("right.new")}>
      <p className="only-narrow">
        <Link to="/oversight/rights">{t("right.back")}</Link>
      </p>
      <h2>{t("right.new")}</h2>
      {sending.error !== null && <Problem error={sending.error} onRetry={sending.retry} />}
      <fieldset className="field choices">
        <legend>{t("right.asks")}</legend>
        {RIGHTS.map((kind) => (
          <label key={kind} className="check">
            <input type="radio" name="kind" checked={fields.kind === kind} onChange={() => set({ kind })} />
            {t(`right.kind.${kind}`)}
          </label>
        ))}
      </fieldset>
      {line("name")}
      {line("reach")}
      <div className="oversight-pair">
        <label className="field">
          <span>{t("right.identity")}</span>
          <select className="select" value={fields.identity_document} onChange={(event) => set({ identity_document: event.target.value })}>
            {DOCUMENTS.map((code) => (
              <option key={code} value={code}>
                {t(`right.document.${code}`)}
              </option>
            ))}
          </select>
        </label>
        <label className="field">
          <span>{t("top.language")}</span>
          <select className="select" value={fields.language} onChange={(event) => set({ language: event.target.value as LanguageTag })}>
            {LANGUAGES.map(({ tag, name }) => (
              <option key={tag} value={tag} lang={tag}>
                {name}
              </option>
            ))}
          </select>
        </label>
        {offices.length > 1 && (
          <label className="field">
            <span>{t("facts.territory")}</span>
            <select className="select" value={fields.territory_id} onChange={(event) => set({ territory_id: Number(event.target.value) })}>
              {offices.map((id) => (
                <option key={id} value={id}>
                  {names.territory(id) ?? id}
                </option>
              ))}
            </select>
          </label>
        )}
      </div>
      <label className="check">
        <input type="checkbox" checked={seen} onChange={(event) => setSeen(event.target.checked)} /> {t("right.identity_seen")}
      </label>
      <h3>{t("right.where")}</h3>
      <p className="quiet small">{t("right.where_note")}</p>
      <div className="oversight-pair">
        {line("phone")}
        {line("incident_number")}
      </div>
      <label className="field">
        <span>{t("right.field.text")}</span>
        <textarea className="input" dir="auto" rows={3} maxLength={4000} value={fields.text} onChange={(event) => set({ text: event.target.value })} />
      </label>
      <button type="submit" className="button is-primary" disabled={!isReady || sending.busy}>
        {sending.busy ? t("sending.busy") : t("right.take")}
      </button>
    </form>
  );
}
