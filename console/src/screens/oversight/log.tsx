/** Log and witnesses: how far the log has come, whether somebody outside holds its checkpoints, and what to tell them. */
import { useWords } from "../../context";
import { Problem } from "../../ui/problem";
import { useRead } from "../../ui/use-read";
import type { LogStatus } from "./governing-types";

export function LogTab() {
  const { t } = useWords();
  const read = useRead<LogStatus>("/api/log/status");
  return (
    <>
      <div className="page-head">
        <h2>{t("log.title")}</h2>
        <button type="button" className="button" onClick={read.reload}>
          {t("log.again")}
        </button>
      </div>
      {read.error !== null && <Problem error={read.error} onReload={read.reload} />}
      {read.data && <State one={read.data} />}
    </>
  );
}

function State({ one }: { one: LogStatus }) {
  const { t, f } = useWords();
  return (
    <>
      <p className={`notice ${one.unwitnessed ? "is-warning" : ""}`} role="status">
        <strong>{one.unwitnessed ? t("log.unwitnessed") : t("log.witnessed")}</strong> {one.unwitnessed ? t("log.unwitnessed_note") : t("log.witnessed_note")}
      </p>
      <dl className="oversight-dl">
        <dt>{t("log.entries")}</dt>
        <dd className="num">{f.number(one.entries)}</dd>
        <dt>{t("log.checkpoint")}</dt>
        <dd className="num">{one.checkpoint ? t("log.checkpoint_is", { size: f.number(one.checkpoint.size), at: f.full(one.checkpoint.at) }) : t("log.no_checkpoint")}</dd>
        <dt>{t("log.key")}</dt>
        <dd>{one.vkey ? <code>{one.vkey}</code> : t("log.no_key")}</dd>
      </dl>
      <p className="quiet small definition">{t("log.key_note")}</p>
      <h2>{t("log.witnesses")}</h2>
      {one.witnesses.length === 0 ? (
        <p className="empty">{t("log.no_witness")}</p>
      ) : (
        <div className="table-wrap" tabIndex={0} role="region" aria-label={t("log.witnesses")}>
          <table className="table">
            <thead>
              <tr>
                <th scope="col">{t("log.witness")}</th>
                <th scope="col">{t("log.seen")}</th>
                <th scope="col" className="num">{t("log.leaves")}</th>
                <th scope="col">{t("log.state")}</th>
              </tr>
            </thead>
            <tbody>
              {one.witnesses.map((witness) => (
                <tr key={witness.name}>
                  <th scope="row">{witness.name}</th>
                  <td className="num">{witness.last_seen_at ? f.full(witness.last_seen_at, "minute") : t("log.never")}</td>
                  <td className="num">{witness.last_size === null ? "–" : f.number(witness.last_size)}</td>
                  <td className={witness.is_silent ? "wrong" : ""}>{witness.is_silent ? t("log.silent") : t("log.watching")}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <p className="quiet small definition">{t("log.how", { command: "markaz log witness add KEY" })}</p>
    </>
  );
}
