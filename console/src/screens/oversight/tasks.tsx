/** Open tasks of oversight by their clocks: what waits for whoever looks, and answers to those without a screen of their own. */
import { useState, type FormEvent } from "react";
import { Link } from "react-router";
import { Mark } from "../../access/mark";
import type { Access } from "../../api/access";
import { may } from "../../api/permissions";
import { useNames, useSession, useWords } from "../../context";
import { Problem } from "../../ui/problem";
import { useCommand } from "../../ui/use-command";
import { useRead } from "../../ui/use-read";
import { dueDay } from "./due";
import { DueMark } from "./due-mark";
import { roleName } from "./ends";
import { TakenBy, TakeTask, type TaskOwner } from "./take-task";

type TaskKind =
  | "right_who_looked" | "right_correction" | "right_restriction" | "right_erasure" | "right_delay_ended" | "right_correction_ordered" | "break_glass_review" | "grant_alone" | "misuse_rate";

interface TaskLine {
  id: string;
  kind: TaskKind;
  record_id: string | null;
  reference: string | null;
  request_number: string | null;
  territory_id: number;
  opened_at: string;
  due_at: string;
  is_overdue: boolean;
  escalated_at: string | null;
  version: number;
  /** Who took it, and may state a purpose for it. */
  owner: TaskOwner | null;
  /** Of an account: the rights it holds now, as role@territory. */
  roles: string[];
  may_answer: boolean;
}

const REMARK_LEAST = 10;
/** The answer that needs words, after the one that needs none. */
const ANSWERS = { right_correction_ordered: ["done", "not_possible"], grant_alone: ["in_order", "not_in_order"] } as const;

export function TasksTab({ id }: { id: string | undefined }) {
  const { t } = useWords();
  const list = useRead<{ items: TaskLine[] }>("/api/oversight/tasks");
  const items = list.data?.items ?? [];
  const chosen = items.find((one) => one.id === id);
  return (
    <div className={`oversight-split ${id ? "has-one" : ""}`}>
      <section className="oversight-list" aria-label={t("oversight.tab.tasks")}>
        <h2>{t("task.title")}</h2>
        {list.error !== null && <Problem error={list.error} onReload={list.reload} />}
        {list.data && items.length === 0 && <p className="empty">{t("task.none")}</p>}
        <ol>
          {items.map((item) => (
            <TaskRow key={item.id} item={item} isHere={item.id === id} />
          ))}
        </ol>
      </section>
      {id && list.data && !chosen && <p className="notice">{t("task.gone")}</p>}
      {chosen && <Task key={`${chosen.id} ${chosen.version}`} one={chosen} onDone={list.reload} />}
    </div>
  );
}

function TaskRow({ item, isHere }: { item: TaskLine; isHere: boolean }) {
  const { t } = useWords();
  const names = useNames();
  return (
    <li>
      <Link to={placeOf(item)} className={`oversight-row ${isHere ? "is-here" : ""}`} aria-current={isHere ? "page" : undefined}>
        <span className="oversight-label">{t(`task.kind.${item.kind}`)}</span>
        <span dir="auto">{item.reference ?? ""}</span>
        <span className="quiet small">{names.territory(item.territory_id) ?? "?"}</span>
        {item.owner && (
          <span className="quiet small">
            {t("task.owner")}: <TakenBy owner={item.owner} />
          </span>
        )}
        <DueMark item={item} />
      </Link>
    </li>
  );
}

/** Where a task is answered: beside its record, or here. */
function placeOf({ id, kind, record_id }: TaskLine): string {
  if (kind === "break_glass_review") return `/oversight/glass/${record_id}`;
  if (kind === "misuse_rate") return "/oversight/rate";
  if (kind === "right_delay_ended") return "/oversight/rights";
  if (kind === "right_correction_ordered" || kind === "grant_alone") return `/oversight/tasks/${id}`;
  return `/oversight/rights/${record_id}`;
}

