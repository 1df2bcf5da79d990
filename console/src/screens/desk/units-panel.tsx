/** The units beside the open incident: recommended ones first with the reasons, everybody else after them; ticked ones are sent in one act. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import type { DispatchRequest, DiversionRequest } from "../../api/contract-check";
import { OVERRIDE_REASONS, type OverrideReason, type Recommendations, type UnitView } from "../../api/types";
import { may } from "../../api/permissions";
import { useLive, useNames, useSession, useWords } from "../../context";
import { derived } from "../../live/derived";
import { session } from "../../session";
import { newLate, statedOf, type Late } from "../../ui/late-fields";
import { Kbd } from "../../ui/marks";
import { useCalmLive } from "../../ui/use-calm";
import { useCommand } from "../../ui/use-command";
import { passedOver, rankUnits, recommendedFirst, useOf, type UnitChoice } from "./units-data";
import { DispatchProblem, SendBar } from "./units-panel-send";
import { UnitRow } from "./units-panel-row";
import { useRecommendations } from "./use-recommendations";

const ROW_PX = 88; // With reasons of a recommendation below.
const PLAIN_ROW_PX = 48; // Without an incident there are no reasons, and twice as many units fit.
/** The order follows status, and more slowly positions, so that a name does not run away from the finger. */
const REORDER_EVERY_MS = 1_000;
const MOVE_EVERY_MS = 5_000;
/** As many as the server takes in one act. */
const MOST_UNITS = 10;

const everyUnit = derived(["units"], (store) => [...store.units.values()]);

function useChoices(incidentId: string | null, search: string, recommended: Recommendations | null): UnitChoice[] {
  const { me } = useSession();
  const { f } = useWords();
  const units = useCalmLive("units", everyUnit, REORDER_EVERY_MS);
  const place = useLive("incidents", (store) => (incidentId === null ? null : (store.incidents.get(incidentId)?.place ?? null)));
  const [round, setRound] = useState(0);
  const hasPlace = place !== null;
  useEffect(() => {
    if (!hasPlace) return; // without a place the positions order nothing
    const timer = setInterval(() => setRound((n) => n + 1), MOVE_EVERY_MS);
    return () => clearInterval(timer);
  }, [hasPlace]);
  const before = useRef<readonly UnitChoice[]>([]);
  const ranked = useMemo(
    () =>
      (before.current = rankUnits(
        units, session.store.positions, place, incidentId,
        (position) => session.store.time.age_s(position.fix_at) > me.stale_after_s, f.compare, before.current,
      )),
    // `round` asks for the same order again with newer positions.
    [units, place, incidentId, me.stale_after_s, f, round],
  );
  return useMemo(() => {
    const wanted = search.trim().toLocaleLowerCase();
    const whole = recommendedFirst(recommended?.items ?? [], ranked);
    if (wanted !== "") return whole.filter(({ unit }) => unit.call_sign.toLocaleLowerCase().includes(wanted));
    return whole.filter(({ unit }) => unit.status !== "off_duty");
  }, [ranked, search, recommended]);
}

/** That somebody asked for the first unit of the list, and the field the keys went to then; each asking is an object of its own. */
export interface FocusAsked {
  from: Element | null;
}

