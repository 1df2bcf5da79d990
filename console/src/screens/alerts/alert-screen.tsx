/** One alert whole: as people read it, what is known of its sender, what happened to it, and what may be done now. */
import { useState } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { may } from "../../api/permissions";
import { useSession, useWords } from "../../context";
import { en } from "../../i18n/en";
import type { Key } from "../../i18n/messages";
import { useEventName } from "../../ui/event-name";
import { Problem } from "../../ui/problem";
import { useCommand } from "../../ui/use-command";
import { useRead } from "../../ui/use-read";
import { CommandForm } from "../incident/command-form";
import { SeverityMark, SignatureWords, StatusLabel } from "./parts";
import { RETURN_REASONS, type InfoView, type WholeAlert } from "./types";

export function AlertScreen() {
  const { id } = useParams();
  const { t, f } = useWords();
  const whole = useRead<WholeAlert>(`/api/alerts/${id}`);
  const data = whole.data;
  if (!data) {
    return (
      <div className="page">
        <Link to="/alerts">{t("alert.back")}</Link>
        {whole.error !== null ? <Problem error={whole.error} onRetry={whole.reload} /> : <p className="quiet pad">{t("app.loading")}</p>}
      </div>
    );
  }
  const { alert, message } = data;
  return (
    <div className="page alerts">
      <header className="page-head">
        <Link to="/alerts">{t("alert.back")}</Link>
        <h1>{t(`alert.type.${alert.msg_type}`)}</h1>
        <SeverityMark severity={alert.severity} />
        <StatusLabel status={alert.status} />
        <b>{t(alert.state === "received" ? "alert.foreign" : `alert.state.${alert.state}`)}</b>
        {alert.signature && <SignatureWords state={alert.signature} />}
        {alert.expires && <span className="num">{t("alert.until", { time: f.full(alert.expires) })}</span>}
      </header>
      {alert.ended_by && (
        <p className="notice is-warning">
          <Link to={`/alerts/${alert.ended_by}`}>{t("alert.ended")}</Link>
        </p>
      )}
      {alert.return_reason && <p className="notice is-warning">{t("alert.returned", { reason: t(`alert.reason.${alert.return_reason}`) })}</p>}
      <Problems whole={data} />
      <Actions whole={data} onDone={whole.reload} />
      <h2>{t("alert.as_read")}</h2>
      {message.infos.length === 0 && <p className="empty">{t("alert.no_text")}</p>}
      <div className="alert-infos">
        {message.infos.map((info, index) => (
          <InfoCard key={index} info={info} />
        ))}
      </div>
      <Facts whole={data} />
    </div>
  );
}

