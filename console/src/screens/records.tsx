/** The records behind the figures: every filter is in the address, so that a figure can link to exactly its rows. */
import { useEffect, useState } from "react";
import { Link, useSearchParams } from "react-router";
import { read } from "../api/client";
import type { IncidentPage, IncidentRow } from "../api/types";
import { useNames, useSession, useWords, type NameBook } from "../context";
import { DayFilter } from "../ui/day-filter";
import { FilterChip } from "../ui/filter-chip";
import { PriorityMark } from "../ui/marks";
import { Problem } from "../ui/problem";

const PAGE = 100;

function useRecords(query: string) {
  const [state, setState] = useState<{ items: IncidentRow[]; next: string | null; error: unknown; loading: boolean }>({ items: [], next: null, error: null, loading: true });
  const load = (cursor: string | null, signal?: AbortSignal) => {
    setState((held) => ({ ...held, loading: true, error: null }));
    const params = new URLSearchParams(query);
    params.set("limit", String(PAGE));
    if (cursor) params.set("cursor", cursor);
    read<IncidentPage>(`/api/incidents?${params}`, signal).then(
      (page) => setState((held) => ({ items: cursor ? [...held.items, ...page.items] : page.items, next: page.next, error: null, loading: false })),
      (error: unknown) => !signal?.aborted && setState((held) => ({ ...held, error, loading: false })),
    );
  };
  useEffect(() => {
    const leaving = new AbortController();
    setState({ items: [], next: null, error: null, loading: true });
    load(null, leaving.signal);
    return () => leaving.abort();
  }, [query]);
  return { ...state, more: () => load(state.next) };
}

export function RecordsScreen() {
  const [params, setParams] = useSearchParams();
  const { t, f } = useWords();
  const { codes } = useSession();
  const names = useNames();
  const query = new URLSearchParams([...params].filter(([key]) => key !== "limit" && key !== "cursor")).toString();
  const records = useRecords(query);
  const set = (key: string, value: string) => {
    const next = new URLSearchParams(params);
    if (value) next.set(key, value);
    else next.delete(key);
    setParams(next, { replace: true });
  };
  const territory = Number(params.get("territory"));
  const others = [...params].filter(([key]) => !["status", "priority", "territory", "from", "to", "limit", "cursor"].includes(key));
  return (
    <div className="page">
      <header className="page-head">
        <h1>{t("records.title")}</h1>
        <div className="filters">
          <label>
            <span>{t("records.status")}</span>
            <select value={params.get("status") ?? "open"} onChange={(event) => set("status", event.target.value)}>
              
              <option value="open">{t("records.status_open")}</option>
              <option value="closed">{t("records.status_closed")}</option>
              <option value="all">{t("records.status_all")}</option>
            </select>
          </label>
          <label>
            <span>{t("field.priority")}</span>
            <select value={params.get("priority") ?? ""} onChange={(event) => set("priority", event.target.value)}>
              <option value="">{t("records.any")}</option>
              {codes.priorities.map(({ code }) => (
                <option key={code} value={code}>
                  {names.priority(code)}
                </option>
              ))}
            </select>
          </label>
          <DayFilter label={t("figures.from")} value={params.get("from")} onChange={(moment) => set("from", moment)} />
          <DayFilter label={t("figures.to")} value={params.get("to")} end onChange={(moment) => set("to", moment)} />
          {territory > 0 && (
            <FilterChip text={names.territory(territory) ?? String(territory)} onRemove={() => set("territory", "")} />
          )}
          {others.map(([key, value]) => (
            <FilterChip key={key} text={chipOf(key, value, names) ?? `${key}: ${value}`} onRemove={() => set(key, "")} />
          ))}
        </div>
      </header>
      {records.error !== null && <Problem error={records.error} />}
      <div className="table-wrap page-body" tabIndex={0} role="region" aria-label={t("records.title")}>
        <table className="plain is-records">
          <thead>
            <tr>
              <th scope="col">{t("records.number")}</th>
              <th scope="col">{t("field.priority")}</th>
              <th scope="col">{t("field.category")}</th>
              <th scope="col">{t("facts.territory")}</th>
              <th scope="col">{t("facts.received")}</th>
              <th scope="col">{t("records.first_on_scene")}</th>
              <th scope="col">{t("records.closed")}</th>
              <th scope="col">{t("records.outcome")}</th>
            </tr>
          </thead>
          <tbody>
            {records.items.map((item) => (
              <Row key={item.id} item={item} />
            ))}
          </tbody>
        </table>
        {records.items.length === 0 && !records.loading && records.error === null && <p className="empty">{t("records.none")}</p>}
        {records.loading && <p className="quiet pad">{t("app.loading")}</p>}
        {records.next && !records.loading && (
          <p className="pad">
            <button type="button" className="button" onClick={records.more}>
              {t("records.more", { n: f.number(records.items.length) })}
            </button>
          </p>
        )}
      </div>
    </div>
  );
}

/** A filter that a figure's link brought, by the name of its code. */
function chipOf(key: string, value: string, names: NameBook): string | null {
  return key === "category" || key === "channel" || key === "outcome" ? names[key](value) : null;
}

function Row({ item }: { item: IncidentRow }) {
  const { t, f } = useWords();
  const names = useNames();
  const onScene = Object.values(item.units)
    .flatMap((unit) => unit.stages.on_scene ?? [])
    .sort()[0];
  return (
    <tr>
      <th scope="row" className="num">
        <Link to={`/incidents/${item.id}`}>
          <bdi>{item.number}</bdi>
        </Link>
      </th>
      <td>
        <PriorityMark code={item.priority} withName />
      </td>
      <td>
        <bdi>{names.category(item.category)}</bdi>
      </td>
      <td>
        <bdi>{names.territory(item.territory_id) ?? t("unknown")}</bdi>
      </td>
      <td className="num">{f.full(item.received.at, item.received.precision)}</td>
      <td className="num">{onScene ? f.full(onScene) : <span className="quiet">{t("unknown")}</span>}</td>
      <td className="num">{item.closed_at ? f.full(item.closed_at) : <span className="quiet">{item.status === "open" ? t("records.still_open") : t("unknown")}</span>}</td>
      <td>{item.outcome ? names.outcome(item.outcome) : <span className="quiet">–</span>}</td>
    </tr>
  );
}
