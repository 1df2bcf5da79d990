/** Making a summary: the counts that are entered by hand, and the significant incidents with a sentence that names nobody. */
import { useEffect, useState } from "react";
import { ApiError, read } from "../../api/client";
import type { IncidentPage, IncidentRow } from "../../api/types";
import { useNames, useWords } from "../../context";
import { PriorityMark } from "../../ui/marks";
import { Problem } from "../../ui/problem";
import { useCommand } from "../../ui/use-command";
import { recordsOf } from "./summary-view";
import { BY_HAND, type ByHand, type Content } from "./types";

const MAX_SIGNIFICANT = 50;
const PAGE = 100;

function useIncidents(content: Content, wanted: boolean) {
  const [state, setState] = useState<{ items: IncidentRow[]; next: string | null; error: unknown; loading: boolean }>({ items: [], next: null, error: null, loading: false });
  const path = recordsOf(content).replace("/incidents", "/api/incidents");
  const load = (cursor: string | null, signal?: AbortSignal) => {
    setState((held) => ({ ...held, loading: true, error: null }));
    read<IncidentPage>(`${path}&limit=${PAGE}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`, signal).then(
      (page) => setState((held) => ({ items: cursor ? [...held.items, ...page.items] : page.items, next: page.next, error: null, loading: false })),
      (error: unknown) => !signal?.aborted && setState((held) => ({ ...held, error, loading: false })),
    );
  };
  useEffect(() => {
    if (!wanted) return;
    const leaving = new AbortController();
    load(null, leaving.signal);
    return () => leaving.abort();
  }, [path, wanted]);
  return { ...state, more: () => load(state.next) };
}

export function SummaryMake({ content, onMade }: { content: Content; onMade: (id: string) => void }) {
  const { t, f } = useWords();
  const names = useNames();
  const [byHand, setByHand] = useState<Partial<Record<ByHand, string>>>({});
  const [chosen, setChosen] = useState<ReadonlyMap<string, string>>(new Map());
  const [isChoosing, setChoosing] = useState(false);
  const [find, setFind] = useState("");
  const incidents = useIncidents(content, isChoosing);
  const making = useCommand();
  const named = namedIn(making.error);
  const wrong = BY_HAND.filter((name) => (byHand[name] ?? "").trim() !== "" && !/^\d{1,5}$/.test(byHand[name]!.trim()));
  const make = () =>
    making.send<{ id: string }>(
      "POST",
      "/api/summaries",
      {
        territory_id: content.territory_id,
        day: content.day,
        by_hand: Object.fromEntries(BY_HAND.flatMap((name) => ((byHand[name] ?? "").trim() === "" ? [] : [[name, Number(byHand[name])]]))),
        significant: [...chosen].map(([incident_id, sentence]) => ({ incident_id, ...(sentence.trim() ? { sentence: sentence.trim() } : {}) })),
      },
      (answer) => onMade(answer.id),
    );
  const toggle = (id: string) => {
    const next = new Map(chosen);
    if (!next.delete(id)) next.set(id, "");
    if (next.size <= MAX_SIGNIFICANT) setChosen(next);
  };
  const shown = incidents.items.filter((one) => one.merged_into === null && (find.trim() === "" || one.number.includes(find.trim()) || chosen.has(one.id)));
  return (
    <section className="panel make no-print" aria-label={t("summary.make_title")}>
      <div className="panel-head">
        <h2>{t("summary.make_title")}</h2>
      </div>
      <div className="pad">
        <div className="filters">
          {BY_HAND.map((name) => (
            <label key={name}>
              <span>
                {t(`summary.${name}`)} ({t("handover.by_hand")})
              </span>
              <input inputMode="numeric" className="num" size={5} value={byHand[name] ?? ""} aria-invalid={wrong.includes(name)} onChange={(event) => setByHand({ ...byHand, [name]: event.target.value })} />
            </label>
          ))}
        </div>
        <details className="choose" onToggle={(event) => setChoosing(event.currentTarget.open)}>
          <summary>{t("summary.choose", { n: f.number(chosen.size) })}</summary>
          <p className="notice is-warning">{t("summary.no_names")}</p>
          <label className="inline">
            <span>{t("summary.find")}</span>
            <input className="num" size={10} value={find} onChange={(event) => setFind(event.target.value)} />
          </label>
          {incidents.error !== null && <Problem error={incidents.error} />}
          <ul className="plain-list choose-list">
            {shown.map((one) => {
              const sentence = chosen.get(one.id);
              return (
                <li key={one.id}>
                  <label className="choice">
                    <input type="checkbox" checked={sentence !== undefined} onChange={() => toggle(one.id)} /> <PriorityMark code={one.priority} /> <bdi className="num">{one.number}</bdi>{" "}
                    <bdi>{names.category(one.category)}</bdi> · <bdi className="quiet">{names.territory(one.territory_id) ?? t("unknown")}</bdi> ·{" "}
                    <span className="num quiet">{f.full(one.received.at, "minute")}</span>
                  </label>
                  {sentence !== undefined && (
                    <input
                      className="sentence" maxLength={200} aria-invalid={named === one.id} dir="auto" placeholder={t("summary.sentence_hint")} aria-label={t("summary.sentence_of", { number: one.number })} value={sentence}
                      onChange={(event) => setChosen(new Map(chosen).set(one.id, event.target.value))}
                    />
                  )}
                </li>
              );
            })}
          </ul>
          {!incidents.loading && shown.length === 0 && <p className="quiet">{t("records.none")}</p>}
          {incidents.next && (
            <button type="button" className="button" disabled={incidents.loading} onClick={incidents.more}>
              {t("records.more", { n: f.number(incidents.items.length) })}
            </button>
          )}
        </details>
        {named !== null && (
          <p className="notice is-warning" role="alert">
            <b className="num">{incidents.items.find((one) => one.id === named)?.number}</b> {t("summary.names_somebody")}
          </p>
        )}
        {making.error !== null && named === null && <Problem error={making.error} onRetry={making.retry} />}
      </div>
      <div className="panel-foot">
        <button type="button" className="button is-primary" disabled={making.busy || wrong.length > 0} onClick={make}>
          {t("summary.make")}
        </button>
        <span className="quiet small">{t("summary.make_note")}</span>
      </div>
    </section>
  );
}

/** The incident whose sentence was refused because it holds the name of somebody in it. */
function namedIn(error: unknown): string | null {
  if (!(error instanceof ApiError) || error.status !== 422) return null;
  const { field, incident_id } = (error.body.details ?? {}) as { field?: string; incident_id?: string };
  return field === "significant" && incident_id !== undefined ? incident_id : null;
}
