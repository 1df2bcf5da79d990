/** Broken glass: each is judged by somebody who does not answer to the one who broke it. J and K walk the list, 1 to 3 choose. */
import { useRef, useState, type FormEvent } from "react";
import { Link, useNavigate } from "react-router";
import { Mark } from "../../access/mark";
import type { Access } from "../../api/access";
import { may } from "../../api/permissions";
import { useNames, useSession, useWords } from "../../context";
import { useKeys } from "../../ui/keys";
import { Kbd } from "../../ui/marks";
import { Problem } from "../../ui/problem";
import { useCommand } from "../../ui/use-command";
import { dueDay } from "./due";
import { useRead } from "../../ui/use-read";
import { TakenBy, TakeTask, type TaskOwner } from "./take-task";

const VERDICTS = ["justified", "not_justified", "unclear"] as const;
type GlassVerdict = (typeof VERDICTS)[number];
type Ground = "life" | "crew" | "owner_away" | "wrongly_closed";

interface GlassLine {
  id: string;
  by: { id: string; name: string };
  /** The incident that was opened. */
  record_id: string;
  reference: string;
  territory_id: number;
  ground: Ground;
  broken_at: string;
  ends_at: string;
  due_at: string;
  verdict: GlassVerdict | null;
  judged_by: string | null;
  judged_at: string | null;
  may_judge: boolean;
  /** Who took the task of judging it, and that task's version. */
  owner: TaskOwner | null;
  version: number;
}

interface WholeGlass extends GlassLine {
  sentence: string | null;
  remark: string | null;
  looks: { at: string; action: string }[];
  access: Access;
}

export function GlassTab({ id }: { id: string | undefined }) {
  const { t, f } = useWords();
  const list = useRead<{ items: GlassLine[] }>("/api/access/glass");
  const navigate = useNavigate();
  const items = list.data?.items ?? [];
  const at = items.findIndex((item) => item.id === id);
  const go = (step: number) => {
    const next = items[at < 0 ? 0 : Math.min(items.length - 1, Math.max(0, at + step))];
    if (next) void navigate(`/oversight/glass/${next.id}`);
  };
  useKeys({ KeyJ: () => go(1), KeyK: () => go(-1) });
  return (
    <div className={`oversight-split ${id ? "has-one" : ""}`}>
      <section className="oversight-list" aria-label={t("oversight.tab.glass")}>
        <h2>{t("oversight.glass.title")}</h2>
        {list.error !== null && <Problem error={list.error} onReload={list.reload} />}
        {list.data && items.length === 0 && <p className="empty">{t("oversight.glass.none")}</p>}
        <ol>
          {items.map((item) => (
            <li key={item.id}>
              <Link to={`/oversight/glass/${item.id}`} className={`oversight-row ${item.id === id ? "is-here" : ""}`} aria-current={item.id === id ? "page" : undefined}>
                <span className="oversight-label num">{item.reference}</span>
                <span>{t(`oversight.glass.ground.${item.ground}`)}</span>
                <span className="num quiet">{f.full(item.broken_at, "minute")}</span>
                <span className={item.verdict ? "" : "quiet small num"}>{item.verdict ? t(`oversight.glass.verdict.${item.verdict}`) : t("review.due", { day: f.full(dueDay(item.due_at), "day") })}</span>
              </Link>
            </li>
          ))}
        </ol>
      </section>
      {id && <Glass key={id} id={id} onJudged={list.reload} />}
    </div>
  );
}

