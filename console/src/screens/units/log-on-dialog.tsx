/** The desk logs a crew on that reports by radio: how many, who is known, with what, for which shift. And logs it off. */
import { useEffect, useMemo, useState } from "react";
import type { LogOnRequest } from "../../api/contract-check";
import type { Shift, ShiftRoster } from "../../api/crews";
import type { UnitView } from "../../api/types";
import { useSession, useWords } from "../../context";
import { session } from "../../session";
import { useCommand } from "../../ui/use-command";
import { useRead } from "../../ui/use-read";
import { CommandForm } from "../incident/command-form";
import { TextField } from "../incident/party-dialog";
import { useCodeNames } from "./code-names";
import { PeopleChoice } from "./people-choice";

const CREW_MAX = 12;
/** How long before its start a shift may be logged on to; the server decides. */
const EARLY_MS = 2 * 3_600_000;
const VEHICLE = /^[\p{L}\p{N}_][\p{L}\p{N}_ .:/-]{0,19}$/u;

/** The shifts that this unit's crew may stand in now, the one that runs first. */
function useShifts(unit: UnitView): Shift[] {
  const { territories } = useSession();
  const { data } = useRead<{ items: Shift[] }>("/api/shifts");
  return useMemo(() => {
    const now_ms = session.store.time.now_ms();
    const homes = [unit.territory_id, ...(unit.lent ? [unit.lent.home_territory_id] : [])];
    return (data?.items ?? [])
      .filter((shift) => Date.parse(shift.starts_at) - EARLY_MS <= now_ms && now_ms < Date.parse(shift.ends_at))
      .filter((shift) => homes.some((home) => territories.isWithin(home, shift.territory_id)));
  }, [data, territories, unit.territory_id, unit.lent]);
}

export function LogOnDialog({ unit, takesOver, onClose }: { unit: UnitView; takesOver: boolean; onClose: () => void }) {
  const { t, f } = useWords();
  const { codes } = useSession();
  const words = useCodeNames();
  const sending = useCommand();
  const shifts = useShifts(unit);
  const [shift, setShift] = useState<string | null>(null);
  const shiftId = shift ?? shifts[0]?.id ?? "";
  const roster = useRead<ShiftRoster>(shiftId === "" ? null : `/api/shifts/${shiftId}`);
  const [crew, setCrew] = useState<readonly string[]>([]);
  const [size, setSize] = useState("1");
  const [vehicle, setVehicle] = useState("");
  const [skills, setSkills] = useState<readonly string[]>(unit.skills);
  // Who stands in the roster of this unit is proposed; whoever is not there is taken out by a press.
  useEffect(() => {
    const planned = (roster.data?.entries ?? []).filter((one) => one.unit_id === unit.id).map((one) => one.account_id);
    setCrew(planned);
    if (planned.length > 0) setSize(String(planned.length));
  }, [roster.data, unit.id]);
  const stated = Number(size);
  const isSize = /^\d{1,2}$/.test(size.trim()) && stated >= 1 && stated <= CREW_MAX;
  const isVehicle = vehicle.trim() === "" || VEHICLE.test(vehicle.trim());
  const pick = (next: readonly string[]) => {
    setCrew(next);
    if (next.length > stated || !isSize) setSize(String(next.length));
  };
  const send = () => {
    const body: LogOnRequest = {
      crew: [...crew], crew_size: stated, vehicle: vehicle.trim() || null, skills: [...skills], shift_id: shiftId || null, takes_over: takesOver,
    };
    sending.send("POST", `/api/units/${unit.id}/log-on`, body, onClose);
  };
  return (
    <CommandForm
      title={t("crew.log_on_title", { unit: unit.call_sign })} submit={t(takesOver ? "crew.take_over" : "crew.log_on")} sending={sending}
      canSubmit={isSize && isVehicle && crew.length <= CREW_MAX && !roster.loading} onReload={onClose} onClose={onClose} onSubmit={send}
    >
      {takesOver && <p className="notice is-warning">{t("crew.takes_over")}</p>}
      <div className="field-pair">
        <label className="field">
          <span>{t("crew.size", { max: CREW_MAX })}</span>
          <input className="num" inputMode="numeric" value={size} onChange={(event) => setSize(event.target.value)} maxLength={2} aria-invalid={!isSize} autoComplete="off" />
        </label>
        <TextField label={t("crew.vehicle")} value={vehicle} onChange={setVehicle} longest={20} wrong={!isVehicle} />
      </div>
      <label className="field">
        <span>{t("crew.shift")}</span>
        <select value={shiftId} onChange={(event) => setShift(event.target.value)}>
          {shifts.map((one) => (
            <option key={one.id} value={one.id}>
              {words.shift(one.name)}, {f.clock(one.starts_at).slice(0, 5)}–{f.clock(one.ends_at).slice(0, 5)}
            </option>
          ))}
          <option value="">{t("crew.no_shift")}</option>
        </select>
      </label>
      {roster.data ? (
        <PeopleChoice label={t("crew.officers")} people={roster.data.officers} chosen={crew} onChange={pick} />
      ) : (
        <p className="quiet small">{t(shiftId === "" ? "crew.officers_need_shift" : "app.loading")}</p>
      )}
      <fieldset className="field choices is-columns">
        <legend>{t("crew.skills")}</legend>
        {codes.skills.map(({ code }) => (
          <label key={code} className="check">
            <input type="checkbox" checked={skills.includes(code)} onChange={(event) => setSkills(event.target.checked ? [...skills, code] : skills.filter((one) => one !== code))} />
            {words.skill(code)}
          </label>
        ))}
      </fieldset>
    </CommandForm>
  );
}

export function LogOffDialog({ unit, onClose }: { unit: UnitView; onClose: () => void }) {
  const { t } = useWords();
  const sending = useCommand();
  return (
    <CommandForm
      title={t("crew.log_off_title", { unit: unit.call_sign })} submit={t("crew.log_off")} sending={sending} canSubmit onReload={onClose} onClose={onClose}
      onSubmit={() => sending.send("POST", `/api/units/${unit.id}/log-off`, {}, onClose)}
    >
      <p>{t("crew.log_off_hint")}</p>
    </CommandForm>
  );
}