export const UnitsPanel = memo(function UnitsPanel({ incidentId, focusAsked = null }: { incidentId: string | null; focusAsked?: FocusAsked | null }) {
  const { me } = useSession();
  const { t } = useWords();
  const { rank } = useNames();
  const [search, setSearch] = useState("");
  const [ticked, setTicked] = useState<ReadonlySet<string>>(new Set());
  const [under, setUnder] = useState<string | null>(null);
  const [why, setWhy] = useState<OverrideReason | null>(null);
  const [late, setLate] = useState<Late | null>(null);
  const stated = useMemo(() => statedOf(late), [late]);
  const isChoosing = ticked.size > 0 || under !== null;
  const { data: recommended, reload } = useRecommendations(incidentId, isChoosing);
  const choices = useChoices(incidentId, search, recommended);
  const free = useMemo(() => choices.filter(({ unit }) => unit.status === "available").length, [choices]);
  const sending = useCommand();
  const version = useLive("incidents", (store) => (incidentId === null ? undefined : store.incidents.get(incidentId)?.version));
  const priority = useLive("incidents", (store) => (incidentId === null ? undefined : store.incidents.get(incidentId)?.priority));
  const isOffline = useLive("link", (store) => store.link.kind === "offline");
  const canSend = version !== undefined && may(me, "dispatch") && !isOffline && !sending.busy;

  // What went wrong with one incident, or was ticked for it, says nothing of the next.
  useEffect(() => {
    sending.clear();
    setTicked(new Set());
    setWhy(null);
    setLate(null);
  }, [incidentId, sending.clear]);

  const sendable = useMemo(() => choices.filter((choice) => useOf(choice, incidentId) === "send").map((choice) => choice.unit.id), [choices, incidentId]);
  const chosen = useMemo(() => {
    const still = [...ticked].filter((id) => sendable.includes(id));
    return new Set(still.length > 0 ? still : under !== null && sendable.includes(under) ? [under] : []);
  }, [ticked, under, sendable]);
  const over = passedOver(recommended?.items ?? [], chosen);
  // What is suggested now was not before whoever sent them then.
  const asksWhy = late === null && over.length > 0 && priority !== undefined && rank(priority) > 0;

  const send = useCallback(
    (ids: readonly string[]) => {
      if (!canSend || stated === null || ids.length === 0) return;
      const chosenFrom = late === null ? { recommendation_id: recommended?.id ?? null, override_reason: why } : {};
      const body: DispatchRequest = { unit_ids: [...ids], version: version!, ...chosenFrom, ...stated };
      sending.send("POST", `/api/incidents/${incidentId}/dispatches`, body, () => {
        setTicked(new Set());
        setWhy(null);
        setLate(null);
        reload();
      });
    },
    [canSend, version, recommended, why, late, stated, incidentId, sending, reload],
  );
  /** Takes a unit from something less urgent; the incident it leaves says so at once. */
  const divert = (unit: UnitView) =>
    canSend && sending.send("POST", `/api/incidents/${incidentId}/diversions`, { unit_id: unit.id, version: version!, unit_version: unit.version } satisfies DiversionRequest, reload);
  const tick = (id: string) =>
    setTicked((held) => {
      const next = new Set([...held].filter((one) => sendable.includes(one)));
      if (!next.delete(id) && next.size < MOST_UNITS) next.add(id);
      return next;
    });

  /** From the list: the unit under the cursor counts as ticked, and the cursor goes to the times. */
  const openLate = (id: string) => {
    if (ticked.size === 0) tick(id);
    setLate(newLate());
  };
  const untick = () => {
    setTicked(new Set());
    setLate(null);
  };

  return (
    <section className="panel units" aria-labelledby="units-title">
      <header className="panel-head">
        <h2 id="units-title">
          {t("units.title")} <span className="count num">{t("units.free", { n: free })}</span>
        </h2>
        <label className="search">
          <span className="sr-only">{t("units.search")}</span>
          <input
            id="units-search" type="search" value={search} placeholder={t("units.search_short")} onChange={(event) => setSearch(event.target.value)}
            onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
          />
          <Kbd>F</Kbd>
        </label>
        {recommended && <SourceNote recommended={recommended} />}
      </header>
      {isOffline && incidentId !== null && <p className="notice is-warning">{t("recommend.offline")}</p>}
      {sending.attempt > 0 && <p className="notice pad">{t("sending.retrying", { n: sending.attempt })}</p>}
      {sending.error !== null && <DispatchProblem error={sending.error} onReload={() => (sending.clear(), reload())} onRetry={sending.retry} />}
      {choices.length === 0 ? (
        <p className="empty">{search === "" ? t("units.empty") : t("units.none_found")}</p>
      ) : (
        <UnitList
          choices={choices} incidentId={incidentId} sendable={sendable} ticked={ticked} canSend={canSend && late === null} focusAsked={focusAsked} isReady={recommended !== null}
          onTick={tick} onUnder={setUnder} onSend={send} onDivert={divert} onEnter={() => send([...chosen])} onLate={openLate}
          onDigit={(digit) => asksWhy && setWhy((held) => (held === OVERRIDE_REASONS[digit - 1] ? null : (OVERRIDE_REASONS[digit - 1] ?? held)))}
        />
      )}
      {ticked.size > 0 && incidentId !== null && <SendBar count={chosen.size} canSend={canSend && stated !== null} late={late} onLate={setLate} onSend={() => send([...chosen])} onClear={untick} />}
      {asksWhy && <WhyBar over={over.map((item) => item.call_sign)} why={why} onWhy={setWhy} />}
    </section>
  );
});

function SourceNote({ recommended }: { recommended: Recommendations }) {
  const { t } = useWords();
  const text = recommended.travel_fallback
    ? t("recommend.fallback")
    : recommended.travel_source === "road"
      ? t("recommend.by_road")
      : t("recommend.straight");
  return (
    <p className={`units-note small ${recommended.travel_fallback || recommended.from_territory ? "is-warning" : "quiet"}`}>
      {t("recommend.of", { n: recommended.of })} · {recommended.from_territory ? t("recommend.from_territory") : text}
    </p>
  );
}

