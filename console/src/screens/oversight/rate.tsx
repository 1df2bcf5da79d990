/** The misuse rate: what the quarter says so far, what is not known in it, publishing, and from which log each day was drawn. */
import { useState } from "react";
import { may } from "../../api/permissions";
import { useSession, useWords } from "../../context";
import { session } from "../../session";
import { Problem } from "../../ui/problem";
import { useCommand } from "../../ui/use-command";
import { useRead } from "../../ui/use-read";
import { CommandForm } from "../incident/command-form";
import { dueDay } from "./due";
import type { AwaitedRate, RateDocument, Sample } from "./types";

const QUARTERS = 8;

export function RateTab() {
  const { t, f } = useWords();
  const { me } = useSession();
  // What anybody may read is kept by browsers for minutes: here it is asked for anew after each publication.
  const [asked_ms, setAsked] = useState(() => Date.now());
  const published = useRead<{ quarters: RateDocument[]; awaited: AwaitedRate[] }>(`/api/oversight/misuse-rate?asked=${asked_ms}`);
  const awaited = published.data?.awaited ?? [];
  const quarters = withAll(lastQuarters(new Date(session.store.time.now_ms())), awaited.map((one) => one.quarter));
  const [quarter, setQuarter] = useState(quarters[1] ?? quarters[0]!);
  const [asking, setAsking] = useState(false);
  const preview = useRead<RateDocument>(`/api/oversight/misuse-rate/preview?quarter=${quarter}`);
  const samples = useRead<{ items: Sample[] }>("/api/oversight/samples");
  const standing = published.data?.quarters.find((one) => one.quarter === quarter);
  const mayPublish = may(me, "publish_rate") && preview.data?.is_over === true && hasVerdict(preview.data);
  return (
    <>
      <div className="page-head">
        <h2>{t("rate.title")}</h2>
        <div className="filters">
          <label>
            <span>{t("rate.quarter")}</span>
            <select className="select" value={quarter} onChange={(event) => setQuarter(event.target.value)}>
              {quarters.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </select>
          </label>
        </div>
        {mayPublish && (
          <button type="button" className="button is-primary" onClick={() => setAsking(true)}>
            {standing ? t("rate.publish_again") : t("rate.publish")}
          </button>
        )}
        <a href={`/api/oversight/misuse-rate/page?language=${document.documentElement.lang}`} target="_blank" rel="noreferrer">
          {t("rate.page")}
        </a>
      </div>
      {awaited.map((one) => (
        <Awaited key={one.quarter} one={one} isHere={one.quarter === quarter} onShow={() => setQuarter(one.quarter)} />
      ))}
      {standing?.published_at && <p className="notice">{t("rate.published", { version: standing.version ?? 1, at: f.full(standing.published_at, "minute") })}</p>}
      {preview.error !== null && <Problem error={preview.error} onReload={preview.reload} />}
      {preview.data && <Figures one={preview.data} />}
      <h2>{t("rate.samples")}</h2>
      <p className="quiet small definition">{t("rate.samples_note")}</p>
      {samples.data && <Samples items={samples.data.items} />}
      {asking && preview.data && <PublishDialog one={preview.data} onClose={() => setAsking(false)} onDone={() => (setAsking(false), setAsked(Date.now()))} />}
    </>
  );
}

function Awaited({ one, isHere, onShow }: { one: AwaitedRate; isHere: boolean; onShow: () => void }) {
  const { t, f } = useWords();
  const day = one.due_at === null ? "" : f.full(dueDay(one.due_at), "day");
  const words = one.due_at === null ? t("rate.awaited", { quarter: one.quarter }) : t(one.is_overdue ? "rate.awaited_overdue" : "rate.awaited_due", { quarter: one.quarter, day });
  return (
    <p className={`notice ${one.is_overdue ? "is-warning" : ""}`}>
      {words}{" "}
      {!isHere && (
        <button type="button" className="button is-small" onClick={onShow}>
          {t("rate.show", { quarter: one.quarter })}
        </button>
      )}
    </p>
  );
}

function Figures({ one }: { one: RateDocument }) {
  const { t, f } = useWords();
  const { figures } = one;
  const rows: [string, string][] = [
    [t("rate.drawn"), f.number(figures.drawn)],
    [t("review.verdict.in_order"), f.number(figures.in_order)],
    [t("review.verdict.misuse"), f.number(figures.misuse)],
    [t("review.verdict.cannot_tell"), f.number(figures.cannot_tell)],
    [t("rate.not_judged"), f.number(figures.not_judged)],
    [t("rate.extremes"), figures.rate_if_missing_misuse === null ? "–" : `${percent(figures.rate_if_missing_in_order)} – ${percent(figures.rate_if_missing_misuse)}`],
    [t("rate.days_without"), f.number(one.days_without_sample.length)],
  ];
  return (
    <section>
      <p className="rate-figure num">
        {figures.rate === null ? t("rate.none") : t("rate.figure", { rate: percent(figures.rate), low: percent(figures.low), high: percent(figures.high) })}
      </p>
      {one.is_over === false && <p className="notice">{t("rate.running")}</p>}
      <dl className="oversight-dl">
        {rows.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd className="num">{value}</dd>
          </div>
        ))}
      </dl>
      <p className="quiet small definition">{t("rate.method")}</p>
    </section>
  );
}

