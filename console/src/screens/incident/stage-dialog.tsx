import { useState } from "react";
import type { StageRequest } from "../../api/contract-check";
import { type EnteredVia, type IncidentView, type Stage } from "../../api/types";
import { useWords } from "../../context";
import { session } from "../../session";
import { ViaField } from "../../ui/late-fields";
import { TimeField } from "../../ui/time-field";
import { toIso, toText } from "../../ui/time-text";
import { useCommand } from "../../ui/use-command";
import { CommandForm } from "./command-form";

interface Props {
  incident: IncidentView;
  unitId: string;
  callSign: string;
  stages: Stage[];
  first: Stage;
  onReload: () => void;
  onClose: () => void;
}

/** A stage that happened earlier than now: the crew says when. */
export function StageDialog({ incident, unitId, callSign, stages, first, onReload, onClose }: Props) {
  const { t } = useWords();
  const sending = useCommand();
  const [stage, setStage] = useState<Stage>(first);
  const [time, setTime] = useState(() => toText(session.store.time.now_ms()));
  const [via, setVia] = useState<EnteredVia>("radio");
  const occurred_at = toIso(time);
  return (
    <CommandForm
      title={t("stages.stated_title", { unit: callSign })} submit={t("action.save")} sending={sending} canSubmit={occurred_at !== null} onReload={onReload} onClose={onClose}
      onSubmit={() =>
        sending.send("POST", `/api/incidents/${incident.id}/assignments/${unitId}/stages`, { stage, version: incident.version, occurred_at, via } satisfies StageRequest, onClose)
      }
    >
      <label className="field">
        <span>{t("stages.stage")}</span>
        <select value={stage} onChange={(event) => setStage(event.target.value as Stage)}>
          {stages.map((one) => (
            <option key={one} value={one}>
              {t(`stage.${one}`)}
            </option>
          ))}
        </select>
      </label>
      <ViaField value={via} onChange={setVia} />
      <TimeField label={t("stages.when")} value={time} onChange={setTime} />
    </CommandForm>
  );
}