function Problems({ whole }: { whole: WholeAlert }) {
  const { t } = useWords();
  if (whole.problems.length === 0) return null;
  return (
    <section className="notice is-warning">
      <h2>{t("alert.must_fix")}</h2>
      <ul>
        {whole.problems.map(({ code, field }) => (
          <li key={code + field}>
            {languageIn(field) && <b>{languageIn(field)}: </b>}
            {`alert.problem.${code}` in en ? t(`alert.problem.${code}` as Key) : code}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** `texts.ru.headline` is about Russian. */
function languageIn(field: string): string | null {
  return /^texts\.([\w-]+)\./.exec(field)?.[1] ?? null;
}

function InfoCard({ info }: { info: InfoView }) {
  const { t } = useWords();
  return (
    <article className="alert-info" lang={info.language} dir="auto">
      <p className="quiet small" lang="en">
        {info.language}
      </p>
      <h3>{info.headline || info.event}</h3>
      <p className="quiet">{info.event}</p>
      {info.description && <p className="alert-text">{info.description}</p>}
      {info.instruction && <p className="alert-text is-strong">{info.instruction}</p>}
      <p lang={undefined}>
        <span className="quiet">{t("alert.where")}: </span>
        {info.areas.map((area) => area.description).join("; ")}
        {info.areas.some((area) => area.polygons > 0 || area.circles.length > 0) && <span className="quiet"> ({t("alert.drawn")})</span>}
      </p>
      <p className="quiet small">
        {t("alert.urgency")}: {t(`alert.urgency.${info.urgency}`)} · {t("alert.certainty")}: {t(`alert.certainty.${info.certainty}`)}
        {info.response_types.length > 0 && ` · ${t("alert.response")}: ${info.response_types.map((one) => t(`alert.response.${one}`)).join(", ")}`}
      </p>
    </article>
  );
}

function Facts({ whole }: { whole: WholeAlert }) {
  const { t, f } = useWords();
  const eventName = useEventName();
  const { alert, message } = whole;
  const people = alert.authors.filter((name) => name !== null).join(", ");
  return (
    <>
      <dl className="alert-dl">
        <dt>{t("alert.sender")}</dt>
        <dd>
          <bdi>{message.sender}</bdi> ({t(alert.state === "received" ? "alert.foreign" : "alert.own")})
        </dd>
        {alert.signature && <dt>{t("alert.signature")}</dt>}
        {alert.signature && (
          <dd>
            <SignatureWords state={alert.signature} /> <bdi className="quiet">{alert.certificate}</bdi>
          </dd>
        )}
        {alert.sent && <dt>{t("alert.sent")}</dt>}
        {alert.sent && <dd className="num">{f.full(alert.sent)}</dd>}
        {people && <dt>{t("alert.authors")}</dt>}
        {people && <dd dir="auto">{people}</dd>}
        {alert.approved_by && <dt>{t("alert.approved_by")}</dt>}
        {alert.approved_by && <dd dir="auto">{alert.approved_by}</dd>}
        {message.references && <dt>{t("alert.references")}</dt>}
        {message.references && <dd dir="auto" className="alert-references">{message.references}</dd>}
      </dl>
      {alert.sent && (
        <p>
          <a href={`/api/alerts/${alert.id}/cap`} download>
            {t("alert.download")}
          </a>
        </p>
      )}
      <h2>{t("alert.history")}</h2>
      <ol className="alert-history">
        {whole.history.map((entry, index) => (
          <li key={index}>
            <time className="num" dateTime={entry.at}>
              {f.full(entry.at)}
            </time>{" "}
            {eventName(entry.type)} <bdi>{entry.by}</bdi>
          </li>
        ))}
      </ol>
    </>
  );
}

type Ask = "approve" | "return" | "withdraw" | null;

function Actions({ whole, onDone }: { whole: WholeAlert; onDone: () => void }) {
  const { me } = useSession();
  const { t } = useWords();
  const navigate = useNavigate();
  const sending = useCommand();
  const [ask, setAsk] = useState<Ask>(null);
  const { alert } = whole;
  const mayDraft = may(me, "alert_draft");
  const mayApprove = may(me, "alert_approve");
  const isWorking = alert.state === "draft" || alert.state === "submitted";
  const stands = alert.state === "issued" && !alert.ended_by && alert.msg_type !== "Cancel";
  const act = (name: string, body: object = {}) => sending.send("POST", `/api/alerts/${alert.id}/${name}`, { version: alert.version, ...body }, onDone);
  const follow = (msg_type: "Update" | "Cancel") =>
    sending.send<{ id: string }>("POST", `/api/alerts/${alert.id}/follow-ups`, { version: alert.version, msg_type }, ({ id }) => void navigate(`/alerts/${id}/edit`));
  return (
    <>
      {sending.error !== null && <Problem error={sending.error} onReload={() => (sending.clear(), onDone())} onRetry={sending.retry} />}
      {alert.state === "submitted" && mayApprove && whole.written_by_you && <p className="notice">{t("alert.you_wrote")}</p>}
      <div className="alert-actions">
        {alert.state === "submitted" && mayApprove && (
          <button type="button" className="button is-primary" disabled={whole.written_by_you || sending.busy} onClick={() => setAsk("approve")}>
            {t("alert.act.approve")}
          </button>
        )}
        {alert.state === "draft" && mayDraft && (
          <button type="button" className="button is-primary" disabled={whole.problems.length > 0 || sending.busy} onClick={() => act("submit")}>
            {t("alert.act.submit")}
          </button>
        )}
        {isWorking && mayDraft && <Link className="button" to={`/alerts/${alert.id}/edit`}>{t("alert.act.edit")}</Link>}
        {alert.state === "submitted" && mayApprove && <button type="button" className="button" onClick={() => setAsk("return")}>{t("alert.act.return")}</button>}
        {isWorking && mayDraft && <button type="button" className="button" onClick={() => setAsk("withdraw")}>{t("alert.act.withdraw")}</button>}
        {stands && mayDraft && <button type="button" className="button" disabled={sending.busy} onClick={() => follow("Update")}>{t("alert.act.update")}</button>}
        {stands && mayDraft && <button type="button" className="button" disabled={sending.busy} onClick={() => follow("Cancel")}>{t("alert.act.cancel")}</button>}
      </div>
      {ask && <AskDialog ask={ask} whole={whole} onDone={onDone} onClose={() => setAsk(null)} />}
    </>
  );
}

function AskDialog({ ask, whole, onDone, onClose }: { ask: Exclude<Ask, null>; whole: WholeAlert; onDone: () => void; onClose: () => void }) {
  const { t } = useWords();
  const sending = useCommand();
  const [reason, setReason] = useState("");
  const { alert } = whole;
  const done = () => (onClose(), onDone());
  const body = { version: alert.version, ...(ask === "return" ? { reason } : {}) };
  return (
    <CommandForm
      title={t(`alert.act.${ask}`)} submit={t(`alert.act.${ask}`)} sending={sending} canSubmit={ask !== "return" || reason !== ""}
      onReload={done} onClose={onClose} onSubmit={() => sending.send("POST", `/api/alerts/${alert.id}/${ask}`, body, done)}
    >
      <p>
        <StatusLabel status={alert.status} /> <SeverityMark severity={alert.severity} />
      </p>
      {whole.message.infos.map((info, index) => (
        <p key={index} dir="auto" lang={info.language}>
          {info.headline}
        </p>
      ))}
      {ask === "approve" && <p className="notice is-warning">{t("alert.approve_sure")}</p>}
      {ask === "return" && (
        <fieldset className="field choices">
          <legend>{t("alert.why_return")}</legend>
          {RETURN_REASONS.map((code) => (
            <label key={code} className="check">
              <input type="radio" name="reason" value={code} checked={reason === code} onChange={() => setReason(code)} />
              {t(`alert.reason.${code}`)}
            </label>
          ))}
        </fieldset>
      )}
    </CommandForm>
  );
}
