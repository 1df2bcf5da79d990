/** All units: where each stands, since when, and how old its position is. Virtualised: ten thousand rows are one screen of work. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState } from "react";
import { Link, useSearchParams } from "react-router";
import { may } from "../api/permissions";
import { UNIT_STATUSES, type UnitStatus, type UnitView } from "../api/types";
import { useLive, useNames, useSession, useWords } from "../context";
import { derived } from "../live/derived";
import { Age, PositionAge, StatusMark } from "../ui/marks";
import { useCalm } from "../ui/use-calm";
import { UnitStatusMenu } from "./unit-status-menu";

const ROW_PX = 34;
const everyUnit = derived(["units"], (store) => [...store.units.values()]);

export function UnitsScreen() {
  const { t, f } = useWords();
  const { territories } = useSession();
  const names = useNames();
  const [params, setParams] = useSearchParams();
  const [search, setSearch] = useState("");
  const all = useCalm(useLive("units", everyUnit), 1_000);
  const status = params.get("status") as UnitStatus | null;
  const territory = Number(params.get("territory"));
  const units = useMemo(() => {
    const wanted = search.trim().toLocaleLowerCase();
    return all
      .filter((unit) => !status || unit.status === status)
      .filter((unit) => !(territory > 0) || territories.isWithin(unit.territory_id, territory))
      .filter((unit) => wanted === "" || unit.call_sign.toLocaleLowerCase().includes(wanted))
      .sort((a, b) => f.compare(a.call_sign, b.call_sign));
  }, [all, status, territory, territories, search, f]);
  const set = (key: string, value: string) => {
    const next = new URLSearchParams(params);
    if (value) next.set(key, value);
    else next.delete(key);
    setParams(next, { replace: true });
  };
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: units.length, getScrollElement: () => scroller.current, estimateSize: () => ROW_PX, overscan: 12, getItemKey: (index) => units[index]!.id,
  });
  return (
    <div className="page is-fill">
      <header className="page-head">
        <h1>
          {t("nav.units")} <span className="count num">{f.number(units.length)}</span>
        </h1>
        <div className="filters">
          <label>
            <span>{t("units.search")}</span>
            <input type="search" value={search} onChange={(event) => setSearch(event.target.value)} />
          </label>
          <label>
            <span>{t("units.status")}</span>
            <select value={status ?? ""} onChange={(event) => set("status", event.target.value)}>
              <option value="">{t("records.any")}</option>
              {UNIT_STATUSES.map((one) => (
                <option key={one} value={one}>
                  {t(`status.${one}`)}
                </option>
              ))}
            </select>
          </label>
          {territory > 0 && (
            <span className="filter-chip">
              <bdi>{names.territory(territory) ?? territory}</bdi>
              <button type="button" aria-label={t("records.remove_filter")} onClick={() => set("territory", "")}>
                ×
              </button>
            </span>
          )}
        </div>
      </header>
      <div className="unit-table" role="table" aria-label={t("nav.units")} aria-rowcount={units.length + 1}>
        <div role="rowgroup">
          <div role="row" aria-rowindex={1} className="unit-line is-head">
            <span role="columnheader">{t("stages.unit")}</span>
            <span role="columnheader">{t("units.kind")}</span>
            <span role="columnheader">{t("facts.territory")}</span>
            <span role="columnheader">{t("units.status")}</span>
            <span role="columnheader">{t("units.since")}</span>
            <span role="columnheader">{t("units.position")}</span>
            <span role="columnheader">{t("units.incident")}</span>
          </div>
        </div>
        <div className="scroll" ref={scroller} tabIndex={0} role="rowgroup" aria-label={t("nav.units")}>
          <div className="rows" style={{ height: rows.getTotalSize() }} role="presentation">
            {rows.getVirtualItems().map((row) => (
              <UnitLine key={row.key} unit={units[row.index]!} index={row.index} top={row.start} />
            ))}
          </div>
          {units.length === 0 && (
            <div role="row">
              <p className="empty" role="cell">
                {t("units.none_found")}
              </p>
            </div>
          )}
        </div>
      </div>
    </div>
  );
}

function UnitLine({ unit: listed, index, top }: { unit: UnitView; index: number; top: number }) {
  const unit = useLive("units", (store) => store.units.get(listed.id)) ?? listed;
  const { me } = useSession();
  const { t } = useWords();
  const names = useNames();
  const position = useLive("positions", (store) => store.positions.get(unit.id) ?? null);
  const number = useLive("incidents", (store) => (unit.incident_id ? (store.incidents.get(unit.incident_id)?.number ?? null) : null));
  return (
    <div role="row" aria-rowindex={index + 2} className="unit-line row-slot" style={{ transform: `translateY(${top}px)`, height: ROW_PX }}>
      <span role="rowheader">
        <bdi>{unit.call_sign}</bdi>
      </span>
      <span role="cell">{names.kind(unit.kind)}</span>
      <span role="cell">
        <bdi>{names.territory(unit.territory_id) ?? t("unknown")}</bdi>
      </span>
      <span role="cell">
        {unit.incident_id === null && may(me, "unit_status") ? <UnitStatusMenu unit={unit} /> : <StatusMark status={unit.status} />}
      </span>
      <span role="cell">
        <Age at={unit.since} />
      </span>
      <span role="cell">
        <PositionAge at={position?.fix_at ?? null} stale_after_s={me.stale_after_s} />
      </span>
      <span role="cell" className="num">
        {unit.incident_id ? (
          <Link to={`/desk/${unit.incident_id}`}>
            <bdi>{number ?? t("units.its_incident")}</bdi>
          </Link>
        ) : (
          <span className="quiet">–</span>
        )}
      </span>
    </div>
  );
}
