/** The summary of a day before it is made: its figures as they stand, what is entered by hand, what is significant. */
import { Link, useNavigate, useSearchParams } from "react-router";
import { may } from "../../api/permissions";
import { useNames, useSession, useWords } from "../../context";
import { DayInput } from "../../ui/day-input";
import { Problem } from "../../ui/problem";
import { useRead } from "../../ui/use-read";
import { SummaryMake } from "./summary-make";
import { dayText, SummaryView } from "./summary-view";
import type { SummaryDraft, SummaryList } from "./types";

const DAY_MS = 86_400_000;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

function dayAfter(day: string, by: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + by * DAY_MS).toISOString().slice(0, 10);
}

export function SummaryScreen() {
  const { me, territories } = useSession();
  const { t, f } = useWords();
  const names = useNames();
  const navigate = useNavigate();
  const [params, setParams] = useSearchParams();
  const territory = Number(params.get("territory")) || territories.home() || 0;
  const list = useRead<SummaryList>(territory ? `/api/summaries?territory=${territory}&limit=60` : null);
  const today = list.data?.today ?? null;
  // In the morning the day that has ended is the one to be made.
  const asked = params.get("day");
  const day = asked && DAY.test(asked) ? asked : today === null ? null : dayAfter(today, -1);
  const draft = useRead<SummaryDraft>(day ? `/api/summaries/draft?territory=${territory}&day=${day}` : null);
  const set = (name: string, value: string) => {
    const next = new URLSearchParams(params);
    next.set(name, value);
    setParams(next, { replace: true });
  };
  const choices = [...new Set([...territories.scope, ...territories.scope.flatMap((id) => territories.children(id).map((child) => child.id))])];
  const made = (list.data?.items ?? []).filter((one) => one.day === day);
  return (
    <>
      <header className="page-head no-print">
        <h1>{t("summary.title")}</h1>
        <div className="filters">
          <label>
            <span>{t("facts.territory")}</span>
            <select value={territory} onChange={(event) => set("territory", event.target.value)}>
              {choices.map((id) => (
                <option key={id} value={id}>
                  {names.territory(id) ?? id}
                </option>
              ))}
            </select>
          </label>
          {day && today && (
            <span className="day-steps">
              <button type="button" className="button is-small" aria-label={t("summary.day_before")} onClick={() => set("day", dayAfter(day, -1))}>
                ‹
              </button>
              <DayInput label={t("summary.day")} value={day} max={today} onChange={(next) => set("day", next)} />
              <button type="button" className="button is-small" aria-label={t("summary.day_after")} disabled={day >= today} onClick={() => set("day", dayAfter(day, 1))}>
                ›
              </button>
            </span>
          )}
        </div>
      </header>
      {(list.error ?? draft.error) !== null && <Problem error={list.error ?? draft.error} onRetry={draft.reload} />}
      {draft.loading && !draft.data && <p className="quiet pad">{t("app.loading")}</p>}
      {draft.data && day && (
        <>
          <p className="notice no-print">
            {t("summary.draft_note", { from: f.full(draft.data.content.from, "minute"), to: f.full(draft.data.content.to, "minute") })}
            {day === draft.data.today && <b> {t("summary.still_running")}</b>}
            {made.map((one) => (
              <span key={one.id}>
                {" "}
                <Link to={`/briefing/summary/${one.id}`}>{t("summary.made_version", { n: f.number(one.version), at: f.full(one.made_at, "minute") })}</Link>
              </span>
            ))}
          </p>
          {may(me, "summary_make") && <SummaryMake key={`${territory} ${day}`} content={draft.data.content} onMade={(id) => void navigate(`/briefing/summary/${id}`)} />}
          <SummaryView content={draft.data.content} sentences={{}} />
        </>
      )}
      <Past list={list.data} />
    </>
  );
}

function Past({ list }: { list: SummaryList | null }) {
  const { t, f } = useWords();
  const names = useNames();
  if (!list) return null;
  return (
    <section className="block is-wide no-print">
      <h3>{t("summary.past")}</h3>
      {list.items.length === 0 && <p className="quiet">{t("summary.no_past")}</p>}
      <ul className="plain-list past-list">
        {list.items.map((one) => (
          <li key={one.id}>
            <Link to={`/briefing/summary/${one.id}`} className="num">
              {dayText(one.day, f)}
            </Link>{" "}
            <bdi>{names.territory(one.territory_id) ?? one.territory_id}</bdi> · {t("summary.version", { n: f.number(one.version) })} ·{" "}
            <span className="num">{t("summary.n_incidents", { n: f.number(one.incidents) })}</span> · <span className="quiet" dir="auto">{one.made_by}, {f.full(one.made_at, "minute")}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
