/** A sending that is over, written up from paper or a radio log: of any unit, whatever it does by now, and that stays as it is. */
import { useState } from "react";
import type { FinishedRequest } from "../../api/contract-check";
import { STAGES, type EnteredVia, type IncidentView, type Stage, type UnitView } from "../../api/types";
import { useNames, useWords } from "../../context";
import { session } from "../../session";
import { ViaField } from "../../ui/late-fields";
import { TimeField } from "../../ui/time-field";
import { toIso, toText, type TimeText } from "../../ui/time-text";
import { useCommand } from "../../ui/use-command";
import { CommandForm } from "./command-form";
import { TextField } from "./party-dialog";

const MOST_SHOWN = 6;

/** Units whose call sign begins with what was typed, an exact one first. */
function unitsCalled(word: string): UnitView[] {
  const wanted = word.trim().toLocaleLowerCase();
  if (wanted === "") return [];
  const found = [...session.store.units.values()].filter((unit) => unit.call_sign.toLocaleLowerCase().startsWith(wanted));
  return found.sort((a, b) => a.call_sign.length - b.call_sign.length || (a.call_sign < b.call_sign ? -1 : 1)).slice(0, MOST_SHOWN);
}

type Times = Record<Stage, TimeText>;

/** The stages with their times, or null while one is no time or the two ends are missing. */
function stagesOf(times: Times): FinishedRequest["stages"] | null {
  const stages: Partial<Record<Stage, string>> = {};
  for (const stage of STAGES) {
    if (times[stage].clock.trim() === "") continue;
    const at = toIso(times[stage]);
    if (at === null) return null;
    stages[stage] = at;
  }
  return stages.assigned && stages.cleared ? stages : null;
}

export function FinishedDialog({ incident, onReload, onClose }: { incident: IncidentView; onReload: () => void; onClose: () => void }) {
  const { t } = useWords();
  const names = useNames();
  const sending = useCommand();
  const [word, setWord] = useState("");
  const [chosen, setChosen] = useState<string | null>(null);
  const [via, setVia] = useState<EnteredVia>("paper");
  const [times, setTimes] = useState<Times>(() => {
    const { day } = toText(session.store.time.now_ms());
    return Object.fromEntries(STAGES.map((stage) => [stage, { day, clock: "" }])) as Times;
  });
  const found = unitsCalled(word);
  const isExact = found.length > 0 && (found.length === 1 || found[1]!.call_sign !== found[0]!.call_sign) && found[0]!.call_sign.toLocaleLowerCase() === word.trim().toLocaleLowerCase();
  const unitId = found.find((unit) => unit.id === chosen)?.id ?? (isExact ? found[0]!.id : null);
  const stages = stagesOf(times);
  /** The day of the sending is the day of the rest, unless a night goes past midnight. */
  const setTime = (stage: Stage, time: TimeText) =>
    setTimes((held) => {
      const isDay = stage === "assigned" && time.day !== held.assigned.day;
      const rest = isDay ? Object.fromEntries(STAGES.map((one) => [one, { ...held[one], day: time.day }])) : held;
      return { ...(rest as Times), [stage]: time };
    });
  return (
    <CommandForm
      title={t("finished.title", { number: incident.number })} submit={t("finished.submit")} sending={sending} canSubmit={unitId !== null && stages !== null} onReload={onReload} onClose={onClose}
      onSubmit={() =>
        sending.send("POST", `/api/incidents/${incident.id}/finished-sendings`, { unit_id: unitId!, version: incident.version, stages: stages!, via } satisfies FinishedRequest, () => {
          onReload();
          onClose();
        })
      }
    >
      <p className="quiet small">{t("finished.hint")}</p>
      <TextField label={t("finished.unit")} value={word} onChange={setWord} longest={20} />
      {word.trim() !== "" && found.length === 0 && <p className="notice">{t("finished.none")}</p>}
      {found.length > 0 && (
        <fieldset className="field choices">
          <legend className="sr-only">{t("finished.unit")}</legend>
          {found.map((unit) => (
            <label key={unit.id} className="check">
              <input type="radio" name="finished-unit" checked={unitId === unit.id} onChange={() => setChosen(unit.id)} />
              <bdi>{unit.call_sign}</bdi> <span className="quiet small">{names.kind(unit.kind)} · {names.territory(unit.territory_id) ?? ""} · {t("finished.now", { status: t(`status.${unit.status}`) })}</span>
            </label>
          ))}
        </fieldset>
      )}
      <ViaField value={via} onChange={setVia} />
      {STAGES.map((stage) => (
        <TimeField key={stage} label={t(`stage.${stage}`)} value={times[stage]} onChange={(time) => setTime(stage, time)} isOptional={stage !== "assigned" && stage !== "cleared"} isBare />
      ))}
      <p className="quiet small">{t("time.hint")}</p>
    </CommandForm>
  );
}