function Samples({ items }: { items: Sample[] }) {
  const { t, f } = useWords();
  if (items.length === 0) return <p className="empty">{t("rate.no_samples")}</p>;
  return (
    <div className="table-wrap" tabIndex={0} role="region" aria-label={t("rate.samples")}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{t("rate.day")}</th>
            <th scope="col" className="num">{t("rate.looks")}</th>
            <th scope="col" className="num">{t("rate.drawn")}</th>
            <th scope="col" className="num">{t("rate.asked")}</th>
            <th scope="col" className="num">{t("rate.left_out")}</th>
            <th scope="col" className="num">{t("rate.judged")}</th>
            <th scope="col">{t("rate.log")}</th>
          </tr>
        </thead>
        <tbody>
          {items.map((sample) => (
            <tr key={sample.day}>
              <th scope="row" className="num">{sample.day}</th>
              <td className="num">{f.number(sample.looks)}</td>
              <td className="num">{f.number(sample.drawn)}</td>
              <td className="num">{f.number(sample.asked)}</td>
              <td className="num">{f.number(sample.left_out)}</td>
              <td className="num">{`${f.number(sample.judged ?? 0)} / ${f.number(sample.cases ?? 0)}`}</td>
              <td>
                <code title={sample.log_root}>{`${f.number(sample.log_size)} · ${sample.log_root.slice(0, 16)}…`}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function PublishDialog({ one, onClose, onDone }: { one: RateDocument; onClose: () => void; onDone: () => void }) {
  const { t } = useWords();
  const sending = useCommand();
  const { figures } = one;
  return (
    <CommandForm
      title={t("rate.publish")} submit={t("rate.publish")} sending={sending} canSubmit onReload={onDone} onClose={onClose}
      onSubmit={() => sending.send("POST", "/api/oversight/misuse-rate", { quarter: one.quarter }, onDone)}
    >
      <p className="rate-figure num">{figures.rate === null ? t("rate.nothing_told") : t("rate.figure", { rate: percent(figures.rate), low: percent(figures.low), high: percent(figures.high) })}</p>
      {figures.not_judged > 0 && <p className="notice is-warning">{t("rate.publish_open", { n: figures.not_judged })}</p>}
      <p>{t("rate.publish_sure", { quarter: one.quarter })}</p>
    </CommandForm>
  );
}

function percent(share: number | null): string {
  return share === null ? "–" : `${(share * 100).toFixed(2)} %`;
}

/** Where something was drawn and nobody has judged any of it, there is nothing to publish yet. */
function hasVerdict({ figures }: RateDocument): boolean {
  return figures.drawn === 0 || figures.not_judged < figures.drawn;
}

function withAll(quarters: string[], others: string[]): string[] {
  return [...new Set([...quarters, ...others])].sort().reverse();
}

/** The running quarter and those before it, the newest first, as 2026-Q3. */
function lastQuarters(now: Date): string[] {
  const running = now.getUTCFullYear() * 4 + Math.floor(now.getUTCMonth() / 3);
  return Array.from({ length: QUARTERS }, (_, back) => `${Math.floor((running - back) / 4)}-Q${((running - back) % 4) + 1}`);
}
