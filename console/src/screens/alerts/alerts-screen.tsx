/** Public alerts: what waits for somebody, what holds now, what is over. Asked again every 15 s while it is looked at. */
import { useEffect } from "react";
import { Link } from "react-router";
import { may } from "../../api/permissions";
import { useSession, useWords } from "../../context";
import { Problem } from "../../ui/problem";
import { useRead } from "../../ui/use-read";
import { SeverityMark, SignatureWords, StatusLabel, wordsOf } from "./parts";
import type { AlertItem, AlertLists } from "./types";

const ASK_EVERY_MS = 15_000;

export function AlertsScreen() {
  const { me } = useSession();
  const { t, f } = useWords();
  const lists = useRead<AlertLists>("/api/alerts");
  const { reload } = lists;
  useEffect(() => {
    const ask = () => document.visibilityState === "visible" && reload();
    const timer = setInterval(ask, ASK_EVERY_MS);
    document.addEventListener("visibilitychange", ask);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", ask);
    };
  }, [reload]);
  const data = lists.data;
  return (
    <div className="page alerts">
      <header className="page-head">
        <h1>{t("alert.title")}</h1>
        {may(me, "alert_draft") && (
          <Link className="button is-primary" to="/alerts/new">
            {t("alert.new")}
          </Link>
        )}
        {data && <span className="quiet num">{t("alert.as_of", { time: f.clock(data.now) })}</span>}
      </header>
      {lists.error !== null && <Problem error={lists.error} onRetry={reload} />}
      {!data && lists.loading && <p className="quiet pad">{t("app.loading")}</p>}
      {data?.is_cut && <p className="notice is-warning">{t("alert.cut")}</p>}
      {data && data.drafts.length > 0 && <Section title={t("alert.drafts")} items={data.drafts} now={data.now} />}
      {data && <Section title={t("alert.current")} items={data.current} now={data.now} none={t("alert.none")} />}
      {data && data.past.length > 0 && <Section title={t("alert.past")} items={data.past} now={data.now} />}
    </div>
  );
}

function Section({ title, items, now, none }: { title: string; items: AlertItem[]; now: string; none?: string }) {
  return (
    <section>
      <h2>
        {title} <span className="count">{items.length}</span>
      </h2>
      {items.length === 0 && <p className="empty">{none}</p>}
      <ul className="alert-list">
        {items.map((alert) => (
          <li key={alert.id}>
            <AlertRow alert={alert} now={now} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function AlertRow({ alert, now }: { alert: AlertItem; now: string }) {
  const { t, f, language } = useWords();
  const words = wordsOf(alert, language);
  const now_ms = Date.parse(now);
  const isWorking = alert.state === "draft" || alert.state === "submitted";
  return (
    <Link className="alert-row" to={`/alerts/${alert.id}`}>
      <span className="alert-signs">
        <SeverityMark severity={alert.severity} />
        <StatusLabel status={alert.status} />
        {alert.msg_type !== "Alert" && <span className="alert-type">{t(`alert.type.${alert.msg_type}`)}</span>}
        {isWorking && <b>{t(`alert.state.${alert.state}`)}</b>}
        {isWorking && alert.return_reason && <span className="wrong">{t("alert.returned", { reason: t(`alert.reason.${alert.return_reason}`) })}</span>}
      </span>
      <strong className="alert-headline" dir="auto" lang={words?.tag}>
        {words?.headline || words?.event || t("alert.no_text")}
      </strong>
      <span className="quiet" dir="auto" lang={words?.tag}>
        {words?.areas.join("; ")}
      </span>
      <span className="alert-facts num">
        {alert.sent && <span>{t("alert.from", { time: f.dayClock(alert.effective ?? alert.sent, now_ms) })}</span>}
        {alert.expires && <span>{t("alert.until", { time: f.dayClock(alert.expires, now_ms) })}</span>}
        <bdi>{alert.sender}</bdi>
        {alert.signature && <SignatureWords state={alert.signature} />}
      </span>
    </Link>
  );
}
