/** The figures of one day. Each opens to its records as they are now; what is not known says so. */
import type { ReactNode } from "react";
import { Link } from "react-router";
import { useNames, useWords, type NameBook } from "../../context";
import { PriorityMark } from "../../ui/marks";
import { BY_HAND, type Content, type Correction, type SealedText } from "./types";

/** The address of the records of a day behind a figure. */
export function recordsOf(content: Content, filters: Record<string, string | number> = {}): string {
  const query = new URLSearchParams({ status: "all", territory: String(content.territory_id), from: content.from, to: content.to });
  for (const [name, value] of Object.entries(filters)) query.set(name, String(value));
  return `/incidents?${query}`;
}

export function SummaryView({ content, sentences }: { content: Content; sentences: Record<string, SealedText | null> }) {
  const { t } = useWords();
  return (
    <div className="summary">
      {content.incidents === 0 && <p className="notice">{t("summary.quiet_night")}</p>}
      <Overview content={content} />
      <Significant content={content} sentences={sentences} />
      <Response content={content} />
      <Counts title={t("summary.by_category")} label={t("field.category")} rows={content.by_category.map((row) => ({ code: row.category, n: row.n, filter: { category: row.category } }))} name="category" content={content} />
      <Areas content={content} />
      <Counts title={t("summary.by_outcome")} label={t("records.outcome")} rows={content.by_outcome.map((row) => ({ code: row.outcome, n: row.n, filter: outcomeFilter(row.outcome) }))} name="outcome" content={content} />
      <Counts title={t("summary.by_channel")} label={t("facts.channel")} rows={content.by_channel.map((row) => ({ code: row.channel, n: row.n, filter: { channel: row.channel } }))} name="channel" content={content} />
      <Block title={t("summary.corrections")}>
        <Corrections items={content.corrections} more={content.corrections_more} />
      </Block>
    </div>
  );
}

function outcomeFilter(outcome: string): Record<string, string> {
  return outcome === "open" ? { status: "open" } : { outcome };
}

function Block({ title, note, children, wide }: { title: string; note?: string; children: ReactNode; wide?: boolean }) {
  return (
    <section className={`block ${wide ? "is-wide" : ""}`}>
      <h3>{title}</h3>
      {note && <p className="quiet small">{note}</p>}
      {children}
    </section>
  );
}

function Wide({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="table-wrap" tabIndex={0} role="region" aria-label={label}>
      {children}
    </div>
  );
}

function Overview({ content }: { content: Content }) {
  const { t, f } = useWords();
  const { forces, by_hand } = content;
  const figure = (label: string, n: number, to: string | null, note?: string) => (
    <div className="fact" key={label}>
      <dt>{label}</dt>
      <dd className="num figure">{to ? <Link to={to}>{f.number(n)}</Link> : f.number(n)}</dd>
      {note && <dd className="quiet small">{note}</dd>}
    </div>
  );
  return (
    <Block title={t("summary.overview")} wide>
      <dl className="overview">
        {figure(t("summary.incidents"), content.incidents, recordsOf(content))}
        {figure(t("summary.open"), content.open, recordsOf(content, { status: "open" }))}
        {figure(t("summary.deaths"), content.deaths, recordsOf(content, { category: "death" }), t("summary.as_incidents"))}
        {figure(t("summary.crashes"), content.crashes, recordsOf(content, { category: "road_crash" }))}
        {figure(t("summary.units"), forces.units, null, t("summary.forces_note", { hours: f.number(Math.round(forces.unit_s / 3600)), n: f.number(forces.sendings) }))}
        {forces.unknown > 0 && figure(t("summary.forces_unknown"), forces.unknown, null)}
        {figure(t("summary.merged"), content.merged, null, t("summary.merged_note"))}
        {figure(t("summary.late"), content.late, null)}
        {BY_HAND.map((name) => {
          const n = by_hand[name];
          return (
            <div className="fact" key={name}>
              <dt>{t(`summary.${name}`)}</dt>
              <dd className="num figure">{n === undefined || n === null ? <span className="quiet not-entered">{t("summary.not_entered")}</span> : f.number(n)}</dd>
              <dd className="quiet small">{t("handover.by_hand")}</dd>
            </div>
          );
        })}
      </dl>
    </Block>
  );
}

