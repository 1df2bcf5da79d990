/** The queue of open incidents. Virtualised; a row that comes or goes never moves the one under the pointer or the selected one. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState } from "react";
import { Link } from "react-router";
import type { IncidentView } from "../../api/types";
import { useLive, useNames, useWords } from "../../context";
import { derived } from "../../live/derived";
import { session } from "../../session";
import { Age, Kbd, PriorityMark } from "../../ui/marks";
import { useKeys } from "../../ui/keys";
import { isCleared, isUnattended, ROW_PX, sortQueue, type QueueItem } from "./queue-data";
import { useStillRows } from "./still-rows";

const everyIncident = derived(["incidents"], (store) => [...store.incidents.values()]);

export function useQueue(): QueueItem[] {
  const incidents = useLive("incidents", everyIncident);
  const { rank } = useNames();
  return useMemo(() => sortQueue(incidents, rank), [incidents, rank]);
}

interface Props {
  selected: string | null;
  onSelect: (id: string) => void;
  onOpen: (id: string) => void;
  canCreate: boolean;
}

export function Queue({ selected, onSelect, onOpen, canCreate }: Props) {
  const { t } = useWords();
  const all = useQueue();
  const [onlyUnattended, setOnlyUnattended] = useState(false);
  const unattended = useMemo(() => all.filter((item) => isUnattended(item.incident)).length, [all]);
  const items = useMemo(
    () => (onlyUnattended ? all.filter((item) => isUnattended(item.incident) || item.incident.id === selected) : all),
    [all, onlyUnattended, selected],
  );
  const isConnecting = useLive("link", (store) => !store.hasSnapshot);

  return (
    <section className="panel queue" aria-labelledby="queue-title">
      <header className="panel-head">
        <h2 id="queue-title">
          {t("queue.title")} <span className="count num">{t("queue.count", { n: all.length })}</span>
        </h2>
        <label className="check small">
          <input type="checkbox" checked={onlyUnattended} onChange={(event) => setOnlyUnattended(event.target.checked)} />
          {t("queue.only_unattended", { n: unattended })}
        </label>
        <span className="hint quiet small only-wide" aria-hidden="true">
          <Kbd>J</Kbd> ↓ <Kbd>K</Kbd> ↑
        </span>
        {canCreate && (
          <Link className="button is-primary" to="/new">
            {t("queue.new")} <Kbd>N</Kbd>
          </Link>
        )}
      </header>
      {items.length === 0 ? (
        <p className="empty">{isConnecting ? t("app.loading") : onlyUnattended && all.length > 0 ? t("queue.none_unattended") : t("queue.empty")}</p>
      ) : (
        <QueueList items={items} selected={selected} onSelect={onSelect} onOpen={onOpen} />
      )}
    </section>
  );
}

function QueueList({ items, selected, onSelect, onOpen }: Omit<Props, "canCreate"> & { items: QueueItem[] }) {
  const { t } = useWords();
  const scroller = useRef<HTMLDivElement>(null);
  const ids = useMemo(() => items.map((item) => item.incident.id), [items]);
  const still = useStillRows(scroller, ids, selected);
  const rows = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    paddingStart: still.padTop_px,
    getItemKey: (index) => ids[index]!,
    overscan: 6,
  });

  const step = (by: number) => {
    const at = selected === null ? -1 : ids.indexOf(selected);
    const next = Math.min(ids.length - 1, Math.max(0, at + by));
    const id = ids[next];
    if (id === undefined) return;
    onSelect(id);
    rows.scrollToIndex(next);
  };
  useKeys({
    KeyJ: () => step(1),
    KeyK: () => step(-1),
    Enter: () => {
      if (selected !== null) onOpen(selected);
    },
  });

  return (
    <div className="queue-body">
      {still.above > 0 && (
        <AboveChip newcomer={items.find((item) => item.incident.id === still.newcomer)?.incident ?? null} above={still.above} onClick={still.toTop} />
      )}
      <div className="scroll" ref={scroller} onPointerMove={still.onPointerMove} onPointerLeave={still.onPointerLeave} onScroll={still.onScroll}>
        <ul className="rows" style={{ height: rows.getTotalSize() + still.padBottom_px }} aria-label={t("queue.title")}>
          {rows.getVirtualItems().map((row) => (
            <li
              key={row.key} data-id={row.key} aria-setsize={items.length} aria-posinset={row.index + 1}
              className="row-slot" style={{ transform: `translateY(${row.start}px)`, height: ROW_PX }}
            >
              <QueueRow incident={items[row.index]!.incident} isSelected={selected === row.key} onOpen={onOpen} />
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}

/** Rows the list had to hide above itself; a new incident among them is named with its priority, for it may be the one that matters. */
function AboveChip({ newcomer, above, onClick }: { newcomer: IncidentView | null; above: number; onClick: () => void }) {
  const { t } = useWords();
  const names = useNames();
  return (
    <button type="button" className={`chip-above ${newcomer ? "is-new" : ""}`} onClick={onClick}>
      ↑{" "}
      {newcomer && (
        <>
          <PriorityMark code={newcomer.priority} /> <bdi>{names.category(newcomer.category)}</bdi> ·{" "}
        </>
      )}
      {t("queue.new_above", { n: above })}
    </button>
  );
}

function QueueRow({ incident, isSelected, onOpen }: { incident: IncidentView; isSelected: boolean; onOpen: (id: string) => void }) {
  const { t, f } = useWords();
  const names = useNames();
  const button = useRef<HTMLButtonElement>(null);
  const units = Object.values(incident.units).filter((unit) => !unit.stages.cleared);
  const [none, cleared] = [isUnattended(incident), isCleared(incident)];
  const place = names.territory(incident.territory_id);
  useEffect(() => {
    // The keyboard's place follows the selection, but only when it already is in the list.
    if (isSelected && document.activeElement?.closest(".queue .rows")) button.current?.focus({ preventScroll: true });
  }, [isSelected]);
  return (
    <button ref={button} type="button" className={`queue-row ${isSelected ? "is-selected" : ""}`} aria-current={isSelected || undefined} onClick={() => onOpen(incident.id)}>
      <PriorityMark code={incident.priority} />
      <span className="queue-what">
        <bdi>{names.category(incident.category)}</bdi>
      </span>
      <span className="queue-age">
        <Age at={incident.received.at} />
      </span>
      <span className="queue-where">
        <bdi className="num">{incident.number}</bdi> · <bdi>{place ?? t("unknown")}</bdi>
      </span>
      <span className="queue-clock num">{f.shortClock(incident.received.at, session.store.time.now_ms())}</span>
      <span className={`queue-units ${none ? "is-none" : cleared ? "is-cleared" : ""}`}>
        {none ? t("queue.no_unit") : cleared ? t("queue.cleared") : <bdi>{units.map((unit) => unit.call_sign).join(", ")}</bdi>}
      </span>
    </button>
  );
}
