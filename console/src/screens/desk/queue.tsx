/** The queue of open incidents. Virtualised; a row that comes or goes never moves the one under the pointer or the selected one. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useEffect, useMemo, useRef, useState } from "react";
import type { IncidentView } from "../../api/types";
import type { Norms } from "../../api/types";
import { useLive, useNames, useSession, useTick, useWords } from "../../context";
import { normFinder } from "../../live/clocks";
import { derived } from "../../live/derived";
import { session } from "../../session";
import { CareMark } from "../../ui/care-mark";
import { Age, Kbd, PriorityMark } from "../../ui/marks";
import { useKeys } from "../../ui/keys";
import { OwnerMark } from "../../ui/owner-mark";
import { useRead } from "../../ui/use-read";
import { ClockCell } from "./queue-clock";
import { groupQueue, GROUPS, isCleared, isUnattended, ROW_PX, sortQueue, type ClockedItem, type Clocking, type Group, type QueueItem } from "./queue-data";
import { useStillRows } from "./still-rows";

const everyIncident = derived(["incidents"], (store) => [...store.incidents.values()]);

function useQueue(): QueueItem[] {
  const incidents = useLive("incidents", everyIncident);
  const { rank } = useNames();
  return useMemo(() => sortQueue(incidents, rank), [incidents, rank]);
}

/** The queue with its clocks, by the second. */
function useClockedQueue(): ClockedItem[] {
  const sorted = useQueue();
  const { territories } = useSession();
  const { data: norms } = useRead<Norms>("/api/norms");
  const clocking = useMemo((): Clocking | null => {
    if (!norms) return null;
    return { norm: normFinder(norms, (id) => territories.path(id)), amber_share: norms.amber_share, lastWord: (id) => session.store.units.get(id)?.last_word_at, kept: new WeakMap() };
  }, [norms, territories]);
  const tick = useTick();
  return useMemo(() => groupQueue(sorted, clocking, session.store.time.now_ms()), [sorted, clocking, tick]);
}

/** The same list of ids as long as nothing in it changed, so that rows are held still only when they move. */
function useSameIds(items: readonly ClockedItem[]): readonly string[] {
  const held = useRef<readonly string[]>([]);
  const ids = items.map((item) => item.incident.id);
  if (ids.length !== held.current.length || ids.some((id, at) => id !== held.current[at])) held.current = ids;
  return held.current;
}

interface Props {
  selected: string | null;
  onSelect: (id: string) => void;
  onOpen: (id: string) => void;
}

export function Queue({ selected, onSelect, onOpen }: Props) {
  const { t } = useWords();
  const all = useClockedQueue();
  const [group, setGroup] = useState<Group | "all">("all");
  const [onlyUnattended, setOnlyUnattended] = useState(false);
  const unattended = useMemo(() => all.filter((item) => isUnattended(item.incident)).length, [all]);
  const items = useMemo(
    () =>
      all.filter((item) => item.incident.id === selected || ((group === "all" || item.group === group) && (!onlyUnattended || isUnattended(item.incident)))),
    [all, group, onlyUnattended, selected],
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
        <div className="queue-groups" role="group" aria-label={t("queue.group")}>
          {(["all", ...GROUPS] as const).map((one) => {
            const n = one === "all" ? all.length : all.filter((item) => item.group === one).length;
            return (
              // Red is for what is there: "Overdue 0" is good news.
              <button key={one} type="button" className={`group-chip ${n > 0 ? `is-${one}` : ""} num`} aria-pressed={group === one} onClick={() => setGroup(one)}>
                {t(`queue.group.${one}`, { n })}
              </button>
            );
          })}
        </div>
      </header>
      {items.length === 0 ? (
        <p className="empty">{isConnecting ? t("app.loading") : onlyUnattended && all.length > 0 ? t("queue.none_unattended") : all.length > 0 ? t("queue.group_empty") : t("queue.empty")}</p>
      ) : (
        <QueueList items={items} selected={selected} onSelect={onSelect} onOpen={onOpen} />
      )}
    </section>
  );
}

function QueueList({ items, selected, onSelect, onOpen }: Props & { items: ClockedItem[] }) {
  const { t } = useWords();
  const scroller = useRef<HTMLDivElement>(null);
  const ids = useSameIds(items);
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
  // What was selected from elsewhere (an alarm, the map) is brought into view; a row that is in view stays where it is.
  useEffect(() => {
    const at = selected === null ? -1 : ids.indexOf(selected);
    if (at >= 0) rows.scrollToIndex(at);
  }, [selected]); // only when the selection moves: rows that come and go are the business of useStillRows
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
          {rows.getVirtualItems().map((row) => {
            const { incident, clock, colour, group } = items[row.index]!;
            return (
              <li
                key={row.key} data-id={row.key} aria-setsize={items.length} aria-posinset={row.index + 1}
                className="row-slot" style={{ transform: `translateY(${row.start}px)`, height: ROW_PX }}
              >
                <QueueRow incident={incident} clock={clock} colour={colour} group={group} isSelected={selected === row.key} onOpen={onOpen} />
              </li>
            );
          })}
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

type RowProps = Omit<ClockedItem, keyof QueueItem> & { incident: IncidentView; isSelected: boolean; onOpen: (id: string) => void };

/** Drawn again only when something of its own changed; the clock in it ticks by itself. */
const QueueRow = memo(function QueueRow({ incident, clock, colour, group, isSelected, onOpen }: RowProps) {
  const { t } = useWords();
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
    <button ref={button} type="button" className={`queue-row is-${group} ${isSelected ? "is-selected" : ""}`} aria-current={isSelected || undefined} onClick={() => onOpen(incident.id)}>
      <PriorityMark code={incident.priority} />
      <span className="queue-what">
        <CareMark covert={incident.covert} rules={incident.binding} />
        <bdi>{names.category(incident.category)}</bdi>
      </span>
      <ClockCell clock={clock} colour={colour} received_at={incident.received.at} />
      <span className="queue-where">
        <bdi className="num">{incident.number}</bdi> · <bdi>{incident.place_label ?? place ?? t("unknown")}</bdi>
      </span>
      <span className="queue-since">
        {clock && <Age at={incident.received.at} />}
      </span>
      <span className={`queue-units ${none ? "is-none" : cleared ? "is-cleared" : ""}`}>
        {none ? t("queue.no_unit") : cleared ? t("queue.cleared") : <bdi>{units.map((unit) => unit.call_sign).join(", ")}</bdi>}
        <span className="queue-owner">
          <OwnerMark incident={incident} isShort />
        </span>
        {(incident.calls ?? 1) > 1 && <span className="num"> · {t("queue.calls", { n: incident.calls ?? 1 })}</span>}
        {(incident.entered_via === "paper" || incident.entered_via === "radio") && <span> · {t("queue.late_entry")}</span>}
      </span>
    </button>
  );
});
