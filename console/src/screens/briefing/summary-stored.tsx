/** A summary that was made: it never changes. It can be printed, taken away, held against the log and against today. */
import { useState } from "react";
import { Link } from "react-router";
import { Mark } from "../../access/mark";
import { useNames, useWords } from "../../context";
import { Problem } from "../../ui/problem";
import { useRead } from "../../ui/use-read";
import { Corrections, dayText, SummaryView } from "./summary-view";
import type { Correction, Summary } from "./types";

export function StoredSummary({ id }: { id: string }) {
  const { t, f, language } = useWords();
  const names = useNames();
  const summary = useRead<Summary>(`/api/summaries/${id}`);
  const [isChecking, setChecking] = useState(false);
  const [isComparing, setComparing] = useState(false);
  const check = useRead<{ same: boolean }>(isChecking ? `/api/summaries/${id}/check` : null);
  const changes = useRead<{ items: Correction[] }>(isComparing ? `/api/summaries/${id}/changes` : null);
  if (summary.error !== null) return <Problem error={summary.error} onRetry={summary.reload} />;
  if (!summary.data) return <p className="quiet pad">{t("app.loading")}</p>;
  const { content, sentences } = summary.data;
  const paper = (kind: "pdf" | "csv") => `/api/summaries/${id}/${kind}?language=${language}`;
  return (
    <>
      <header className="page-head">
        <h1>
          {t("summary.title")}: <bdi>{names.territory(content.territory_id) ?? content.territory_id}</bdi>, <span className="num">{dayText(content.day, f)}</span>
        </h1>
        <span className="actions no-print">
          <a className="button" href={paper("pdf")} download>
            PDF
          </a>
          <a className="button" href={paper("csv")} download>
            CSV
          </a>
          <button type="button" className="button" onClick={() => window.print()}>
            {t("summary.print")}
          </button>
          <button type="button" className="button" disabled={check.loading} onClick={() => (isChecking ? check.reload() : setChecking(true))}>
            {t("summary.check")}
          </button>
          <button type="button" className="button" disabled={changes.loading} onClick={() => (isComparing ? changes.reload() : setComparing(true))}>
            {t("summary.compare")}
          </button>
          <Link className="button is-quiet" to={`/briefing/summary?territory=${content.territory_id}&day=${content.day}`}>
            {t("summary.to_day")}
          </Link>
        </span>
      </header>
      <p className="quiet">
        <span className="num">
          {f.full(content.from, "minute")} – {f.full(content.to, "minute")}
        </span>{" "}
        · {t("summary.version", { n: f.number(summary.data.version) })} · <bdi>{summary.data.made_by}</bdi>, <span className="num">{f.full(summary.data.made_at)}</span>
      </p>
      <p className="quiet small no-print">{t("summary.records_note")}</p>
      {check.error !== null && <Problem error={check.error} onRetry={check.reload} />}
      {check.data && (
        <p className={`notice ${check.data.same ? "" : "is-warning"}`} role="status">
          {check.data.same ? t("summary.is_same") : t("summary.is_different")}
        </p>
      )}
      {changes.error !== null && <Problem error={changes.error} onRetry={changes.reload} />}
      {changes.data && (
        <section className="block is-wide" role="status">
          <h3>{t("summary.changes")}</h3>
          <Corrections items={changes.data.items} />
        </section>
      )}
      <SummaryView content={content} sentences={sentences} />
      <Mark access={summary.data.access} />
    </>
  );
}
