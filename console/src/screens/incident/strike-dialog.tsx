import { useState } from "react";
import type { StrikeRequest } from "../../api/contract-check";
import type { IncidentView, TimelineEntry } from "../../api/types";
import { useWords } from "../../context";
import { useCommand } from "../../ui/use-command";
import { CommandForm } from "./command-form";

/** Strikes out a finished sending that was entered wrongly, as a whole. It stays to be read, and counts nowhere. */
export function StrikeDialog(props: { incident: IncidentView; entry: TimelineEntry; onReload: () => void; onClose: () => void }) {
  const { incident, entry, onReload, onClose } = props;
  const { t } = useWords();
  const sending = useCommand();
  const [reason, setReason] = useState("");
  return (
    <CommandForm
      title={t("strike.title", { unit: String(entry.detail.call_sign ?? ""), number: incident.number })} submit={t("strike.submit")} sending={sending} canSubmit={reason.trim() !== ""} onReload={onReload} onClose={onClose}
      onSubmit={() =>
        sending.send("POST", `/api/incidents/${incident.id}/finished-sendings/${entry.seq}/strike`, { version: incident.version, reason: reason.trim() } satisfies StrikeRequest, () => {
          onReload();
          onClose();
        })
      }
    >
      <p className="quiet small">{t("strike.hint")}</p>
      <label className="field">
        <span>{t("field.reason")}</span>
        <input value={reason} onChange={(event) => setReason(event.target.value)} required maxLength={200} dir="auto" />
      </label>
    </CommandForm>
  );
}
