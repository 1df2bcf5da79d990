/** The units beside the open incident: free and near first, with the reason, and the button that sends one. */
import { useVirtualizer } from "@tanstack/react-virtual";
import type { AssignRequest } from "../../api/contract-check";
import { useEffect, useMemo, useRef, useState } from "react";
import { may } from "../../api/permissions";
import { useLive, useNames, useSession, useWords } from "../../context";
import { derived } from "../../live/derived";
import { session } from "../../session";
import { Age, Kbd, PositionAge, StatusMark } from "../../ui/marks";
import { Problem } from "../../ui/problem";
import { useCalm } from "../../ui/use-calm";
import { useCommand, type Sending } from "../../ui/use-command";
import { rankUnits, type UnitChoice } from "./units-data";

const ROW_PX = 54;
/** The order follows status, and more slowly positions, so that a name does not run away from the finger. */
const REORDER_EVERY_MS = 1_000;
const MOVE_EVERY_MS = 5_000;

const everyUnit = derived(["units"], (store) => [...store.units.values()]);

function useChoices(incidentId: string | null, search: string): UnitChoice[] {
  const { me } = useSession();
  const { f } = useWords();
  const units = useCalm(useLive("units", everyUnit), REORDER_EVERY_MS);
  const place = useLive("incidents", (store) => (incidentId === null ? null : (store.incidents.get(incidentId)?.place ?? null)));
  const [round, setRound] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setRound((n) => n + 1), MOVE_EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  const ranked = useMemo(
    () =>
      rankUnits(
        units, session.store.positions, place, incidentId,
        (position) => session.store.time.age_s(position.fix_at) > me.stale_after_s, f.compare,
      ),
    // `round` asks for the same order again with newer positions.
    [units, place, incidentId, me.stale_after_s, f, round],
  );
  return useMemo(() => {
    const wanted = search.trim().toLocaleLowerCase();
    if (wanted !== "") return ranked.filter(({ unit }) => unit.call_sign.toLocaleLowerCase().includes(wanted));
    return ranked.filter(({ unit }) => unit.status !== "off_duty");
  }, [ranked, search]);
}

export function UnitsPanel({ incidentId }: { incidentId: string | null }) {
  const { t } = useWords();
  const [search, setSearch] = useState("");
  const choices = useChoices(incidentId, search);
  const free = useMemo(() => choices.filter(({ unit }) => unit.status === "available").length, [choices]);
  const sending = useCommand();
  const scroller = useRef<HTMLDivElement>(null);
  // What went wrong with one incident says nothing of the next.
  useEffect(() => sending.clear(), [incidentId, sending.clear]);
  const rows = useVirtualizer({
    count: choices.length, getScrollElement: () => scroller.current, estimateSize: () => ROW_PX, overscan: 6,
    getItemKey: (index) => choices[index]!.unit.id,
  });
  return (
    <section className="panel units" aria-labelledby="units-title">
      <header className="panel-head">
        <h2 id="units-title">
          {t("units.title")} <span className="count num">{t("units.free", { n: free })}</span>
        </h2>
        <label className="search">
          <span className="sr-only">{t("units.search")}</span>
          <input
            id="units-search" type="search" value={search} placeholder={t("units.search")} onChange={(event) => setSearch(event.target.value)}
            onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
          />
          <Kbd>/</Kbd>
        </label>
      </header>
      {sending.attempt > 0 && <p className="notice pad">{t("sending.retrying", { n: sending.attempt })}</p>}
      {sending.error !== null && <Problem error={sending.error} onReload={sending.clear} onRetry={sending.retry} />}
      {choices.length === 0 ? (
        <p className="empty">{search === "" ? t("units.empty") : t("units.none_found")}</p>
      ) : (
        <div className="scroll" ref={scroller}>
          <ul className="rows" style={{ height: rows.getTotalSize() }} aria-label={t("units.title")}>
            {rows.getVirtualItems().map((row) => (
              <li
                key={row.key} className="row-slot" aria-setsize={choices.length} aria-posinset={row.index + 1}
                style={{ transform: `translateY(${row.start}px)`, height: ROW_PX }}
              >
                <UnitRow choice={choices[row.index]!} incidentId={incidentId} sending={sending} />
              </li>
            ))}
          </ul>
        </div>
      )}
    </section>
  );
}

function UnitRow({ choice, incidentId, sending }: { choice: UnitChoice; incidentId: string | null; sending: Sending }) {
  const { me } = useSession();
  const { t, f } = useWords();
  const names = useNames();
  const unit = useLive("units", (store) => store.units.get(choice.unit.id)) ?? choice.unit;
  const position = useLive("positions", (store) => store.positions.get(unit.id) ?? null);
  const version = useLive("incidents", (store) => (incidentId === null ? undefined : store.incidents.get(incidentId)?.version));
  const canAssign = incidentId !== null && version !== undefined && unit.status === "available" && may(me, "dispatch");
  const assign = () =>
    sending.send("POST", `/api/incidents/${incidentId}/assignments`, { unit_id: unit.id, version: version!, unit_version: unit.version } satisfies AssignRequest);
  return (
    <div className={`unit-row ${incidentId !== null && unit.incident_id === incidentId ? "is-here" : ""}`}>
      <span className="unit-name">
        <bdi>{unit.call_sign}</bdi> <span className="quiet small">{names.kind(unit.kind)}</span>
      </span>
      <span className="unit-state">
        <StatusMark status={unit.status} /> <Age at={unit.since} className="quiet small" />
      </span>
      <span className="unit-where small">
        {choice.distance_m !== null && <b className="num">{f.distance(choice.distance_m)}</b>}{" "}
        <PositionAge at={position?.fix_at ?? null} stale_after_s={me.stale_after_s} />
      </span>
      {canAssign && (
        <button type="button" className="button unit-assign" disabled={sending.busy} onClick={assign} aria-label={t("units.assign_unit", { unit: unit.call_sign })}>
          {t("units.assign")}
        </button>
      )}
    </div>
  );
}
