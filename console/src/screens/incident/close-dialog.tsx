import { useState } from "react";
import type { CloseRequest } from "../../api/contract-check";
import type { IncidentView } from "../../api/types";
import { useNames, useSession, useWords } from "../../context";
import { Choices } from "../../ui/choices";
import { LateFold, statedOf, type Late } from "../../ui/late-fields";
import { useCommand } from "../../ui/use-command";
import { CommandForm } from "./command-form";
import { TextField } from "./party-dialog";

export function CloseDialog({ incident, onReload, onClose }: { incident: IncidentView; onReload: () => void; onClose: () => void }) {
  const { t, name } = useWords();
  const { codes } = useSession();
  const names = useNames();
  const sending = useCommand();
  const [outcome, setOutcome] = useState("");
  const [needed, setNeeded] = useState("");
  const [late, setLate] = useState<Late | null>(null);
  const stated = statedOf(late);
  const outcomes = codes.outcomes.filter((one) => !one.retired).map(({ code }) => code);
  const wanted = codes.outcomes.find((one) => one.code === outcome);
  const needs = wanted?.needs ?? null;
  const isWritten = needs !== "report_number" || new RegExp(`^(?:${wanted?.pattern ?? ".+"})$`).test(needed.trim());
  const choices = (needs === "reason" ? codes.outcome_reasons : needs === "referred_to" ? codes.referral_bodies : undefined) ?? [];
  const choose = (code: string) => {
    setOutcome(code);
    setNeeded("");
  };
  const body: CloseRequest = { version: incident.version, outcome, ...(needs === null ? {} : { [needs]: needed.trim() }), ...stated };
  const engaged = Object.values(incident.units).filter((unit) => !unit.stages.cleared);
  return (
    <CommandForm
      title={t("close.title", { number: incident.number })} submit={t("close.submit")} sending={sending} canSubmit={outcome !== "" && engaged.length === 0 && (needs === null || needed.trim() !== "") && isWritten && stated !== null} onReload={onReload} onClose={onClose}
      onSubmit={() => sending.send("POST", `/api/incidents/${incident.id}/close`, body, onClose)}
    >
      {engaged.length > 0 && <p className="notice is-warning">{t("close.engaged", { units: engaged.map((unit) => unit.call_sign).join(", ") })}</p>}
      <Choices legend={t("close.outcome")} name="outcome" values={outcomes} chosen={outcome} word={names.outcome} onChoose={choose} />
      {needs === "report_number" && (
        <TextField label={t("close.report_number", { example: wanted?.example ?? "" })} value={needed} onChange={setNeeded} longest={40} wrong={needed.trim() !== "" && !isWritten} />
      )}
      {choices.length > 0 && (
        <fieldset className="field choices">
          <legend>{t(needs === "reason" ? "close.reason" : "close.referred_to")}</legend>
          {choices.map((one) => (
            <label key={one.code} className="check">
              <input type="radio" name="needed" checked={needed === one.code} onChange={() => setNeeded(one.code)} />
              {name(one.names, one.code)}
            </label>
          ))}
        </fieldset>
      )}
      <LateFold late={late} onChange={setLate} />
    </CommandForm>
  );
}