function Significant({ content, sentences }: { content: Content; sentences: Record<string, SealedText | null> }) {
  const { t, f } = useWords();
  const names = useNames();
  return (
    <Block title={t("summary.significant")} wide>
      {content.significant.length === 0 && <p className="quiet">{t("summary.none_chosen")}</p>}
      <ul className="plain-list">
        {content.significant.map((one) => {
          const sentence = sentences[one.incident_id];
          return (
            <li key={one.incident_id} className="significant">
              <PriorityMark code={one.priority} />{" "}
              <Link to={`/incidents/${one.incident_id}`} className="num">
                <bdi>{one.number}</bdi>
              </Link>{" "}
              <bdi>{names.category(one.category)}</bdi> · <bdi>{names.territory(one.territory_id) ?? t("unknown")}</bdi> · <span className="num">{f.full(one.received_at, "minute")}</span> ·{" "}
              {outcomeName(one.outcome, names, t("records.still_open"))}
              {sentence && <p dir="auto">{sentence.erased ? <i>{t("briefing.erased")}</i> : sentence.text}</p>}
            </li>
          );
        })}
      </ul>
    </Block>
  );
}

function Response({ content }: { content: Content }) {
  const { t, f } = useWords();
  return (
    <Block title={t("summary.response")} note={t("figures.definition")} wide>
      <Wide label={t("summary.response")}>
        <table className="plain">
          <thead>
            <tr>
              <th scope="col">{t("field.priority")}</th>
              <th scope="col">{t("summary.terrain")}</th>
              {[t("figures.calls"), t("unknown"), t("figures.p50"), t("figures.p90"), t("summary.norm"), t("summary.within")].map((label) => (
                <th key={label} scope="col" className="right">
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {content.response.map((row) => (
              <tr key={`${row.priority} ${row.terrain}`}>
                <th scope="row">
                  <PriorityMark code={row.priority} withName />
                </th>
                <td>{row.terrain === "urban" || row.terrain === "rural" || row.terrain === "mountain" ? t(`summary.terrain.${row.terrain}`) : row.terrain}</td>
                <td className="num right">
                  <Link to={recordsOf(content, { priority: row.priority })}>{f.number(row.n)}</Link>
                </td>
                <td className="num right">{f.number(row.unknown)}</td>
                <td className={`num right ${row.p50_s === null ? "quiet" : "figure"}`}>{row.p50_s === null ? t("unknown") : f.duration(row.p50_s)}</td>
                <td className={`num right ${row.p90_s === null ? "quiet" : "figure"}`}>{row.p90_s === null ? t("unknown") : f.duration(row.p90_s)}</td>
                <td className="num right">{row.norm_s === null ? t("summary.no_norm") : f.duration(row.norm_s)}</td>
                <td className="num right">
                  {row.within === null || row.with_both === 0 ? "–" : `${f.number(row.within)} / ${f.number(row.with_both)} (${Math.floor((row.within * 100) / row.with_both)} %)`}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Wide>
    </Block>
  );
}

function Counts(props: { title: string; label: string; rows: { code: string; n: number; filter: Record<string, string> }[]; name: "category" | "outcome" | "channel"; content: Content }) {
  const { t, f } = useWords();
  const names = useNames();
  return (
    <Block title={props.title}>
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">{props.label}</th>
            <th scope="col" className="right">
              {t("summary.n")}
            </th>
          </tr>
        </thead>
        <tbody>
          {props.rows.map((row) => (
            <tr key={row.code}>
              <th scope="row">
                <bdi>{props.name === "outcome" ? outcomeName(row.code, names, t("records.still_open")) : names[props.name](row.code)}</bdi>
              </th>
              <td className="num right figure">
                <Link to={recordsOf(props.content, row.filter)}>{f.number(row.n)}</Link>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Block>
  );
}

function outcomeName(outcome: string, names: NameBook, open: string): string {
  return outcome === "open" ? open : names.outcome(outcome);
}

function Areas({ content }: { content: Content }) {
  const { t, f } = useWords();
  const names = useNames();
  if (content.by_area.length === 0) return null;
  const cells = new Map(content.by_area_category.map((cell) => [`${cell.territory_id} ${cell.category}`, cell.n]));
  const hasRest = content.by_area.length > 1;
  return (
    <Block title={t("summary.by_area")} wide>
      <Wide label={t("summary.by_area")}>
        <table className="plain areas">
          <thead>
            <tr>
              <th scope="col">{t("facts.territory")}</th>
              <th scope="col" className="right">
                {t("summary.total")}
              </th>
              {content.by_category.map(({ category }) => (
                <th key={category} scope="col" className="right">
                  <bdi>{names.category(category)}</bdi>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {content.by_area.map((area) => {
              const isRest = hasRest && area.territory_id === content.territory_id;
              const link = (n: number, filter: Record<string, string>) => (isRest ? f.number(n) : <Link to={recordsOf(content, { territory: area.territory_id, ...filter })}>{f.number(n)}</Link>);
              return (
                <tr key={area.territory_id}>
                  <th scope="row">
                    <bdi>{names.territory(area.territory_id) ?? area.territory_id}</bdi> {isRest && <span className="quiet">{t("summary.not_placed")}</span>}
                  </th>
                  <td className="num right figure">{link(area.n, {})}</td>
                  {content.by_category.map(({ category }) => {
                    const n = cells.get(`${area.territory_id} ${category}`);
                    return (
                      <td key={category} className="num right">
                        {n === undefined ? "" : link(n, { category })}
                      </td>
                    );
                  })}
                </tr>
              );
            })}
          </tbody>
        </table>
      </Wide>
    </Block>
  );
}

export function Corrections({ items, more = 0 }: { items: readonly Correction[]; more?: number }) {
  const { t, f } = useWords();
  const names = useNames();
  if (items.length === 0) return <p className="quiet">{t("summary.no_corrections")}</p>;
  return (
    <Wide label={t("summary.corrections")}>
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">{t("summary.day")}</th>
            <th scope="col">{t("summary.figure")}</th>
            <th scope="col">{t("summary.before")}</th>
            <th scope="col">{t("summary.after")}</th>
            <th scope="col" className="right">
              {t("summary.n")}
            </th>
            <th scope="col">{t("records.number")}</th>
          </tr>
        </thead>
        <tbody>
          {items.map((one) => {
            const value = (text: string) => valueOf(one.figure, text, names, t);
            return (
              <tr key={`${one.day} ${one.figure} ${one.before} ${one.after}`}>
                <td className="num">{dayText(one.day, f)}</td>
                <td>{t(`summary.figure.${one.figure}`)}</td>
                <td>{value(one.before)}</td>
                <td>{value(one.after)}</td>
                <td className="num right">{f.number(one.n)}</td>
                <td className="num numbers" dir="ltr">
                  {one.numbers.join(", ")}
                  {one.n > one.numbers.length && " …"}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {more > 0 && <p className="quiet">{t("summary.more_corrections", { n: f.number(more) })}</p>}
    </Wide>
  );
}

function valueOf(figure: Correction["figure"], text: string, names: NameBook, t: ReturnType<typeof useWords>["t"]): string {
  switch (figure) {
    case "category":
      return names.category(text);
    case "priority":
      return names.priority(text);
    case "outcome":
      return outcomeName(text, names, t("records.still_open"));
    case "area":
      return names.territory(Number(text)) ?? text;
    case "merged":
      return t(text === "1" ? "summary.is_merged" : "summary.is_own");
    case "total":
      return t(text === "1" ? "summary.counted" : "summary.not_counted");
    case "response":
      return "–"; // Each has its own.
  }
}

/** A local day of the centre, as days are written here. */
export function dayText(day: string, f: { full(at: string, precision?: "day"): string }): string {
  return f.full(`${day}T12:00:00`, "day");
}
