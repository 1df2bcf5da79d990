/** All units: where each stands, with how many, since when, and how old its position is. Virtualised: ten thousand rows are one screen of work. */
import { FilterChip } from "../../ui/filter-chip";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState } from "react";
import { useSearchParams } from "react-router";
import { may } from "../../api/permissions";
import { UNIT_STATUSES, type UnitStatus } from "../../api/types";
import { useLive, useNames, useSession, useWords } from "../../context";
import { derived } from "../../live/derived";
import { useKeys } from "../../ui/keys";
import { Kbd } from "../../ui/marks";
import { useCalm } from "../../ui/use-calm";
import { RegisterDialog } from "./register-dialog";
import { UnitLine } from "./unit-line";
import { UnitPanel } from "./unit-panel";
import { UnitsTabs } from "./units-tabs";

const ROW_PX = 34;
const everyUnit = derived(["units"], (store) => [...store.units.values()]);

function useFiltered(params: URLSearchParams, search: string) {
  const { territories } = useSession();
  const { f } = useWords();
  const all = useCalm(useLive("units", everyUnit), 1_000);
  const status = params.get("status");
  const kind = params.get("kind");
  const territory = Number(params.get("territory"));
  return useMemo(() => {
    const wanted = search.trim().toLocaleLowerCase();
    return all
      .filter((unit) => !status || unit.status === status)
      .filter((unit) => !kind || unit.kind === kind)
      .filter((unit) => !(territory > 0) || territories.isWithin(unit.territory_id, territory))
      .filter((unit) => wanted === "" || unit.call_sign.toLocaleLowerCase().includes(wanted))
      .sort((a, b) => f.compare(a.call_sign, b.call_sign));
  }, [all, status, kind, territory, territories, search, f]);
}

export function UnitsScreen() {
  const { t, f } = useWords();
  const { me, codes } = useSession();
  const names = useNames();
  const [params, setParams] = useSearchParams();
  const [search, setSearch] = useState("");
  const [registering, setRegistering] = useState(false);
  const [cursor, setCursor] = useState<string | null>(params.get("unit"));
  const units = useFiltered(params, search);
  const territory = Number(params.get("territory"));
  const opened = params.get("unit");
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
  const open = (id: string) => {
    setCursor(id);
    set("unit", id);
    setTimeout(() => document.getElementById("unit-title")?.focus({ preventScroll: true }), 0);
  };
  const close = () => {
    set("unit", "");
    setTimeout(() => document.getElementById(`unit-${cursor}`)?.focus(), 0);
  };
  const step = (by: number) => {
    const next = Math.max(0, Math.min(units.length - 1, units.findIndex((unit) => unit.id === cursor) + by));
    const id = units[next]?.id;
    if (id === undefined) return;
    setCursor(id);
    rows.scrollToIndex(next);
  };
  const canRegister = may(me, "register");
  useKeys({
    KeyJ: () => step(1),
    KeyK: () => step(-1),
    Enter: () => cursor !== null && open(cursor),
    KeyF: () => document.getElementById("units-find")?.focus(),
    KeyR: () => canRegister && setRegistering(true),
    Escape: () => opened !== null && close(),
  });
  return (
    <div className="page is-fill">
      <header className="page-head">
        <h1>
          {t("nav.units")} <span className="count num">{f.number(units.length)}</span>
        </h1>
        <UnitsTabs />
        <div className="filters">
          <label>
            <span>{t("units.search")}</span>
            <input id="units-find" type="search" value={search} onChange={(event) => setSearch(event.target.value)} /> <Kbd>F</Kbd>
          </label>
          <label>
            <span>{t("units.status")}</span>
            <select value={(params.get("status") as UnitStatus | null) ?? ""} onChange={(event) => set("status", event.target.value)}>
              <option value="">{t("records.any")}</option>
              {UNIT_STATUSES.map((one) => (
                <option key={one} value={one}>
                  {t(`status.${one}`)}
                </option>
              ))}
            </select>
          </label>
          <label>
            <span>{t("units.kind")}</span>
            <select value={params.get("kind") ?? ""} onChange={(event) => set("kind", event.target.value)}>
              <option value="">{t("records.any")}</option>
              {codes.unit_kinds.map(({ code }) => (
                <option key={code} value={code}>
                  {names.kind(code)}
                </option>
              ))}
            </select>
          </label>
          {territory > 0 && (
            <FilterChip text={names.territory(territory) ?? String(territory)} onRemove={() => set("territory", "")} />
          )}
          {canRegister && (
            <button type="button" className="button" onClick={() => setRegistering(true)}>
              {t("crew.register")} <Kbd>R</Kbd>
            </button>
          )}
        </div>
      </header>
      <div className={`units-body ${opened !== null ? "has-panel" : ""}`}>
        <div className="unit-table" role="table" aria-label={t("nav.units")} aria-rowcount={units.length + 1}>
          <div role="rowgroup">
            <div role="row" aria-rowindex={1} className="unit-line is-head">
              <span role="columnheader">{t("stages.unit")}</span>
              <span role="columnheader">{t("units.kind")}</span>
              <span role="columnheader">{t("facts.territory")}</span>
              <span role="columnheader">{t("units.status")}</span>
              <span role="columnheader">{t("units.since")}</span>
              <span role="columnheader">{t("crew.size_short")}</span>
              <span role="columnheader">{t("units.position")}</span>
              <span role="columnheader">{t("units.incident")}</span>
            </div>
          </div>
          <div className="scroll" ref={scroller} tabIndex={0} role="rowgroup" aria-label={t("nav.units")}>
            <div className="rows" style={{ height: rows.getTotalSize() }} role="presentation">
              {rows.getVirtualItems().map((row) => (
                <UnitLine key={row.key} unit={units[row.index]!} index={row.index} top={row.start} isCursor={cursor === row.key} onOpen={open} />
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
        {opened !== null && <UnitPanel key={opened} id={opened} onClose={close} />}
      </div>
      {registering && <RegisterDialog onClose={() => setRegistering(false)} onDone={open} />}
    </div>
  );
}
