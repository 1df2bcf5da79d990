/** The audit pack: one button, one signed file for a period, and how to check it without this centre. */
import { useState } from "react";
import { useWords } from "../../context";
import { session } from "../../session";
import { DayInput } from "../../ui/day-input";

const DAY_MS = 86_400_000;
const LONGEST_DAYS = 31;

export function PackTab() {
  const { t } = useWords();
  const now = session.store.time.now_ms();
  const [from, setFrom] = useState(dayOf(now - 7 * DAY_MS));
  const [to, setTo] = useState(dayOf(now));
  // The last day is in the pack; today ends now, because nothing later has happened yet.
  const end = to === dayOf(now) ? new Date(now).toISOString() : new Date(startOf(to) + DAY_MS).toISOString();
  const days = from && to ? (startOf(to) - startOf(from)) / DAY_MS + 1 : 0;
  const isRight = days >= 1 && days <= LONGEST_DAYS && to <= dayOf(now);
  const address = isRight ? `/api/oversight/packs?since=${encodeURIComponent(new Date(startOf(from)).toISOString())}&until=${encodeURIComponent(end)}` : undefined;
  return (
    <section className="oversight-case">
      <h2>{t("pack.title")}</h2>
      <p>{t("pack.what")}</p>
      <div className="filters">
        <label>
          <span>{t("pack.from")}</span>
          <DayInput label={t("pack.from")} value={from} max={dayOf(now)} onChange={setFrom} />
        </label>
        <label>
          <span>{t("pack.to")}</span>
          <DayInput label={t("pack.to")} value={to} max={dayOf(now)} onChange={setTo} />
        </label>
        {address ? (
          <a className="button is-primary" href={address} download>
            {t("pack.make")}
          </a>
        ) : (
          <button type="button" className="button is-primary" disabled>
            {t("pack.make")}
          </button>
        )}
      </div>
      {!isRight && (
        <p className="wrong" role="status">
          {t("pack.period", { days: LONGEST_DAYS })}
        </p>
      )}
      <p className="notice">{t("pack.logged")}</p>
      <h3>{t("pack.verify")}</h3>
      <p>{t("pack.verify_how")}</p>
      <pre className="pack-commands">
        <code>{"unzip audit-….zip -d pack\npython3 witness.py verify pack --key 'markaz.log/…'"}</code>
      </pre>
      <p>
        <a href="/api/log/witness.py" download>
          {t("pack.witness", { file: "witness.py" })}
        </a>
      </p>
      <p className="quiet small definition">{t("pack.names")}</p>
    </section>
  );
}

/** Days are those of UTC, as the log counts them. */
export function dayOf(at_ms: number): string {
  return new Date(at_ms).toISOString().slice(0, 10);
}

export function startOf(day: string): number {
  return Date.parse(`${day}T00:00:00Z`);
}
