/** Asks why: what it is tied to, what for, and one sentence. Enter sends; what was chosen last is chosen again. */
import { useEffect, useRef, useState, type FormEvent } from "react";
import { NEEDS, type MyPurpose, type Need, type Purpose, type PurposeRequest } from "../api/access";
import { ApiError } from "../api/client";
import { useWords } from "../context";
import { en } from "../i18n/en";
import type { Key } from "../i18n/messages";
import { Choices } from "../ui/choices";
import { Dialog } from "../ui/dialog";
import { Problem } from "../ui/problem";
import { useCommand } from "../ui/use-command";
import { useRead } from "../ui/use-read";
import { keepPurpose } from "./purpose-store";

const LONGEST = 300;
const SHORTEST = 15;
/** Within the tab only: which record the last purpose was tied to and what for, so that the next is two keys shorter. */
const remembered: { chosen: string; need: Need } = { chosen: "", need: "same_event" };

export function PurposeDialog({ incidentId, onStated, onClose }: { incidentId?: string; onStated: () => void; onClose: () => void }) {
  const { t } = useWords();
  const mine = useRead<MyPurpose>("/api/access/purpose");
  const sending = useCommand();
  // A task opens its own incident only, so on a card only the tasks about that one are offered, and before all else.
  const references = (mine.data?.references ?? []).filter((one) => !one.task || !incidentId || one.incident === incidentId).sort((a, b) => (incidentId ? Number(!a.task) - Number(!b.task) : 0));
  const [chosen, setChosen] = useState<string | null>(null);
  const [need, setNeed] = useState<Need>(remembered.need);
  const [text, setText] = useState("");
  const first = useRef<HTMLTextAreaElement>(null);
  useEffect(() => first.current?.focus(), []);
  const names = references.map((one) => `${one.kind} ${one.reference}`);
  const isAboutThis = incidentId !== undefined && references[0]?.task !== undefined;
  const reference = references[Math.max(0, names.indexOf(chosen ?? (isAboutThis ? "" : remembered.chosen)))];
  const needs = NEEDS.filter((one) => reference?.needs.includes(one));
  const fitting = needs.includes(need) ? need : (needs[0] ?? need);
  const shortest = mine.data?.shortest ?? SHORTEST;
  const left = shortest - text.trim().replace(/\s+/g, " ").length;
  const isStranded = mine.data !== null && references.length === 0;
  const state = (event: FormEvent) => {
    event.preventDefault();
    if (!reference || sending.busy) return;
    remembered.chosen = `${reference.kind} ${reference.reference}`;
    remembered.need = fitting;
    const body: PurposeRequest = { kind: reference.kind, reference: reference.reference, need: fitting, text, incident: incidentId ?? null };
    sending.send<Purpose>("POST", "/api/access/purposes", body, (purpose) => {
      keepPurpose(purpose);
      onStated();
    });
  };
  if (isStranded) {
    return (
      <Dialog title={t("purpose.title")} onClose={onClose}>
        <p className="notice is-warning">{t("purpose.none_yet")}</p>
        <footer className="dialog-foot">
          <button type="button" className="button" autoFocus onClick={onClose}>
            {t("action.close_dialog")}
          </button>
        </footer>
      </Dialog>
    );
  }
  return (
    <Dialog title={t("purpose.title")} onClose={onClose}>
      <form onSubmit={state} className="look-form">
        {mine.error !== null && <Problem error={mine.error} />}
        <label className="field">
          <span>{t("purpose.text", { n: shortest })}</span>
          <textarea
            ref={first} rows={2} dir="auto" value={text} maxLength={LONGEST} aria-describedby="purpose-left"
            onChange={(event) => setText(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === "Enter" && !event.shiftKey) state(event);
            }}
          />
          <span id="purpose-left" className="quiet small num">{left > 0 ? t("purpose.left", { n: left }) : ""}</span>
        </label>
        <label className="field">
          <span>{t("purpose.tied")}</span>
          <select className="select" value={reference ? `${reference.kind} ${reference.reference}` : ""} onChange={(event) => setChosen(event.target.value)}>
            {references.map((one) => (
              <option key={`${one.kind} ${one.reference}`} value={`${one.kind} ${one.reference}`}>
                {one.task ? `${t(`task.kind.${one.task}`)}: ${one.number ?? ""}` : `${t("purpose.kind.incident")}: ${one.reference}`}
              </option>
            ))}
          </select>
        </label>
        <Choices legend={t("purpose.need")} name="need" values={needs} chosen={fitting} word={(one) => t(`purpose.need.${one}`)} onChoose={setNeed} />
        <p className="quiet small">{t(reference?.task ? "purpose.lives_task" : "purpose.lives")}</p>
        {sending.error !== null && <Refusal error={sending.error} onRetry={sending.retry} />}
        <footer className="dialog-foot">
          <button type="submit" className="button is-primary" disabled={!reference || sending.busy}>
            {sending.busy ? t("sending.busy") : t("purpose.submit")}
          </button>
          <button type="button" className="button" onClick={onClose}>
            {t("action.cancel")}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

/** The refusal in our words; anything else as everywhere. */
function Refusal({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const { t } = useWords();
  const reason = error instanceof ApiError && error.code === "purpose_refused" ? `purpose.refused.${String(error.body.details?.["reason"])}` : "";
  if (!(reason in en)) return <Problem error={error} onRetry={onRetry} />;
  return (
    <p className="notice is-warning" role="alert">
      {t(reason as Key)}
    </p>
  );
}
