/** Retention: when each class of person data ends, on which ground, and the certificates of what ended. */
import { useWords } from "../../context";
import { Problem } from "../../ui/problem";
import { useRead } from "../../ui/use-read";
import { endsText } from "./ends";
import type { Certificate, RetentionClass, Schedule } from "./governing-types";

export function RetentionTab() {
  const { t, f } = useWords();
  const schedule = useRead<Schedule>("/api/oversight/retention");
  const certificates = useRead<{ items: Certificate[] }>("/api/oversight/certificates");
  return (
    <>
      <h2>{t("retention.title")}</h2>
      {schedule.error !== null && <Problem error={schedule.error} onReload={schedule.reload} />}
      {schedule.data && (
        <>
          <p className="quiet small definition">
            {t("retention.note", { version: schedule.data.version, days: f.number(schedule.data.backup_keys_days), held: f.number(schedule.data.incidents_held) })}
          </p>
          <Classes classes={schedule.data.classes} />
        </>
      )}
      <h2>{t("retention.certificates")}</h2>
      <p className="quiet small definition">{t("retention.certificates_note")}</p>
      {certificates.error !== null && <Problem error={certificates.error} onReload={certificates.reload} />}
      {certificates.data && <Certificates items={certificates.data.items} classes={schedule.data?.classes ?? []} />}
    </>
  );
}

function Classes({ classes }: { classes: RetentionClass[] }) {
  const { t, f, name } = useWords();
  return (
    <div className="table-wrap" tabIndex={0} role="region" aria-label={t("retention.title")}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{t("retention.class")}</th>
            <th scope="col">{t("retention.ends")}</th>
            <th scope="col">{t("retention.ground")}</th>
            <th scope="col">{t("retention.review")}</th>
            <th scope="col" className="num">{t("retention.ended")}</th>
          </tr>
        </thead>
        <tbody>
          {classes.map((one) => (
            <tr key={one.id}>
              <th scope="row">
                {name(one.names, one.id)}
                <p className="quiet small">{name(one.purpose, "")}</p>
              </th>
              <td>
                {endsText(one, t, f)}
                {one.fixed && <p className="quiet small">{t("retention.fixed")}</p>}
              </td>
              <td>{one.legal_ground ?? <span className="wrong">{t("register.not_stated")}</span>}</td>
              <td className="num">
                {one.review_on ? f.full(one.review_on, "day") : <span className="wrong">{t("register.not_stated")}</span>}
                {one.review_overdue && <p className="wrong small">{t("retention.overdue")}</p>}
              </td>
              <td className="num">
                {f.number(one.ended)}
                {one.last_at && <p className="quiet small">{f.full(one.last_at, "minute")}</p>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Certificates({ items, classes }: { items: Certificate[]; classes: RetentionClass[] }) {
  const { t, f, name } = useWords();
  if (items.length === 0) return <p className="empty">{t("retention.no_certificates")}</p>;
  const named = new Map(classes.map((one) => [one.id, name(one.names, one.id)]));
  return (
    <div className="table-wrap" tabIndex={0} role="region" aria-label={t("retention.certificates")}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{t("retention.made")}</th>
            <th scope="col">{t("retention.class")}</th>
            <th scope="col" className="num">{t("retention.records")}</th>
            <th scope="col">{t("retention.over")}</th>
            <th scope="col" className="num">{t("retention.leaf")}</th>
          </tr>
        </thead>
        <tbody>
          {items.map((one) => (
            <tr key={one.id}>
              <th scope="row" className="num">{f.full(one.made_at, "minute")}</th>
              <td>{named.get(one.class) ?? one.class}</td>
              <td className="num">{f.number(one.records)}</td>
              <td className="num">{one.ended_from && one.ended_to ? `${f.full(one.ended_from, "day")} – ${f.full(one.ended_to, "day")}` : "–"}</td>
              <td className="num">{one.leaf === null ? "–" : f.number(one.leaf)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
