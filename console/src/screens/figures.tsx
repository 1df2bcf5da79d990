/** Response times by priority. Each figure is a link to the records it was counted from; the definition stands above it. */
import type { ReactNode } from "react";
import { Link, useSearchParams } from "react-router";
import type { ResponseFigures } from "../api/types";
import { useMedia, useNames, useWords } from "../context";
import { DayFilter } from "../ui/day-filter";
import { PriorityMark } from "../ui/marks";
import { FilterChip } from "../ui/filter-chip";
import { Problem } from "../ui/problem";
import { useRead } from "../ui/use-read";

const FILTERS = ["source", "territory", "from", "to"] as const;

export function FiguresScreen() {
  const { t, f, language } = useWords();
  const names = useNames();
  const isNarrow = useMedia("(max-width: 899px)");
  const [params, setParams] = useSearchParams();
  const query = new URLSearchParams(FILTERS.flatMap((key) => (params.get(key) ? [[key, params.get(key)!]] : [])));
  const figures = useRead<ResponseFigures>(`/api/figures/response${query.size > 0 ? `?${query}` : ""}`);
  const set = (key: string, value: string) => {
    const next = new URLSearchParams(params);
    if (value) next.set(key, value);
    else next.delete(key);
    setParams(next, { replace: true });
  };
  const territory = Number(params.get("territory"));
  const rows = figures.data?.rows ?? [];
  // A phone shows the first columns only, and the times are what is looked for.
  const inOrder = (counts: ReactNode[], times: ReactNode[]) => (isNarrow ? [...times, ...counts] : [...counts, ...times]);
  return (
    <div className="page">
      <header className="page-head">
        <h1>{t("figures.title")}</h1>
        <div className="filters">
          <DayFilter label={t("figures.from")} value={params.get("from")} onChange={(moment) => set("from", moment)} />
          <DayFilter label={t("figures.to")} value={params.get("to")} end onChange={(moment) => set("to", moment)} />
          <label>
            <span>{t("facts.source")}</span>
            <input size={8} defaultValue={params.get("source") ?? ""} onBlur={(event) => set("source", event.target.value.trim())} />
          </label>
          {territory > 0 && (
            <FilterChip text={names.territory(territory) ?? String(territory)} onRemove={() => set("territory", "")} />
          )}
        </div>
      </header>
      <p className="definition">{t("figures.definition")}</p>
      {language === "en" && figures.data?.definition && (
        <p className="quiet small" dir="auto">
          {t("figures.server_definition")} <bdi lang="en">{figures.data.definition}</bdi>
        </p>
      )}
      {figures.error !== null && <Problem error={figures.error} />}
      <div className="table-wrap" tabIndex={0} role="region" aria-label={t("figures.title")}>
        <table className="plain figures">
          <thead>
            <tr>
              <th scope="col">{t("field.priority")}</th>
              {inOrder(
                [t("figures.calls"), t("figures.with_both")].map((label) => <th key={label} scope="col" className="right">{label}</th>),
                [t("figures.p50"), t("figures.p90")].map((label) => <th key={label} scope="col" className="right">{label}</th>),
              )}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => {
              const to = row.records.replace(/^\/api/, "");
              const figure = (text: string) => <Link to={to}>{text}</Link>;
              return (
                <tr key={row.priority}>
                  <th scope="row">
                    <PriorityMark code={row.priority} withName />
                  </th>
                  {inOrder(
                    [row.calls, row.with_both].map((count, index) => <td key={`n${index}`} className="num right">{figure(f.number(count))}</td>),
                    [row.p50_s, row.p90_s].map((time_s, index) => (
                      <td key={`p${index}`} className="num right figure">{time_s === null ? t("unknown") : figure(f.duration(time_s))}</td>
                    )),
                  )}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {figures.data && rows.length === 0 && <p className="empty">{t("figures.none")}</p>}
      {figures.loading && !figures.data && <p className="quiet pad">{t("app.loading")}</p>}
      <p className="quiet small">{t("figures.how_to_read")}</p>
    </div>
  );
}
