/** Signing a shift out: the open incidents stand there by themselves, what no programme counts yet is entered by hand. */
import { useId, useState } from "react";
import { Link } from "react-router";
import { useNames, useSession, useWords } from "../../context";
import { session } from "../../session";
import { CareMark } from "../../ui/care-mark";
import { PriorityMark } from "../../ui/marks";
import { Problem } from "../../ui/problem";
import { TimeField } from "../../ui/time-field";
import { toIso, type TimeText } from "../../ui/time-text";
import { useCommand } from "../../ui/use-command";
import { useRead } from "../../ui/use-read";
import { INCIDENT_KINDS, type HandKind, type HandoverDraft, type Shift } from "./types";

interface HandRow {
  kind: HandKind;
  count: string;
  since: TimeText | null;
  text: string;
}

const COUNTED: readonly HandKind[] = ["person_held", "protection_order", "weapons", "keys"];
const MAX_COUNT = 100_000;
const NO_TIME: TimeText = { day: "", clock: "" };
const fresh = (): HandRow[] => COUNTED.map((kind) => ({ kind, count: "", since: kind === "person_held" ? NO_TIME : null, text: "" }));

// Kept while one looks something up on another screen; never longer than the session, because a text may name somebody.
let kept: HandRow[] | null = null;
session.whenLeaving(() => (kept = null));

function isCount(text: string): boolean {
  return /^\d{1,6}$/.test(text.trim()) && Number(text) <= MAX_COUNT;
}

/** What still keeps the row from being signed. */
function lacks(row: HandRow): "count" | "since" | "text" | null {
  if (!COUNTED.includes(row.kind)) return row.text.trim() === "" ? "text" : null;
  if (!isCount(row.count)) return "count";
  const needsTime = row.kind === "person_held" && Number(row.count) > 0;
  return needsTime && (row.since === null || toIso(row.since) === null) ? "since" : null;
}

