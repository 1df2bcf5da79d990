/** The queue of open incidents. Virtualised; a row that comes or goes never moves the one under the pointer or the selected one. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { Link } from "react-router";
import type { IncidentView } from "../../api/types";
import { useLive, useNames, useWords } from "../../context";
import { derived } from "../../live/derived";
import { session } from "../../session";
import { Age, Kbd, PriorityMark } from "../../ui/marks";
import { useKeys } from "../../ui/keys";
import { anchorShift_px, isUnattended, sortQueue, type QueueItem } from "./queue-data";

const ROW_PX = 58;

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
        <button type="button" className="chip-above" onClick={still.toTop}>
          ↑ {t("queue.new_above", { n: still.above })}
        </button>
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

/**
 * Keeps the anchored row still by scrolling as much as rows above it came or went. Room that scrolling cannot give (at either end
 * of the list) is made by padding, and taken back when the pointer has left.
 */
function useStillRows(scroller: React.RefObject<HTMLDivElement | null>, ids: readonly string[], selected: string | null) {
  const hovered = useRef<string | null>(null);
  const before = useRef<readonly string[]>(ids);
  const [padTop_px, setPadTop] = useState(0);
  const [padBottom_px, setPadBottom] = useState(0);
  const [displaced, setDisplaced] = useState(false);
  const due = useRef<number | null>(null);

  useLayoutEffect(() => {
    const element = scroller.current;
    const was = before.current;
    before.current = ids;
    if (!element || was === ids) return;
    const anchor = hovered.current ?? visibleSelected(element, was, selected, padTop_px) ?? firstVisible(element, was, padTop_px);
    const shift = anchorShift_px(was, ids, anchor, ROW_PX);
    if (shift === 0) return;
    const wanted = element.scrollTop + shift;
    if (wanted < 0) {
      setPadTop((pad) => pad - wanted);
      due.current = 0;
    } else {
      const room = padTop_px + ids.length * ROW_PX - element.clientHeight;
      if (wanted > room) setPadBottom(wanted - room);
      due.current = wanted;
    }
    if (shift > 0) setDisplaced(true);
  }, [ids, scroller, selected, padTop_px]);

  useLayoutEffect(() => {
    if (due.current === null || !scroller.current) return;
    scroller.current.scrollTop = due.current;
    due.current = null;
  });

  // What the list hid by itself is said; what a person scrolled away they know of.
  const above = displaced ? Math.max(0, Math.round(((scroller.current?.scrollTop ?? 0) - padTop_px) / ROW_PX)) : 0;
  const settle = () => {
    setPadTop(0);
    setPadBottom(0);
    setDisplaced(false);
  };
  return {
    padTop_px,
    padBottom_px,
    above,
    toTop: () => {
      settle();
      scroller.current?.scrollTo({ top: 0 });
    },
    onPointerMove: (event: React.PointerEvent) => {
      hovered.current = (event.target as HTMLElement).closest<HTMLElement>("[data-id]")?.dataset.id ?? null;
    },
    onPointerLeave: () => {
      hovered.current = null;
    },
    onScroll: () => {
      if ((scroller.current?.scrollTop ?? 1) <= padTop_px && due.current === null && displaced) setDisplaced(false);
    },
  };
}

function visibleSelected(element: HTMLElement, ids: readonly string[], selected: string | null, padTop_px: number): string | null {
  const at = selected === null ? -1 : ids.indexOf(selected);
  if (at < 0) return null;
  const top = padTop_px + at * ROW_PX;
  return top + ROW_PX > element.scrollTop && top < element.scrollTop + element.clientHeight ? selected : null;
}

/** Scrolled down, the list keeps its place; at the very top new rows may push the rest down, for nobody points at anything. */
function firstVisible(element: HTMLElement, ids: readonly string[], padTop_px: number): string | null {
  if (element.scrollTop <= 0) return null;
  return ids[Math.ceil((element.scrollTop - padTop_px) / ROW_PX)] ?? null;
}

function QueueRow({ incident, isSelected, onOpen }: { incident: IncidentView; isSelected: boolean; onOpen: (id: string) => void }) {
  const { t, f } = useWords();
  const names = useNames();
  const button = useRef<HTMLButtonElement>(null);
  const units = Object.values(incident.units).filter((unit) => !unit.stages.cleared);
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
      <span className={`queue-units ${units.length === 0 ? "is-none" : ""}`}>
        {units.length === 0 ? t("queue.no_unit") : <bdi>{units.map((unit) => unit.call_sign).join(", ")}</bdi>}
      </span>
    </button>
  );
}