function WhyBar({ over, why, onWhy }: { over: string[]; why: OverrideReason | null; onWhy: (why: OverrideReason | null) => void }) {
  const { t } = useWords();
  return (
    <div className="why-bar" role="group" aria-label={t("override.title", { units: over.join(", ") })}>
      <span className="small">{t("override.title", { units: over.join(", ") })}</span>
      {OVERRIDE_REASONS.map((reason, index) => (
        <button key={reason} type="button" className="button is-small" aria-pressed={why === reason} onClick={() => onWhy(why === reason ? null : reason)}>
          <Kbd>{String(index + 1)}</Kbd> {t(`override.${reason}`)}
        </button>
      ))}
    </div>
  );
}

interface ListProps {
  choices: UnitChoice[];
  incidentId: string | null;
  sendable: string[];
  ticked: ReadonlySet<string>;
  canSend: boolean;
  focusAsked: FocusAsked | null;
  isReady: boolean;
  onTick: (id: string) => void;
  onUnder: (id: string | null) => void;
  onSend: (ids: readonly string[]) => void;
  onDivert: (unit: UnitView) => void;
  onEnter: () => void;
  onLate: (id: string) => void;
  onDigit: (digit: number) => void;
}

function UnitList(props: ListProps) {
  const { choices, sendable, focusAsked, isReady } = props;
  const { t } = useWords();
  const scroller = useRef<HTMLDivElement>(null);
  const rowPx = props.incidentId === null ? PLAIN_ROW_PX : ROW_PX;
  const rows = useVirtualizer({
    count: choices.length, getScrollElement: () => scroller.current, estimateSize: () => rowPx, overscan: 6,
    getItemKey: (index) => choices[index]!.unit.id,
  });
  useLayoutEffect(() => rows.measure(), [rows, rowPx]);
  const focusOn = useCallback(
    (id: string) => {
      const index = choices.findIndex((choice) => choice.unit.id === id);
      if (index < 0) return;
      const focus = () => document.getElementById(`tick-${id}`)?.focus({ preventScroll: true });
      rows.scrollToIndex(index);
      // At once where the row is drawn: a focus that comes later would put the next key of a fast hand on another unit.
      if (document.getElementById(`tick-${id}`)) focus();
      else requestAnimationFrame(() => requestAnimationFrame(focus)); // The row is only drawn after the scrolling.
    },
    [choices, rows],
  );
  const answered = useRef<FocusAsked | null>(null);
  useEffect(() => {
    if (focusAsked === null || focusAsked === answered.current || !isReady || sendable.length === 0) return;
    answered.current = focusAsked;
    // A slow answer may not take the keys from somebody who has gone on to another field since the asking.
    const now = document.activeElement;
    if (now !== focusAsked.from && now?.matches("input, textarea, select")) return;
    focusOn(sendable[0]!);
  }, [focusAsked, isReady, sendable, focusOn]);

  const press = (event: KeyboardEvent<HTMLElement>) => {
    const id = event.target instanceof HTMLInputElement ? event.target.dataset.unit : undefined;
    if (id === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = event.code === "ArrowDown" || event.code === "KeyJ" ? 1 : event.code === "ArrowUp" || event.code === "KeyK" ? -1 : 0;
    const digit = /^(?:Digit|Numpad)([1-9])$/.exec(event.code)?.[1];
    if (step !== 0) {
      const next = sendable[sendable.indexOf(id) + step];
      if (next !== undefined) focusOn(next);
    } else if (event.code === "Enter" || event.code === "NumpadEnter") props.onEnter();
    else if (event.code === "KeyL") props.onLate(id);
    else if (digit) props.onDigit(Number(digit));
    else if (event.code === "Escape") document.getElementById("card-title")?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className="scroll" ref={scroller} tabIndex={sendable.length === 0 ? 0 : undefined} onKeyDown={press}>
      <ul className="rows" style={{ height: rows.getTotalSize() }} aria-label={t("units.title")}>
        {rows.getVirtualItems().map((row) => {
          const choice = choices[row.index]!;
          return (
            <li
              key={row.key} className="row-slot" aria-setsize={choices.length} aria-posinset={row.index + 1}
              style={{ transform: `translateY(${row.start}px)`, height: rowPx }}
            >
              <UnitRow
                choice={choice} incidentId={props.incidentId} isTicked={props.ticked.has(choice.unit.id)} canSend={props.canSend}
                onTick={props.onTick} onUnder={props.onUnder} onSend={props.onSend} onDivert={props.onDivert}
              />
            </li>
          );
        })}
      </ul>
    </div>
  );
}
