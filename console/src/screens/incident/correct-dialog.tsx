import { useState } from "react";
import type { CorrectionRequest } from "../../api/contract-check";
import type { IncidentView, TimelineEntry } from "../../api/types";
import { useWords } from "../../context";
import { session } from "../../session";
import { TimeField } from "../../ui/time-field";
import { toIso, toText } from "../../ui/time-text";
import { useCommand } from "../../ui/use-command";
import { CommandForm } from "./command-form";
import { stageOf } from "./stage-of";

/** Sets a stage right: at another time, or not at all. What was said before stays in the timeline, struck through. */
export function CorrectDialog(props: { incident: IncidentView; entry: TimelineEntry; onReload: () => void; onClose: () => void }) {
  const { incident, entry, onReload, onClose } = props;
  const { t, f } = useWords();
  const sending = useCommand();
  const [happened, setHappened] = useState(true);
  const [time, setTime] = useState(() => toText(entry.occurred.at ? Date.parse(entry.occurred.at) : session.store.time.now_ms()));
  const [reason, setReason] = useState("");
  const about = stageOf(entry)!;
  const callSign = incident.units[about.unitId]?.call_sign ?? "";
  const occurred_at = happened ? toIso(time) : null;
  return (
    <CommandForm
      title={t("correct.title", { unit: callSign, stage: t(`stage.${about.stage}`) })} submit={t("correct.submit")} sending={sending}
      canSubmit={reason.trim() !== "" && (!happened || occurred_at !== null)} onReload={onReload} onClose={onClose}
      onSubmit={() =>
        sending.send(
          "POST", `/api/incidents/${incident.id}/corrections`,
          { version: incident.version, corrects_seq: entry.seq, unit_id: about.unitId, stage: about.stage, occurred_at, reason: reason.trim() } satisfies CorrectionRequest,
          () => {
            onReload();
            onClose();
          },
        )
      }
    >
      <p className="quiet num">{entry.occurred.at && t("correct.now_says", { at: f.full(entry.occurred.at, entry.occurred.precision) })}</p>
      <fieldset className="field choices">
        <legend>{t("correct.what")}</legend>
        <label className="check">
          <input type="radio" name="happened" checked={happened} onChange={() => setHappened(true)} />
          {t("correct.other_time")}
        </label>
        <label className="check">
          <input type="radio" name="happened" checked={!happened} onChange={() => setHappened(false)} />
          {t("correct.not_happened")}
        </label>
      </fieldset>
      {happened && <TimeField label={t("correct.time")} value={time} onChange={setTime} />}
      <label className="field">
        <span>{t("field.reason")}</span>
        <input value={reason} onChange={(event) => setReason(event.target.value)} required maxLength={400} dir="auto" />
        <small className="quiet">{t("correct.reason_hint")}</small>
      </label>
    </CommandForm>
  );
}
