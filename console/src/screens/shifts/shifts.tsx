/** The shifts of a day: who stands in them on which unit, who is not logged on yet, and the swaps that wait for a word. Nothing here adds up anybody's lateness. */
import { useMemo, useState } from "react";
import type { Shift } from "../../api/crews";
import { may } from "../../api/permissions";
import { useNames, useSession, useWords } from "../../context";
import { session } from "../../session";
import { Problem } from "../../ui/problem";
import { toIso, toText } from "../../ui/time-text";
import { useRead } from "../../ui/use-read";
import { useCodeNames } from "../units/code-names";
import { PlanDialog } from "./plan-dialog";
import { ShiftCard } from "./shift-card";
import { Swaps } from "./swaps";

const DAY_MS = 86_400_000;

/** A day in the desk's time zone, `by` days further. */
function moved(day: string, by: number): string {
  const noon = toIso({ day, clock: "12:00" });
  return noon === null ? day : toText(Date.parse(noon) + by * DAY_MS).day;
}

/** A night shift that began yesterday is a shift of today too. */
function isOn(shift: Shift, day: string): boolean {
  const end = toText(Date.parse(shift.ends_at) - 1).day;
  return toText(Date.parse(shift.starts_at)).day <= day && day <= end;
}

export function ShiftsScreen() {
  const { me } = useSession();
  const { t } = useWords();
  const names = useNames();
  const words = useCodeNames();
  const shifts = useRead<{ items: Shift[] }>("/api/shifts");
  const today = toText(session.store.time.now_ms()).day;
  const [day, setDay] = useState(today);
  const [chosen, setChosen] = useState<string | null>(null);
  const [isPlanning, setIsPlanning] = useState(false);
  const canPlan = may(me, "plan");
  const ofDay = useMemo(() => (shifts.data?.items ?? []).filter((one) => isOn(one, day)), [shifts.data, day]);
  const selected = ofDay.find((one) => one.id === chosen) ?? ofDay.find((one) => isRunning(one)) ?? ofDay[0] ?? null;
  const isDay = toIso({ day, clock: "12:00" }) !== null;
  return (
    <div className="page">
      <header className="page-head">
        <h1>{t("shifts.title")}</h1>
        <div className="filters">
          <button type="button" className="button" aria-label={t("shifts.day_before")} onClick={() => setDay(moved(day, -1))}>
            ‹
          </button>
          <label>
            <span>{t("shifts.day")}</span>
            <input className="num" size={11} value={day} placeholder={t("time.day_format")} aria-invalid={!isDay} onChange={(event) => setDay(event.target.value.trim())} />
          </label>
          <button type="button" className="button" aria-label={t("shifts.day_after")} onClick={() => setDay(moved(day, 1))}>
            ›
          </button>
          <button type="button" className="button" disabled={day === today} onClick={() => setDay(today)}>
            {t("shifts.today")}
          </button>
          {canPlan && (
            <button type="button" className="button is-primary" onClick={() => setIsPlanning(true)}>
              {t("shifts.plan")}
            </button>
          )}
        </div>
      </header>
      {shifts.error !== null && <Problem error={shifts.error} />}
      {canPlan && <Swaps onDone={shifts.reload} />}
      {ofDay.length === 0 && <p className="empty">{shifts.loading ? t("app.loading") : t("shifts.none")}</p>}
      <div className="shift-chips" role="group" aria-label={t("shifts.title")}>
        {ofDay.map((one) => (
          <button key={one.id} type="button" className="group-chip" aria-pressed={selected?.id === one.id} onClick={() => setChosen(one.id)}>
            {words.shift(one.name)} <span className="num">{hours(one)}</span> · <bdi>{names.territory(one.territory_id) ?? t("unknown")}</bdi>
            {isRunning(one) && <b> ● {t("shifts.running")}</b>}
          </button>
        ))}
      </div>
      {selected && <ShiftCard key={selected.id} id={selected.id} version={selected.version} canPlan={canPlan} onChanged={shifts.reload} />}
      {isPlanning && (
        <PlanDialog
          day={isDay ? day : today} onClose={() => setIsPlanning(false)}
          onDone={(id, planned) => {
            setDay(planned);
            setChosen(id);
            shifts.reload();
          }}
        />
      )}
    </div>
  );
}

function isRunning(shift: Shift): boolean {
  const now_ms = session.store.time.now_ms();
  return Date.parse(shift.starts_at) <= now_ms && now_ms < Date.parse(shift.ends_at);
}

function hours(shift: Shift): string {
  return `${toText(Date.parse(shift.starts_at)).clock.slice(0, 5)}–${toText(Date.parse(shift.ends_at)).clock.slice(0, 5)}`;
}
