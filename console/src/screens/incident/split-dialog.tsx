/** Part of an incident, open or closed, becomes one of its own: what is ticked moves there. */
import { useState } from "react";
import type { Contents } from "../../api/contents";
import type { SplitRequest } from "../../api/contract-check";
import type { IncidentCard, IncidentView } from "../../api/types";
import { useNames, useSession, useWords } from "../../context";
import { useCommand } from "../../ui/use-command";
import { useRead } from "../../ui/use-read";
import { CommandForm } from "./command-form";
import { TextField } from "./party-dialog";

interface Call {
  id: string;
  received_at: string;
}

interface Item {
  table: "calls" | "notes" | "parties" | "vehicles" | "attachments";
  id: string;
  words: string;
}

export function SplitDialog(props: { incident: IncidentView; held: Contents | null; card: IncidentCard | null; onReload: () => void; onClose: () => void }) {
  const { incident, held, card, onReload, onClose } = props;
  const { t, f } = useWords();
  const names = useNames();
  const { codes } = useSession();
  const sending = useCommand();
  const calls = useRead<{ items: Call[] }>(`/api/incidents/${incident.id}/calls`);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [category, setCategory] = useState(incident.category);
  const [reason, setReason] = useState("");
  const items: Item[] = [
    ...(calls.data?.items ?? []).map((one): Item => ({ table: "calls", id: one.id, words: t("split.call", { at: f.full(one.received_at) }) })),
    ...(held?.parties ?? []).map((one): Item => ({ table: "parties", id: one.id, words: [t(`parties.role.${one.role}`), one.name].filter(Boolean).join(": ") })),
    ...(held?.vehicles ?? []).map((one): Item => ({ table: "vehicles", id: one.id, words: [t(`vehicles.role.${one.role}`), one.plate ?? one.description].filter(Boolean).join(": ") })),
    ...(held?.attachments ?? []).map((one, index): Item => ({ table: "attachments", id: one.id, words: t("split.photo", { n: index + 1 }) })),
    ...(card?.notes ?? []).map((one): Item => ({ table: "notes", id: one.id, words: `${t("split.note", { at: f.full(one.at) })} ${(one.text ?? "").slice(0, 60)}` })),
  ];
  const ids = (table: Item["table"]) => items.filter((one) => one.table === table && chosen.has(one.id)).map((one) => one.id);
  const tick = (id: string) =>
    setChosen((before) => {
      const after = new Set(before);
      if (!after.delete(id)) after.add(id);
      return after;
    });
  const split = () => {
    const body: SplitRequest = {
      version: incident.version, reason: reason.trim(), category, calls: ids("calls"), notes: ids("notes"), parties: ids("parties"), vehicles: ids("vehicles"), attachments: ids("attachments"),
    };
    sending.send("POST", `/api/incidents/${incident.id}/split`, body, () => {
      onReload();
      onClose();
    });
  };
  return (
    <CommandForm title={t("split.title", { number: incident.number })} submit={t("split.submit")} sending={sending} canSubmit={chosen.size > 0 && reason.trim() !== ""} onReload={onReload} onClose={onClose} onSubmit={split}>
      <fieldset className="field choices">
        <legend>{t("split.what")}</legend>
        {items.map((one) => (
          <label key={one.id} className="check">
            <input type="checkbox" checked={chosen.has(one.id)} onChange={() => tick(one.id)} />
            <bdi className="outside-text">{one.words}</bdi>
          </label>
        ))}
      </fieldset>
      <label className="field">
        <span>{t("field.category")}</span>
        <select value={category} onChange={(event) => setCategory(event.target.value)}>
          {!codes.categories.some((one) => one.code === category) && <option value={category}>{category}</option>}
          {codes.categories.map(({ code }) => (
            <option key={code} value={code}>
              {names.category(code)}
            </option>
          ))}
        </select>
      </label>
      <TextField label={t("field.reason")} value={reason} onChange={setReason} longest={200} />
    </CommandForm>
  );
}
