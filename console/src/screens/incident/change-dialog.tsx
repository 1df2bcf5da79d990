import { useState } from "react";
import type { ChangeRequest } from "../../api/contract-check";
import type { IncidentView } from "../../api/types";
import { useNames, useSession, useWords } from "../../context";
import { parseCoordinates } from "../../ui/coordinates";
import { useCommand } from "../../ui/use-command";
import { CommandForm } from "./command-form";

/** Category, priority or place turned out to be another; the reason is kept with the change. */
export function ChangeDialog({ incident, onReload, onClose }: { incident: IncidentView; onReload: () => void; onClose: () => void }) {
  const { t, f } = useWords();
  const { codes } = useSession();
  const names = useNames();
  const sending = useCommand();
  const before = incident.place ? f.coordinates(incident.place.lon, incident.place.lat) : "";
  const [category, setCategory] = useState(incident.category);
  const [priority, setPriority] = useState(incident.priority);
  const [place, setPlace] = useState(before);
  const [reason, setReason] = useState("");
  const point = place.trim() === before ? undefined : place.trim() === "" ? undefined : parseCoordinates(place);
  const changes = {
    ...(category === incident.category ? {} : { category }),
    ...(priority === incident.priority ? {} : { priority }),
    ...(point ? { place: point } : {}),
  };
  const canSubmit = Object.keys(changes).length > 0 && reason.trim() !== "" && point !== null;
  return (
    <CommandForm
      title={t("change.title", { number: incident.number })} submit={t("action.save")} sending={sending} canSubmit={canSubmit} onReload={onReload} onClose={onClose}
      onSubmit={() => sending.send("POST", `/api/incidents/${incident.id}/changes`, { version: incident.version, ...changes, reason: reason.trim() } satisfies ChangeRequest, onClose)}
    >
      <label className="field">
        <span>{t("field.priority")}</span>
        <select value={priority} onChange={(event) => setPriority(event.target.value)}>
          {!codes.priorities.some((one) => one.code === priority) && <option value={priority}>{priority}</option>}
          {codes.priorities.map((one) => (
            <option key={one.code} value={one.code}>
              {names.priority(one.code)}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>{t("field.category")}</span>
        <select value={category} onChange={(event) => setCategory(event.target.value)}>
          {!codes.categories.some((one) => one.code === category) && <option value={category}>{category}</option>}
          {codes.categories.map((one) => (
            <option key={one.code} value={one.code}>
              {names.category(one.code)}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>{t("field.coordinates")}</span>
        <input className="num" value={place} onChange={(event) => setPlace(event.target.value)} aria-invalid={point === null} />
        {point === null && <small className="wrong">{t("field.coordinates_wrong")}</small>}
      </label>
      <label className="field">
        <span>{t("field.reason")}</span>
        <input value={reason} onChange={(event) => setReason(event.target.value)} required maxLength={400} dir="auto" />
        <small className="quiet">{t("field.reason_hint")}</small>
      </label>
    </CommandForm>
  );
}
