import { useState, type FormEvent } from "react";
import type { NoteRequest } from "../../api/contract-check";
import { ENTERED_VIA, type EnteredVia, type IncidentCard } from "../../api/types";
import { useWords } from "../../context";
import { session } from "../../session";
import { Problem } from "../../ui/problem";
import { TimeField } from "../../ui/time-field";
import { toIso, toText } from "../../ui/time-text";
import { useCommand } from "../../ui/use-command";
import type { Reading } from "../../ui/use-read";

const LONGEST = 4_000;

export function Notes({ incidentId, card, canAdd }: { incidentId: string; card: Reading<IncidentCard>; canAdd: boolean }) {
  const { t, f } = useWords();
  const sending = useCommand();
  const [text, setText] = useState("");
  const [via, setVia] = useState<EnteredVia>("console");
  const [time, setTime] = useState(() => toText(session.store.time.now_ms()));
  const occurred_at = via === "console" ? null : toIso(time);
  const isWrongTime = via !== "console" && occurred_at === null;
  const add = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() === "" || isWrongTime) return;
    sending.send("POST", `/api/incidents/${incidentId}/notes`, { text: text.trim(), via, occurred_at } satisfies NoteRequest, () => {
      setText("");
      setVia("console");
      card.reload();
    });
  };
  return (
    <section aria-labelledby="notes-title">
      <h3 id="notes-title">{t("notes.title")}</h3>
      <ul className="notes">
        {(card.data?.notes ?? []).map((note) => (
          <li key={note.id}>
            <span className="quiet small num">
              {f.full(note.at)} · <bdi>{note.by}</bdi>
              {note.via && note.via !== "console" && <> · {t("late.mark", { via: t(`late.via.${note.via}`), at: f.full(note.entered_at ?? note.at) })}</>}
            </span>
            {note.erased || note.text === null ? (
              <p className="quiet">{t("notes.erased")}</p>
            ) : (
              <p dir="auto" className="outside-text">
                {note.text}
              </p>
            )}
          </li>
        ))}
        {card.data?.notes.length === 0 && <li className="quiet">{t(card.data.access?.classes.includes("note") === false ? "look.not_for_purpose" : "notes.none")}</li>}
      </ul>
      {canAdd && (
        <form className="note-form" onSubmit={add}>
          <textarea
            rows={2} value={text} maxLength={LONGEST} dir="auto" aria-label={t("notes.add")} placeholder={t("notes.add")}
            onChange={(event) => setText(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) add(event);
            }}
          />
          <select aria-label={t("late.via")} value={via} onChange={(event) => setVia(event.target.value as EnteredVia)}>
            {ENTERED_VIA.map((one) => (
              <option key={one} value={one}>
                {t(`late.via.${one}`)}
              </option>
            ))}
          </select>
          {via !== "console" && <TimeField label={t("late.stated")} value={time} onChange={setTime} />}
          <button type="submit" className="button" disabled={sending.busy || text.trim() === "" || isWrongTime}>
            {sending.busy ? t("sending.busy") : t("notes.submit")}
          </button>
        </form>
      )}
      {sending.attempt > 0 && <p className="notice">{t("sending.retrying", { n: sending.attempt })}</p>}
      {sending.error !== null && <Problem error={sending.error} onRetry={sending.retry} />}
    </section>
  );
}