export function HandoverOffer({ onDone }: { onDone: () => void }) {
  const { t, f } = useWords();
  const { territories } = useSession();
  const names = useNames();
  const tops = territories.scope;
  const [territory, setTerritory] = useState(tops[0] ?? 0);
  const [shift, setShift] = useState<Shift>(() => (new Date(session.store.time.now_ms()).getHours() < 14 ? "night" : "day"));
  const [rows, setRows] = useState<HandRow[]>(() => kept ?? fresh());
  const draft = useRead<HandoverDraft>(territory ? `/api/handovers/draft?territory=${territory}` : null);
  const offer = useCommand();
  const set = (next: HandRow[]) => {
    kept = next;
    setRows(next);
  };
  const change = (index: number, part: Partial<HandRow>) => set(rows.map((row, at) => (at === index ? { ...row, ...part } : row)));
  const add = (kind: HandKind) => set([...rows, { kind, count: "", since: null, text: "" }]);
  const open = rows.filter((row) => lacks(row) !== null).length;
  const incidents = draft.data?.incidents ?? [];
  const sign = () => {
    const by_hand = rows.map((row) => ({
      kind: row.kind,
      ...(isCount(row.count) ? { count: Number(row.count) } : {}),
      ...(row.since && Number(row.count) > 0 ? { since: toIso(row.since) } : {}),
      ...(row.text.trim() ? { text: row.text.trim() } : {}),
    }));
    offer.send("POST", "/api/handovers", { territory_id: territory, shift, by_hand }, () => {
      kept = null;
      onDone();
    });
  };
  return (
    <section className="offer" aria-label={t("handover.offer_title")}>
      <div className="panel">
        <div className="panel-head">
          <h2>{t("handover.offer_title")}</h2>
          <label className="inline">
            <span>{t("handover.shift")}</span>
            <select value={shift} onChange={(event) => setShift(event.target.value as Shift)}>
              {(["day", "night", "other"] as const).map((one) => (
                <option key={one} value={one}>
                  {t(`handover.shift.${one}`)}
                </option>
              ))}
            </select>
          </label>
          {tops.length > 1 && (
            <select aria-label={t("facts.territory")} value={territory} onChange={(event) => setTerritory(Number(event.target.value))}>
              {tops.map((id) => (
                <option key={id} value={id}>
                  {names.territory(id) ?? id}
                </option>
              ))}
            </select>
          )}
        </div>
        <div className="pad by-hand">
          <p className="quiet">{t("handover.by_hand_note")}</p>
          {rows.map((row, index) => (
            <Row key={index} row={row} onChange={(part) => change(index, part)} {...(index >= COUNTED.length ? { onRemove: () => set(rows.filter((_, at) => at !== index)) } : {})} />
          ))}
          <p className="actions">
            <button type="button" className="button" onClick={() => add("fault")}>
              {t("handover.add_fault")}
            </button>
            <button type="button" className="button" onClick={() => add("note")}>
              {t("handover.add_note")}
            </button>
          </p>
        </div>
        <div className="panel-foot">
          {offer.error !== null && <Problem error={offer.error} onReload={onDone} onRetry={offer.retry} />}
          <button type="button" className="button is-primary" disabled={offer.busy || open > 0 || draft.data === null} onClick={sign}>
            {t("handover.sign_out")}
          </button>
          <span className="quiet small" role="status">
            {open > 0 ? t("handover.counts_missing", { n: f.number(open) }) : t("handover.sign_out_note")}
          </span>
        </div>
      </div>
      <div className="panel">
        <div className="panel-head">
          <h2>
            {t("handover.incidents")} <span className="count num">{f.number(incidents.length)}</span>
          </h2>
          <button type="button" className="button is-small" onClick={draft.reload}>
            {t("problem.reload")}
          </button>
        </div>
        {draft.error !== null && <Problem error={draft.error} onRetry={draft.reload} />}
        <div className="scroll" tabIndex={0} role="region" aria-label={t("handover.incidents")}>
          {draft.data && incidents.length === 0 && <p className="empty">{t("handover.no_incidents")}</p>}
          {INCIDENT_KINDS.map((kind) => {
            const of = incidents.filter((one) => one.kind === kind);
            return of.length === 0 ? null : (
              <div key={kind}>
                <h3 className="head-line">
                  {t(`handover.kind.${kind}`)} <span className="count num">{f.number(of.length)}</span>
                </h3>
                <ul className="plain-list">
                  {of.map((one) => (
                    <li key={one.id} className="handed">
                      <PriorityMark code={one.priority} />
                      <Link to={`/incidents/${one.id}`} className="num">
                        <bdi>{one.number}</bdi>
                      </Link>
                      <span>
                        <bdi>{names.category(one.category)}</bdi> · <bdi className="quiet">{names.territory(one.territory_id) ?? t("unknown")}</bdi>{" "}
                        <CareMark covert={one.covert} rules={one.safe_contact} withWords />
                      </span>
                      <span className="num quiet">{f.full(one.received_at, "minute")}</span>
                    </li>
                  ))}
                </ul>
              </div>
            );
          })}
        </div>
      </div>
    </section>
  );
}

function Row({ row, onChange, onRemove }: { row: HandRow; onChange: (part: Partial<HandRow>) => void; onRemove?: () => void }) {
  const { t } = useWords();
  const id = useId();
  const isCounted = COUNTED.includes(row.kind);
  const isWrong = isCounted && row.count.trim() !== "" && !isCount(row.count);
  return (
    <div className="hand-row" role="group" aria-labelledby={id}>
      <b id={id}>{t(`handover.kind.${row.kind}`)}</b>
      {isCounted && (
        <label>
          <span>{t("handover.count")}</span>
          <input inputMode="numeric" className="num" size={6} value={row.count} aria-invalid={isWrong} onChange={(event) => onChange({ count: event.target.value })} />
        </label>
      )}
      {row.since && Number(row.count) > 0 && <TimeField label={t("handover.held_since")} value={row.since} onChange={(since) => onChange({ since })} />}
      <label className="grows">
        <span>{isCounted ? t("handover.text") : t("handover.what")}</span>
        <input maxLength={200} value={row.text} dir="auto" onChange={(event) => onChange({ text: event.target.value })} />
      </label>
      {onRemove && (
        <button type="button" className="icon-button" aria-label={t("handover.remove")} onClick={onRemove}>
          ×
        </button>
      )}
    </div>
  );
}
