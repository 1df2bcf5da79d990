import { useState } from "react";
import type { CloseRequest } from "../../api/contract-check";
import type { IncidentView } from "../../api/types";
import { useNames, useSession, useWords } from "../../context";
import { useCommand } from "../../ui/use-command";
import { CommandForm } from "./command-form";

export function CloseDialog({ incident, onReload, onClose }: { incident: IncidentView; onReload: () => void; onClose: () => void }) {
  const { t } = useWords();
  const { codes } = useSession();
  const names = useNames();
  const sending = useCommand();
  const [outcome, setOutcome] = useState("");
  const engaged = Object.values(incident.units).filter((unit) => !unit.stages.cleared);
  return (
    <CommandForm
      title={t("close.title", { number: incident.number })} submit={t("close.submit")} sending={sending} canSubmit={outcome !== "" && engaged.length === 0} onReload={onReload} onClose={onClose}
      onSubmit={() => sending.send("POST", `/api/incidents/${incident.id}/close`, { version: incident.version, outcome } satisfies CloseRequest, onClose)}
    >
      {engaged.length > 0 && <p className="notice is-warning">{t("close.engaged", { units: engaged.map((unit) => unit.call_sign).join(", ") })}</p>}
      <fieldset className="field choices">
        <legend>{t("close.outcome")}</legend>
        {codes.outcomes.map(({ code }) => (
          <label key={code} className="check">
            <input type="radio" name="outcome" value={code} checked={outcome === code} onChange={() => setOutcome(code)} />
            {names.outcome(code)}
          </label>
        ))}
      </fieldset>
    </CommandForm>
  );
}
