/** Lends a free unit to a neighbour until a time; it comes home by itself then, unless it is at work. */
import { useState } from "react";
import type { LendRequest } from "../../api/contract-check";
import type { AidOverview } from "../../api/crews";
import type { UnitView } from "../../api/types";
import { useWords } from "../../context";
import { session } from "../../session";
import { Problem } from "../../ui/problem";
import { TimeField } from "../../ui/time-field";
import { toIso, toText } from "../../ui/time-text";
import { useCommand } from "../../ui/use-command";
import { useRead } from "../../ui/use-read";
import { CommandForm } from "../incident/command-form";
import { useNeighbours } from "./neighbours";

const USUAL_MS = 4 * 3_600_000;

export function LendDialog({ unit, onClose }: { unit: UnitView; onClose: () => void }) {
  const { t } = useWords();
  const sending = useCommand();
  const aid = useRead<AidOverview>("/api/aid");
  const neighbours = useNeighbours(unit.territory_id, aid.data);
  const [to, setTo] = useState("");
  const [until, setUntil] = useState(() => toText(session.store.time.now_ms() + USUAL_MS));
  const until_at = toIso(until);
  const send = () =>
    sending.send("POST", `/api/units/${unit.id}/loan`, { to_territory: Number(to), until: until_at!, version: unit.version } satisfies LendRequest, onClose);
  return (
    <CommandForm title={t("lend.lend_title", { unit: unit.call_sign })} submit={t("lend.submit")} sending={sending} canSubmit={to !== "" && until_at !== null} onReload={onClose} onClose={onClose} onSubmit={send}>
      {aid.error !== null && <Problem error={aid.error} />}
      <label className="field">
        <span>{t("lend.to")}</span>
        <select value={to} onChange={(event) => setTo(event.target.value)}>
          <option value="" disabled>
            {t(aid.loading ? "app.loading" : "lend.choose")}
          </option>
          {neighbours.map((one) => (
            <option key={one.id} value={one.id}>
              {one.name}
            </option>
          ))}
        </select>
      </label>
      <TimeField label={t("lend.until_label")} value={until} onChange={setUntil} />
      <p className="quiet small">{t("lend.hint")}</p>
    </CommandForm>
  );
}
