/** The review queue: cases without a name. J and K walk it, 1 to 3 choose the verdict, Enter in the reason gives it. */
import { useRef, useState, type FormEvent } from "react";
import { Link, useNavigate } from "react-router";
import { Mark } from "../../access/mark";
import { useNames, useWords } from "../../context";
import { en } from "../../i18n/en";
import type { Key } from "../../i18n/messages";
import { useKeys } from "../../ui/keys";
import { Kbd } from "../../ui/marks";
import { Problem } from "../../ui/problem";
import { useCommand } from "../../ui/use-command";
import { useRead } from "../../ui/use-read";
import { DueMark } from "./due-mark";
import { VERDICTS, type ReviewCase, type ReviewLine, type ReviewQueue, type Verdict } from "./types";

const REASON_LEAST = 10;
const SIGNS: Record<Verdict, string> = { in_order: "✓", misuse: "✕", cannot_tell: "?" };

export function ReviewsTab({ id }: { id: string | undefined }) {
  const { t } = useWords();
  const navigate = useNavigate();
  const queue = useRead<ReviewQueue>("/api/oversight/reviews");
  const items = queue.data?.items ?? [];
  const at = items.findIndex((item) => item.id === id);
  const go = (step: number) => {
    const next = items[at < 0 ? 0 : Math.min(items.length - 1, Math.max(0, at + step))];
    if (next) void navigate(`/oversight/reviews/${next.id}`);
  };
  useKeys({ KeyJ: () => go(1), KeyK: () => go(-1) });
  const judged = () => {
    const next = items[at + 1] ?? items[at - 1];
    queue.reload();
    void navigate(next ? `/oversight/reviews/${next.id}` : "/oversight/reviews");
  };
  return (
    <div className={`oversight-split ${id ? "has-one" : ""}`}>
      <section className="oversight-list" aria-label={t("review.queue")}>
        <h2>
          {t("review.queue")} <span className="count num">{items.length}</span>
        </h2>
        <p className="quiet small">{t("review.blind")}</p>
        {queue.error !== null && <Problem error={queue.error} onReload={queue.reload} />}
        {queue.data && items.length === 0 && <p className="empty">{t("review.none")}</p>}
        <ol>
          {items.map((item) => (
            <CaseLine key={item.id} item={item} isHere={item.id === id} />
          ))}
        </ol>
        {queue.data && queue.data.judged.length > 0 && (
          <>
            <h2>{t("review.judged")}</h2>
            <ol>
              {queue.data.judged.map((item) => (
                <CaseLine key={item.id} item={item} isHere={item.id === id} />
              ))}
            </ol>
          </>
        )}
      </section>
      {id ? <Case key={id} id={id} onJudged={judged} /> : items.length > 0 && <p className="empty only-wide">{t("review.choose")}</p>}
    </div>
  );
}

function CaseLine({ item, isHere }: { item: ReviewLine; isHere: boolean }) {
  const { t, f } = useWords();
  return (
    <li>
      <Link to={`/oversight/reviews/${item.id}`} className={`oversight-row ${isHere ? "is-here" : ""}`} aria-current={isHere ? "page" : undefined}>
        <span className="oversight-label num">{item.label}</span>
        <span>{item.kind ? t(`review.kind.${item.kind}`) : t("review.gone")}</span>
        <span className="num quiet">{item.at ? f.full(item.at, "minute") : item.day}</span>
        {item.verdict ? (
          <VerdictMark verdict={item.verdict} />
        ) : (
          <DueMark item={item} />
        )}
      </Link>
    </li>
  );
}

function VerdictMark({ verdict }: { verdict: Verdict }) {
  const { t } = useWords();
  return (
    <span className={`verdict is-${verdict}`}>
      <i aria-hidden="true">{SIGNS[verdict]}</i> {t(`review.verdict.${verdict}`)}
    </span>
  );
}

function Case({ id, onJudged }: { id: string; onJudged: () => void }) {
  const { t } = useWords();
  const read = useRead<ReviewCase>(`/api/oversight/reviews/${id}`);
  if (read.error !== null) return <Problem error={read.error} onReload={read.reload} />;
  if (!read.data) return <p className="quiet pad">{t("app.loading")}</p>;
  const one = read.data;
  return (
    <article className="oversight-case" aria-labelledby="case-label">
      <p className="only-narrow">
        <Link to="/oversight/reviews">{t("review.back")}</Link>
      </p>
      <h2 id="case-label" className="num">
        {t("review.case", { label: one.label })}
      </h2>
      <CaseFacts one={one} />
      <Mark access={one.access} />
      {one.verdict ? (
        <p>
          <VerdictMark verdict={one.verdict} />
        </p>
      ) : (
        <Judge one={one} onJudged={onJudged} onReload={read.reload} />
      )}
    </article>
  );
}

