/** Puts a new unit into the register. It starts off duty, until a crew logs on. */
import { useState } from "react";
import type { RegisterUnitRequest } from "../../api/contract-check";
import { useNames, useSession, useWords } from "../../context";
import { useCommand } from "../../ui/use-command";
import { CommandForm } from "../incident/command-form";
import { TextField } from "../incident/party-dialog";
import { TerritoryPicker } from "../new-incident/territory-picker";

/** As the server reads a call sign: begins with a letter or a figure. */
const CALL_SIGN = /^[\p{L}\p{N}_][\p{L}\p{N}_ .:/-]{0,19}$/u;

export function RegisterDialog({ onClose, onDone }: { onClose: () => void; onDone: (id: string) => void }) {
  const { t } = useWords();
  const { codes } = useSession();
  const names = useNames();
  const sending = useCommand();
  const [callSign, setCallSign] = useState("");
  const [kind, setKind] = useState(codes.unit_kinds[0]?.code ?? "");
  const [territory, setTerritory] = useState("");
  const isWritten = CALL_SIGN.test(callSign.trim());
  const send = () =>
    sending.send<{ id: string }>("POST", "/api/units", { call_sign: callSign.trim(), kind, territory_id: Number(territory) } satisfies RegisterUnitRequest, ({ id }) => {
      onClose();
      onDone(id);
    });
  return (
    <CommandForm title={t("crew.register")} submit={t("crew.register_submit")} sending={sending} canSubmit={isWritten && territory !== ""} onReload={() => undefined} onClose={onClose} onSubmit={send}>
      <TextField label={t("crew.call_sign")} value={callSign} onChange={setCallSign} longest={20} wrong={callSign.trim() !== "" && !isWritten} />
      <label className="field">
        <span>{t("units.kind")}</span>
        <select value={kind} onChange={(event) => setKind(event.target.value)}>
          {codes.unit_kinds.map(({ code }) => (
            <option key={code} value={code}>
              {names.kind(code)}
            </option>
          ))}
        </select>
      </label>
      <TerritoryPicker label={t("facts.territory")} value={territory} onChange={setTerritory} />
      <p className="quiet small">{t("crew.register_hint")}</p>
    </CommandForm>
  );
}