function Task({ one, onDone }: { one: TaskLine; onDone: () => void }) {
  const { t, f } = useWords();
  const { me } = useSession();
  const names = useNames();
  const isCorrection = one.kind === "right_correction_ordered";
  return (
    <article className="oversight-case" aria-labelledby="task-title">
      <p className="only-narrow">
        <Link to="/oversight/tasks">{t("task.back")}</Link>
      </p>
      <h2 id="task-title">{t(`task.kind.${one.kind}`)}</h2>
      <dl className="oversight-dl">
        {one.reference !== null && (
          <>
            <dt>{isCorrection ? t("review.incident") : t("task.account")}</dt>
            <dd dir="auto">{isCorrection && may(me, "picture") ? <Link to={`/desk/${one.record_id}`}>{one.reference}</Link> : one.reference}</dd>
          </>
        )}
        {one.roles.length > 0 && (
          <>
            <dt>{t("task.roles")}</dt>
            <dd>{one.roles.map((role) => roleAt(role, (code) => roleName(code, t), (id) => names.territory(id) ?? "?")).join("; ")}</dd>
          </>
        )}
        {one.request_number !== null && (
          <>
            <dt>{t("task.request")}</dt>
            <dd className="num">{one.request_number}</dd>
          </>
        )}
        <dt>{t("facts.territory")}</dt>
        <dd>{names.territory(one.territory_id) ?? "?"}</dd>
        <dt>{t("task.opened")}</dt>
        <dd className="num">{f.full(one.opened_at, "minute")}</dd>
        <dt>{t("task.due")}</dt>
        <dd className={one.is_overdue ? "wrong num" : "num"}>
          {one.is_overdue ? `${t("review.overdue")} ` : ""}
          {f.full(dueDay(one.due_at), "day")}
        </dd>
        {isCorrection && (
          <>
            <dt>{t("task.owner")}</dt>
            <dd>
              <TakenBy owner={one.owner} />
            </dd>
          </>
        )}
        {isCorrection && may(me, "carry_out") && <Words id={one.id} />}
      </dl>
      <p className="quiet small definition">{t(isCorrection ? "task.correction_note" : "task.grant_note")}</p>
      {isCorrection && one.may_answer && <TakeTask path={`/api/oversight/tasks/${one.id}/take`} version={one.version} owner={one.owner} onTaken={onDone} />}
      {one.may_answer ? <AnswerTask one={one} onDone={onDone} /> : <p className="notice">{t(isCorrection ? "task.desk_answers" : "task.not_you")}</p>}
    </article>
  );
}

/** What the person said is wrong: one look, which is an entry of the log. */
function Words({ id }: { id: string }) {
  const { t } = useWords();
  const read = useRead<{ words: string | null; access: Access }>(`/api/oversight/corrections/${id}`);
  return (
    <>
      <dt>{t("task.words")}</dt>
      <dd>
        {read.error !== null ? <Problem error={read.error} onReload={read.reload} /> : !read.data ? t("app.loading") : read.data.words ? <q dir="auto">{read.data.words}</q> : t("task.no_words")}
        <Mark access={read.data?.access} />
      </dd>
    </>
  );
}

function AnswerTask({ one, onDone }: { one: TaskLine; onDone: () => void }) {
  const { t } = useWords();
  const sending = useCommand();
  const [answer, setAnswer] = useState("");
  const [remark, setRemark] = useState("");
  const codes = one.kind === "grant_alone" ? ANSWERS.grant_alone : ANSWERS.right_correction_ordered;
  const needsWords = answer === codes[1];
  const words = remark.trim();
  const path = one.kind === "grant_alone" ? "grants" : "corrections";
  const submit = (event: FormEvent) => {
    event.preventDefault();
    sending.send("POST", `/api/oversight/${path}/${one.id}/answer`, { version: one.version, answer, ...(words ? { remark: words } : {}) }, onDone);
  };
  return (
    <form className="oversight-judge" onSubmit={submit}>
      {sending.error !== null && <Problem error={sending.error} onReload={() => (sending.clear(), onDone())} onRetry={sending.retry} />}
      <fieldset className="field choices">
        <legend>{t("task.answer")}</legend>
        {codes.map((code) => (
          <label key={code} className="check">
            <input type="radio" name="task-answer" checked={answer === code} onChange={() => setAnswer(code)} />
            {t(`task.answer.${code}`)}
          </label>
        ))}
      </fieldset>
      <label className="field">
        <span>{t("task.remark")}</span>
        <textarea className="input" dir="auto" rows={3} maxLength={2000} required={needsWords} value={remark} onChange={(event) => setRemark(event.target.value)} />
        <span className="quiet small">{t("review.reason_note", { n: REMARK_LEAST })}</span>
      </label>
      <button type="submit" className="button is-primary" disabled={answer === "" || sending.busy || (words !== "" || needsWords ? words.length < REMARK_LEAST : false)}>
        {sending.busy ? t("sending.busy") : t("task.give")}
      </button>
    </form>
  );
}

function roleAt(text: string, role: (code: string) => string, territory: (id: number) => string): string {
  const [code, id] = text.split("@");
  return `${role(code ?? "")}, ${territory(Number(id))}`;
}