function CaseFacts({ one }: { one: ReviewCase }) {
  const { t, f } = useWords();
  const names = useNames();
  const incident = one.incident;
  return (
    <>
      {one.questions.length > 0 && (
        <section className="notice">
          <h3>{t("review.questions")}</h3>
          <ul>
            {one.questions.map((question) => (
              <li key={question}>{t(`review.question.${question}`)}</li>
            ))}
          </ul>
          <p className="quiet small">{t("review.question_note")}</p>
        </section>
      )}
      <dl className="oversight-dl">
        <dt>{t("review.what")}</dt>
        <dd>
          {one.kind ? t(`review.kind.${one.kind}`) : t("review.gone")}
          {one.record_kind && <> · {t(word("review.record", one.record_kind, "review.record.other"))}</>}
        </dd>
        <dt>{t("review.when")}</dt>
        <dd className="num">{one.at ? f.full(one.at, "minute") : t("unknown")}</dd>
        <dt>{t("review.purpose")}</dt>
        <dd>
          {one.purpose === null ? t("review.own_work") : one.purpose.text === null ? t("review.erased") : <q dir="auto">{one.purpose.text}</q>}
          {one.relation !== null && `review.relation.${one.relation}` in en && <> · {t(`review.relation.${one.relation}` as Key)}</>}
        </dd>
        {incident && (
          <>
            <dt>{t("review.incident")}</dt>
            <dd>
              {names.category(incident.category)}, {names.priority(incident.priority)}, {t(`review.status.${incident.status}`)}, {f.full(incident.received_at, "minute")}
              {names.territory(incident.territory_id) && <>, {names.territory(incident.territory_id)}</>}
            </dd>
          </>
        )}
      </dl>
    </>
  );
}

/** The text of a code of the server's, or the general one for a code that this console does not know. */
function word(prefix: string, code: string, other: Key): Key {
  const key = `${prefix}.${code}`;
  return key in en ? (key as Key) : other;
}

function Judge({ one, onJudged, onReload }: { one: ReviewCase; onJudged: () => void; onReload: () => void }) {
  const { t } = useWords();
  const sending = useCommand();
  const [verdict, setVerdict] = useState<Verdict | null>(null);
  const [reason, setReason] = useState("");
  const field = useRef<HTMLTextAreaElement>(null);
  const choose = (next: Verdict) => {
    setVerdict(next);
    field.current?.focus();
  };
  useKeys({ Digit1: () => choose("in_order"), Digit2: () => choose("misuse"), Digit3: () => choose("cannot_tell") });
  const isReady = verdict !== null && reason.trim().length >= REASON_LEAST;
  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    if (isReady) sending.send("POST", `/api/oversight/reviews/${one.id}/verdict`, { version: one.version, verdict, reason: reason.trim() }, onJudged);
  };
  return (
    <form className="oversight-judge" onSubmit={submit}>
      {sending.error !== null && <Problem error={sending.error} onReload={() => (sending.clear(), onReload())} onRetry={sending.retry} />}
      <fieldset className="field choices is-columns-3">
        <legend>{t("review.verdict")}</legend>
        {VERDICTS.map((code, index) => (
          <label key={code} className="check">
            <input type="radio" name="verdict" value={code} checked={verdict === code} onChange={() => choose(code)} />
            <VerdictMark verdict={code} /> <Kbd>{String(index + 1)}</Kbd>
          </label>
        ))}
      </fieldset>
      <label className="field">
        <span>{t("review.reason")}</span>
        <textarea
          ref={field} className="input" rows={3} maxLength={2000} value={reason} aria-describedby="reason-note" onChange={(event) => setReason(event.target.value)}
          onKeyDown={(event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && submit()}
        />
      </label>
      <p id="reason-note" className="quiet small">
        {t("review.reason_note", { n: REASON_LEAST })}
      </p>
      <button type="submit" className="button is-primary" disabled={!isReady || sending.busy}>
        {sending.busy ? t("sending.busy") : t("review.give")} <Kbd>Ctrl Enter</Kbd>
      </button>
    </form>
  );
}
