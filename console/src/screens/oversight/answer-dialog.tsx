/** Answers a request. What it carries out is said before it is done: an erasure cannot be undone. */
import { useState } from "react";
import { useWords } from "../../context";
import { useCommand } from "../../ui/use-command";
import { CommandForm } from "../incident/command-form";
import { partyWord } from "./party-word";
import { ANSWERS, type RightAnswer, type WholeRequest } from "./types";

const REASONS_LEAST = 10;

export function AnswerDialog({ one, onClose, onDone }: { one: WholeRequest; onClose: () => void; onDone: () => void }) {
  const { t, f } = useWords();
  const sending = useCommand();
  const [answer, setAnswer] = useState<RightAnswer | null>(null);
  const [reasons, setReasons] = useState("");
  const [records, setRecords] = useState(one.records.filter((record) => !(one.kind === "erasure" && record.role === "photo")).map((record) => record.sealed_id));
  const isList = one.kind === "who_looked";
  const needsReasons = !(isList && answer === "granted");
  const carriesOut = answer === "granted" || answer === "in_part";
  const canSubmit = answer !== null && (!needsReasons || reasons.trim().length >= REASONS_LEAST) && (isList || !carriesOut || records.length > 0);
  const toggle = (id: string) => setRecords((held) => (held.includes(id) ? held.filter((one) => one !== id) : [...held, id]));
  const body = { version: one.version, answer, ...(reasons.trim() ? { reasons: reasons.trim() } : {}), ...(!isList && carriesOut ? { records } : {}) };
  return (
    <CommandForm
      title={t("right.give")} submit={t("right.give")} sending={sending} canSubmit={canSubmit} onReload={onDone} onClose={onClose}
      onSubmit={() => sending.send("POST", `/api/oversight/requests/${one.id}/answer`, body, onDone)}
    >
      <fieldset className="field choices">
        <legend>{t(`right.kind.${one.kind}`)}</legend>
        {ANSWERS.map((code) => (
          <label key={code} className="check">
            <input type="radio" name="answer" checked={answer === code} onChange={() => setAnswer(code)} />
            {t(`right.answer.${code}`)}
          </label>
        ))}
      </fieldset>
      {carriesOut && !isList && (
        <fieldset className="field choices">
          <legend>{t("right.for_records")}</legend>
          {one.records.map((record) => (
            <label key={record.sealed_id} className="check">
              <input type="checkbox" checked={records.includes(record.sealed_id)} onChange={() => toggle(record.sealed_id)} />
              {t("right.in_incident", { number: record.incident })}, {partyWord(t, record.role)}
              {record.role === "photo" && <span className="num quiet">{f.full(record.received_at)}</span>}
            </label>
          ))}
          {one.records.some((record) => record.role === "photo") && <p className="quiet small">{t("right.photos_note")}</p>}
          {one.records.length === 0 && <p className="wrong">{t("right.found_nothing")}</p>}
        </fieldset>
      )}
      {carriesOut && <p className={one.kind === "erasure" ? "notice is-warning" : "notice"}>{t(`right.does.${one.kind}`)}</p>}
      <label className="field">
        <span>{t("right.reasons")}</span>
        <textarea className="input" dir="auto" rows={4} maxLength={4000} value={reasons} onChange={(event) => setReasons(event.target.value)} />
      </label>
      {needsReasons && <p className="quiet small">{t("right.reasons_note", { n: REASONS_LEAST })}</p>}
    </CommandForm>
  );
}
