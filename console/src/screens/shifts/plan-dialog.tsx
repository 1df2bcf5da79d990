/** Plans one shift of the centre's templates on a day. */
import { useState } from "react";
import type { ShiftRequest } from "../../api/contract-check";
import { useSession, useWords } from "../../context";
import { toIso } from "../../ui/time-text";
import { useCommand } from "../../ui/use-command";
import { CommandForm } from "../incident/command-form";
import { TextField } from "../incident/party-dialog";
import { TerritoryPicker } from "../new-incident/territory-picker";
import { useCodeNames } from "../units/code-names";

interface Props {
  day: string;
  onClose: () => void;
  onDone: (id: string, day: string) => void;
}

export function PlanDialog({ day: first, onClose, onDone }: Props) {
  const { t } = useWords();
  const { codes, territories } = useSession();
  const words = useCodeNames();
  const sending = useCommand();
  const [name, setName] = useState(codes.shifts[0]?.code ?? "");
  const [day, setDay] = useState(first);
  const [territory, setTerritory] = useState(() => String(territories.scope.length === 1 ? territories.scope[0] : ""));
  const isDay = toIso({ day, clock: "12:00" }) !== null;
  const send = () =>
    sending.send<{ id: string }>("POST", "/api/shifts", { territory_id: Number(territory), name, day } satisfies ShiftRequest, ({ id }) => {
      onClose();
      onDone(id, day);
    });
  return (
    <CommandForm title={t("shifts.plan")} submit={t("shifts.plan_submit")} sending={sending} canSubmit={isDay && name !== "" && territory !== ""} onReload={onClose} onClose={onClose} onSubmit={send}>
      <TerritoryPicker label={t("facts.territory")} value={territory} onChange={setTerritory} />
      <fieldset className="field choices">
        <legend>{t("crew.shift")}</legend>
        {codes.shifts.map(({ code }) => (
          <label key={code} className="check">
            <input type="radio" name="shift" checked={name === code} onChange={() => setName(code)} />
            {words.shift(code)}
          </label>
        ))}
      </fieldset>
      <TextField label={t("shifts.day_form")} value={day} onChange={(value) => setDay(value.trim())} longest={10} wrong={!isDay} />
    </CommandForm>
  );
}
