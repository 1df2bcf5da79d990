/** A vehicle in this incident, added or set right. */
import { useState } from "react";
import { VEHICLE_ROLES, type Vehicle, type VehicleRole } from "../../api/contents";
import type { VehicleRequest } from "../../api/contract-check";
import type { IncidentView } from "../../api/types";
import { useWords } from "../../context";
import { useCommand } from "../../ui/use-command";
import { CommandForm } from "./command-form";
import { LongField, TextField } from "./party-dialog";

export function VehicleDialog(props: { incident: IncidentView; vehicle?: Vehicle; onReload: () => void; onClose: () => void }) {
  const { incident, vehicle, onReload, onClose } = props;
  const { t } = useWords();
  const sending = useCommand();
  const [role, setRole] = useState<VehicleRole>(vehicle?.role ?? "involved");
  const [plate, setPlate] = useState(vehicle?.plate ?? "");
  const [description, setDescription] = useState(vehicle?.description ?? "");
  const [reason, setReason] = useState("");
  const body: VehicleRequest = { role, plate: plate.trim() || null, description: description.trim() || null };
  const done = () => {
    onReload();
    onClose();
  };
  const path = `/api/incidents/${incident.id}/vehicles`;
  return (
    <CommandForm
      title={vehicle ? t("vehicles.correct_title") : t("vehicles.add")} submit={t("action.save")} sending={sending} onReload={onReload} onClose={onClose}
      canSubmit={(plate.trim() !== "" || description.trim() !== "") && (!vehicle || reason.trim() !== "")}
      onSubmit={() =>
        vehicle
          ? sending.send("POST", `${path}/${vehicle.id}/corrections`, { ...body, version: vehicle.version, reason: reason.trim() }, done)
          : sending.send("POST", path, body, done)
      }
    >
      <div className="field-pair">
        <label className="field">
          <span>{t("parties.role")}</span>
          <select value={role} onChange={(event) => setRole(event.target.value as VehicleRole)}>
            {VEHICLE_ROLES.map((one) => (
              <option key={one} value={one}>
                {t(`vehicles.role.${one}`)}
              </option>
            ))}
          </select>
        </label>
        <TextField label={t("vehicles.plate")} value={plate} onChange={setPlate} longest={200} />
      </div>
      <LongField label={t("vehicles.description")} value={description} onChange={setDescription} />
      {vehicle && <TextField label={t("field.reason")} value={reason} onChange={setReason} longest={200} />}
    </CommandForm>
  );
}
