/** Who stands in one shift, by unit. The supervisor adds and takes out; each change sends the whole roster as it was seen. */
import { useEffect, useMemo, useState } from "react";
import type { RosterRequest } from "../../api/contract-check";
import type { RosterLine, ShiftRoster } from "../../api/crews";
import { useLive, useSession, useWords } from "../../context";
import { derived } from "../../live/derived";
import { session } from "../../session";
import { Problem } from "../../ui/problem";
import { useCommand } from "../../ui/use-command";
import { useRead } from "../../ui/use-read";

const LOOK_MS = 30_000;
const everyUnit = derived(["units"], (store) => [...store.units.values()]);

function byUnit(entries: readonly RosterLine[]): [string, RosterLine[]][] {
  const groups = new Map<string, RosterLine[]>();
  for (const entry of entries) groups.set(entry.unit_id, [...(groups.get(entry.unit_id) ?? []), entry]);
  return [...groups];
}

interface Props {
  id: string;
  /** As the list of shifts has it: a confirmed swap moves it on. */
  version: number;
  canPlan: boolean;
  onChanged: () => void;
}

export function ShiftCard({ id, version, canPlan, onChanged }: Props) {
  const { t } = useWords();
  const roster = useRead<ShiftRoster>(`/api/shifts/${id}`);
  const sending = useCommand();
  const { reload } = roster;
  useEffect(reload, [version, reload]);
  // Who logs on is seen without asking for it.
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === "visible" && reload(), LOOK_MS);
    return () => clearInterval(timer);
  }, [reload]);
  if (roster.data === null) return roster.error === null ? <p className="quiet">{t("app.loading")}</p> : <Problem error={roster.error} />;
  const { shift, entries, officers } = roster.data;
  const isOver = Date.parse(shift.ends_at) <= session.store.time.now_ms();
  const put = (next: readonly { unit_id: string; account_id: string }[]) => {
    const body: RosterRequest = { version: shift.version, entries: next.map(({ unit_id, account_id }) => ({ unit_id, account_id })) };
    sending.send("PUT", `/api/shifts/${id}/roster`, body, () => {
      reload();
      onChanged();
    });
  };
  const again = () => {
    sending.clear();
    reload();
  };
  const missing = entries.filter((one) => one.is_missing);
  return (
    <section className="shift-card" aria-label={t("shifts.roster")}>
      {sending.error !== null && <Problem error={sending.error} onReload={again} onRetry={sending.retry} />}
      {missing.length > 0 && <p className="notice is-warning">{t("shifts.missing", { n: missing.length })}</p>}
      {entries.length === 0 && <p className="quiet">{t("shifts.empty")}</p>}
      <div className="roster">
        {byUnit(entries).map(([unitId, people]) => (
          <section key={unitId} className="roster-unit">
            <h2>
              <bdi>{people[0]!.call_sign}</bdi> <span className="count num">{t("shifts.people", { n: people.length })}</span>
            </h2>
            <ul className="plain-list">
              {people.map((one) => (
                <li key={one.account_id}>
                  <bdi>{one.display_name}</bdi>
                  {one.is_missing && <span className="not-on"> ○ {t("shifts.not_on")}</span>}
                  {canPlan && !isOver && (
                    <button
                      type="button" className="icon-button" disabled={sending.busy} aria-label={t("shifts.remove", { name: one.display_name, unit: one.call_sign })}
                      onClick={() => put(entries.filter((entry) => entry !== one))}
                    >
                      ×
                    </button>
                  )}
                </li>
              ))}
            </ul>
          </section>
        ))}
      </div>
      {canPlan && !isOver && (
        <AddLine
          territoryId={shift.territory_id} officers={officers.filter((one) => !entries.some((entry) => entry.account_id === one.id))} isOff={sending.busy}
          onAdd={(unit_id, account_id) => put([...entries, { unit_id, account_id }])}
        />
      )}
    </section>
  );
}

function AddLine({ territoryId, officers, isOff, onAdd }: { territoryId: number; officers: ShiftRoster["officers"]; isOff: boolean; onAdd: (unitId: string, accountId: string) => void }) {
  const { territories } = useSession();
  const { t, f } = useWords();
  const all = useLive("units", everyUnit);
  const units = useMemo(
    () => all.filter((unit) => territories.isWithin(unit.lent?.home_territory_id ?? unit.territory_id, territoryId)).sort((a, b) => f.compare(a.call_sign, b.call_sign)),
    [all, territories, territoryId, f],
  );
  const [unitId, setUnitId] = useState("");
  const [person, setPerson] = useState("");
  const canAdd = unitId !== "" && officers.some((one) => one.id === person) && !isOff;
  const add = () => {
    onAdd(unitId, person);
    setPerson("");
  };
  return (
    <form
      className="filters"
      onSubmit={(event) => {
        event.preventDefault();
        if (canAdd) add();
      }}
    >
      <label>
        <span>{t("stages.unit")}</span>
        <select value={unitId} onChange={(event) => setUnitId(event.target.value)}>
          <option value="">–</option>
          {units.map((unit) => (
            <option key={unit.id} value={unit.id}>
              {unit.call_sign}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>{t("shifts.person")}</span>
        <select value={person} onChange={(event) => setPerson(event.target.value)}>
          <option value="">–</option>
          {officers.map((one) => (
            <option key={one.id} value={one.id}>
              {one.display_name}
            </option>
          ))}
        </select>
      </label>
      <button type="submit" className="button" disabled={!canAdd}>
        {t("shifts.add")}
      </button>
    </form>
  );
}
