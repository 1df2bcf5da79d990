/** One request: who asks, what was found, every look with its delay, and the answer as the person will read it. */
import { useState } from "react";
import { Link } from "react-router";
import { Mark } from "../../access/mark";
import { useNames, useWords } from "../../context";
import { LANGUAGES } from "../../i18n/language";
import { Problem } from "../../ui/problem";
import { useCommand } from "../../ui/use-command";
import { useRead } from "../../ui/use-read";
import { DelayDialog } from "./delays";
import { AnswerDialog } from "./answer-dialog";
import { dueDay } from "./due";
import { partyWord, wordOf } from "./party-word";
import type { ToldLook, WholeRequest } from "./types";

export function RequestView({ id, onChanged }: { id: string; onChanged: () => void }) {
  const { t, f } = useWords();
  const read = useRead<WholeRequest>(`/api/oversight/requests/${id}`);
  const [answering, setAnswering] = useState(false);
  const sending = useCommand();
  if (read.error !== null) return <Problem error={read.error} onReload={read.reload} />;
  if (!read.data) return <p className="quiet pad">{t("app.loading")}</p>;
  const one = read.data;
  const changed = () => (setAnswering(false), read.reload(), onChanged());
  const isRestricted = one.records.some((record) => record.restricted_by_this);
  return (
    <article className="oversight-case is-wide" aria-labelledby="request-number">
      <p className="only-narrow">
        <Link to="/oversight/rights">{t("right.back")}</Link>
      </p>
      <h2 id="request-number">
        <span className="num">{one.number}</span> {t(`right.kind.${one.kind}`)}
      </h2>
      {sending.error !== null && <Problem error={sending.error} onReload={() => (sending.clear(), changed())} onRetry={sending.retry} />}
      <Facts one={one} />
      {one.answer ? (
        <p className="notice">
          {t("right.answered", { answer: t(`right.answer.${one.answer}`), at: f.full(one.answered_at ?? one.received_at, "minute") })}
          {one.document?.reasons && <q dir="auto">{one.document.reasons}</q>}
        </p>
      ) : (
        <button type="button" className="button is-primary" onClick={() => setAnswering(true)}>
          {t("right.give")}
        </button>
      )}
      {isRestricted && (
        <button type="button" className="button" disabled={sending.busy} onClick={() => sending.send("POST", `/api/oversight/requests/${one.id}/lift`, undefined, changed)}>
          {t("right.lift")}
        </button>
      )}
      <Papers one={one} />
      <Found one={one} />
      {one.kind === "who_looked" && <Looks one={one} onChanged={changed} />}
      <Mark access={one.access} />
      {answering && <AnswerDialog one={one} onClose={() => setAnswering(false)} onDone={changed} />}
    </article>
  );
}

function Facts({ one }: { one: WholeRequest }) {
  const { t, f } = useWords();
  const person = one.person;
  return (
    <dl className="oversight-dl">
      <dt>{t("right.field.name")}</dt>
      <dd dir="auto">{person ? (person.name ?? "–") : t("review.erased")}</dd>
      {person?.phone && <dt>{t("right.field.phone")}</dt>}
      {person?.phone && <dd className="num">{person.phone}</dd>}
      {person?.reach && <dt>{t("right.field.reach")}</dt>}
      {person?.reach && <dd dir="auto">{person.reach}</dd>}
      {person?.text && <dt>{t("right.field.text")}</dt>}
      {person?.text && (
        <dd>
          <q dir="auto">{person.text}</q>
        </dd>
      )}
      <dt>{t("right.identity")}</dt>
      <dd>{t(`right.document.${one.identity_document}`)}</dd>
      <dt>{t("right.received")}</dt>
      <dd className="num">
        {f.full(one.received_at, "minute")}
        {!one.answer && <span className={one.is_overdue ? "wrong" : "quiet"}> · {one.is_overdue && `${t("review.overdue")} `}{t("review.due", { day: f.full(dueDay(one.due_at), "day") })}</span>}
      </dd>
    </dl>
  );
}

