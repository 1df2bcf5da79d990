/** A hazard note near an incident: written, or ended before its time. It is about the place, never about a person. */
import { useState } from "react";
import type { HazardRequest } from "../../api/contract-check";
import type { Hazard } from "../../api/calls";
import type { Place } from "../../api/types";
import { useSession, useWords } from "../../context";
import { session } from "../../session";
import { useCommand } from "../../ui/use-command";
import { CommandForm } from "./command-form";
import { TextField } from "./party-dialog";

const RADII_M = [20, 50, 100];
/** The server takes 183 days at most. */
const ENDS_AFTER_DAYS = [7, 30, 91, 182];
const DAY_MS = 86_400_000;

interface Ends {
  onReload: () => void;
  onClose: () => void;
}

export function HazardDialog({ place, onReload, onClose }: Ends & { place: Place }) {
  const { t, f, name } = useWords();
  const { codes } = useSession();
  const sending = useCommand();
  const [ground, setGround] = useState("");
  const [source, setSource] = useState("");
  const [text, setText] = useState("");
  const [radius_m, setRadius] = useState(RADII_M[0]!);
  const [days, setDays] = useState(30);
  const expires_at = new Date(session.store.time.now_ms() + days * DAY_MS).toISOString();
  const done = () => {
    onReload();
    onClose();
  };
  return (
    <CommandForm
      title={t("known.add_hazard")} submit={t("action.save")} sending={sending} canSubmit={ground !== "" && source !== "" && text.trim() !== ""} onReload={onReload} onClose={onClose}
      onSubmit={() => sending.send("POST", "/api/hazards", { place, radius_m, source, ground, text: text.trim(), expires_at } satisfies HazardRequest, done)}
    >
      <p className="quiet">{t("known.about_place")}</p>
      <div className="field-pair">
        <Choice label={t("known.ground")} value={ground} onChange={setGround} choices={codes.hazard_grounds.map((one) => [one.code, name(one.names, one.code)])} />
        <Choice label={t("known.source")} value={source} onChange={setSource} choices={codes.hazard_sources.map((one) => [one.code, name(one.names, one.code)])} />
      </div>
      <TextField label={t("known.text")} value={text} onChange={setText} longest={200} />
      <div className="field-pair">
        <Choice label={t("known.radius")} value={String(radius_m)} onChange={(next) => setRadius(Number(next))} choices={RADII_M.map((one) => [String(one), f.distance(one)])} />
        <Choice
          label={t("known.ends")} value={String(days)} onChange={(next) => setDays(Number(next))}
          choices={ENDS_AFTER_DAYS.map((one) => [String(one), t("known.ends_after", { n: one })])}
        />
      </div>
    </CommandForm>
  );
}

function Choice({ label, value, choices, onChange }: { label: string; value: string; choices: string[][]; onChange: (value: string) => void }) {
  return (
    <label className="field">
      <span>{label}</span>
      <select value={value} onChange={(event) => onChange(event.target.value)}>
        {value === "" && <option value="" />}
        {choices.map(([code, word]) => (
          <option key={code} value={code}>
            {word}
          </option>
        ))}
      </select>
    </label>
  );
}

export function WithdrawDialog({ note, onReload, onClose }: Ends & { note: Hazard }) {
  const { t } = useWords();
  const sending = useCommand();
  const done = () => {
    onReload();
    onClose();
  };
  return (
    <CommandForm
      title={t("known.withdraw_title")} submit={t("known.withdraw")} sending={sending} canSubmit onReload={onReload} onClose={onClose}
      onSubmit={() => sending.send("POST", `/api/hazards/${note.id}/withdraw`, undefined, done)}
    >
      <p className="outside-text" dir="auto">
        {note.text}
      </p>
      <p className="quiet">{t("known.withdraw_means")}</p>
    </CommandForm>
  );
}