function Glass({ id, onJudged }: { id: string; onJudged: () => void }) {
  const { t, f } = useWords();
  const { me } = useSession();
  const names = useNames();
  const read = useRead<WholeGlass>(`/api/access/glass/${id}`);
  if (read.error !== null) return <Problem error={read.error} onReload={read.reload} />;
  if (!read.data) return <p className="quiet pad">{t("app.loading")}</p>;
  const one = read.data;
  return (
    <article className="oversight-case" aria-labelledby="glass-reference">
      <p className="only-narrow">
        <Link to="/oversight/glass">{t("oversight.glass.back")}</Link>
      </p>
      <h2 id="glass-reference" className="num">
        {t("right.in_incident", { number: one.reference })}
      </h2>
      <dl className="oversight-dl">
        <dt>{t("oversight.glass.by")}</dt>
        <dd dir="auto">{one.by.name}</dd>
        <dt>{t("oversight.glass.ground")}</dt>
        <dd>{t(`oversight.glass.ground.${one.ground}`)}</dd>
        <dt>{t("oversight.glass.sentence")}</dt>
        <dd>{one.sentence === null ? t("review.erased") : <q dir="auto">{one.sentence}</q>}</dd>
        <dt>{t("review.when")}</dt>
        <dd className="num">
          {f.full(one.broken_at, "minute")} – {f.full(one.ends_at, "minute")}
        </dd>
        <dt>{t("facts.territory")}</dt>
        <dd>{names.territory(one.territory_id) ?? "?"}</dd>
        {!one.verdict && (
          <>
            <dt>{t("task.owner")}</dt>
            <dd>
              <TakenBy owner={one.owner} />
            </dd>
          </>
        )}
        <dt>{t("oversight.glass.looks")}</dt>
        <dd className="num">{f.number(one.looks.length)}</dd>
      </dl>
      <Mark access={one.access} />
      {one.verdict ? (
        <p className="notice">
          {t(`oversight.glass.verdict.${one.verdict}`)}
          {one.judged_by && <> · <bdi>{one.judged_by}</bdi></>}
          {one.judged_at && <> · <span className="num">{f.full(one.judged_at, "minute")}</span></>}
          {one.remark && <q dir="auto">{one.remark}</q>}
        </p>
      ) : one.may_judge ? (
        <>
          <TakeTask path={`/api/access/glass/${one.id}/take`} version={one.version} owner={one.owner} onTaken={() => (read.reload(), onJudged())}>
            {may(me, "picture") && <Link to={`/desk/${one.record_id}`}>{t("task.see")}</Link>}
          </TakeTask>
          <JudgeGlass id={one.id} onDone={() => (read.reload(), onJudged())} />
        </>
      ) : (
        <p className="notice">{t("oversight.glass.not_you")}</p>
      )}
    </article>
  );
}

function JudgeGlass({ id, onDone }: { id: string; onDone: () => void }) {
  const { t } = useWords();
  const sending = useCommand();
  const [verdict, setVerdict] = useState<GlassVerdict | null>(null);
  const [remark, setRemark] = useState("");
  const field = useRef<HTMLTextAreaElement>(null);
  const choose = (next: GlassVerdict) => (setVerdict(next), field.current?.focus());
  useKeys({ Digit1: () => choose("justified"), Digit2: () => choose("not_justified"), Digit3: () => choose("unclear") });
  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    if (verdict) sending.send("POST", `/api/access/glass/${id}/verdict`, { verdict, ...(remark.trim() ? { remark: remark.trim() } : {}) }, onDone);
  };
  return (
    <form className="oversight-judge" onSubmit={submit}>
      {sending.error !== null && <Problem error={sending.error} onReload={() => (sending.clear(), onDone())} onRetry={sending.retry} />}
      <fieldset className="field choices is-columns-3">
        <legend>{t("review.verdict")}</legend>
        {VERDICTS.map((code, index) => (
          <label key={code} className="check">
            <input type="radio" name="glass-verdict" checked={verdict === code} onChange={() => choose(code)} />
            {t(`oversight.glass.verdict.${code}`)} <Kbd>{String(index + 1)}</Kbd>
          </label>
        ))}
      </fieldset>
      <label className="field">
        <span>{t("oversight.glass.remark")}</span>
        <textarea
          ref={field} className="input" dir="auto" rows={3} maxLength={1000} value={remark} onChange={(event) => setRemark(event.target.value)}
          onKeyDown={(event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && submit()}
        />
      </label>
      <button type="submit" className="button is-primary" disabled={!verdict || sending.busy}>
        {sending.busy ? t("sending.busy") : t("review.give")} <Kbd>Ctrl Enter</Kbd>
      </button>
    </form>
  );
}