/** The letter, in each language; until it is answered it is what would be said now. */
function Papers({ one }: { one: WholeRequest }) {
  const { t } = useWords();
  return (
    <p>
      {one.answer ? t("right.paper") : t("right.paper_draft")}{" "}
      {LANGUAGES.map(({ tag, name }) => (
        <a key={tag} href={`/api/oversight/requests/${one.id}/answer.pdf?language=${tag}`} target="_blank" rel="noreferrer" lang={tag} className="oversight-paper">
          {name}
          {tag === one.language && " ✓"}
        </a>
      ))}
    </p>
  );
}

function Found({ one }: { one: WholeRequest }) {
  const { t, f } = useWords();
  const names = useNames();
  if (one.records.length === 0) return <p className="notice is-warning">{t("right.found_nothing")}</p>;
  return (
    <>
      <h3>{t("right.found")}</h3>
      <ul>
        {one.records.map((record) => (
          <li key={record.sealed_id}>
            <span className="num">{t("right.in_incident", { number: record.incident })}</span>, {partyWord(t, record.role)}, {names.territory(record.territory_id) ?? "?"}, {f.full(record.received_at, "day")}
            {record.restricted && <b> · {t(one.kind === "restriction" && !record.restricted_by_this ? "right.restricted_by_other" : "right.restricted")}</b>}
            {record.erased && <b> · {t("right.erased")}</b>}
          </li>
        ))}
      </ul>
    </>
  );
}

function Looks({ one, onChanged }: { one: WholeRequest; onChanged: () => void }) {
  const { t, f } = useWords();
  const [picked, setPicked] = useState<number[]>([]);
  const [asking, setAsking] = useState(false);
  const toggle = (id: number) => setPicked((held) => (held.includes(id) ? held.filter((one) => one !== id) : [...held, id]));
  if (one.looks.length === 0) return <p>{t("right.no_looks")}</p>;
  return (
    <>
      <h3>{t("right.looks", { n: one.looks.length })}</h3>
      <p className="quiet small">{t("right.looks_note")}</p>
      {!one.has_every_look && <p className="notice is-warning">{t("right.not_every_look")}</p>}
      {one.document === null && <p className="notice is-warning">{t(one.records.some((record) => record.incident !== one.records[0]?.incident) ? "right.too_many" : "right.too_many_of_one")}</p>}
      <div className="table-wrap" tabIndex={0} role="region" aria-label={t("right.looks", { n: one.looks.length })}>
        <table className="table">
          <thead>
            <tr>
              <th scope="col">{t("right.pick")}</th>
              <th scope="col">{t("review.when")}</th>
              <th scope="col">{t("right.office")}</th>
              <th scope="col">{t("review.what")}</th>
              <th scope="col">{t("right.why")}</th>
            </tr>
          </thead>
          <tbody>
            {one.looks.map((look) => (
              <tr key={`${look.entry_id} ${look.incident}`}>
                <td>
                  {look.delayed ? (
                    <b title={t(`right.ground.${look.delayed.ground}`)}>{t("right.delayed_until", { day: f.full(look.delayed.ends_at, "day") })}</b>
                  ) : (
                    <input type="checkbox" checked={picked.includes(look.entry_id)} aria-label={t("right.pick_one", { at: f.full(look.at, "minute") })} onChange={() => toggle(look.entry_id)} />
                  )}
                </td>
                <td className="num">{f.full(look.at, "minute")}</td>
                <td>
                  <Offices look={look} />
                </td>
                <td>{t(`right.what.${look.what}`)}</td>
                <td>
                  {t(`right.why.${look.why}`)}, <span className="num">{look.incident}</span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <button type="button" className="button" disabled={picked.length === 0} onClick={() => setAsking(true)}>
        {t("right.delay", { n: picked.length })}
      </button>
      {asking && <DelayDialog entries={picked} onClose={() => setAsking(false)} onDone={() => (setAsking(false), setPicked([]), onChanged())} />}
    </>
  );
}

function Offices({ look }: { look: ToldLook }) {
  const { t } = useWords();
  const names = useNames();
  const words = look.offices.map((office) => {
    if (office.role === null) return t("right.office_centre");
    const role = wordOf(t, "role", office.role);
    const place = office.territory_id === null ? undefined : names.territory(office.territory_id);
    return place ? `${role} (${place})` : role;
  });
  return <>{words.join(", ")}</>;
}
